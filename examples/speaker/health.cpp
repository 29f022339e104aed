// SPDX-License-Identifier: BSL-1.0

#include "health.hpp"

#include <boost/system/error_code.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace speakerd {

namespace {

double seconds(health::duration time) { return std::chrono::duration<double>{time}.count(); }

}  // namespace

void health::start() {
  start_at(std::chrono::steady_clock::now());
  beat_later();
}

void health::beat_later() {
  timer_.expires_at(next_beat_);
  timer_.async_wait([this](boost::system::error_code cancelled) {
    if (cancelled) return;
    beat(std::chrono::steady_clock::now());
    beat_later();
  });
}

void health::start_at(time_point now) { next_beat_ = now + period; }

void health::beat(time_point now) {
  lateness_ = std::max<duration>(now - next_beat_, duration::zero());
  next_beat_ = now + period;
  const run_state state = ask_();
  // Timers run in the order of their times: whatever was due before this beat has been done by now.
  const bool is_due = state.election && state.election->is_running && state.election->due_in <= duration::zero();
  if (!is_due) {
    due_since_.reset();
  } else if (!due_since_) {
    due_since_ = now;
  }
}

std::string health::illness_at(time_point now) const {
  const duration silent = now - next_beat_;
  if (silent > late_max) return fmt::format("the event loop has been held up for {:.1f} s", seconds(silent));
  if (lateness_ > late_max) return fmt::format("the event loop was held up for {:.1f} s just now", seconds(lateness_));
  const run_state state = ask_();
  if (state.phase == run_phase::running && state.election && !state.election->is_running) {
    return "the election has ended";
  }
  if (due_since_ && now - *due_since_ > late_max) {
    return fmt::format("the election has not made a step that is due since {:.1f} s", seconds(now - *due_since_));
  }
  return {};
}

std::string health::lack() const {
  std::string illness = this->illness();
  return illness.empty() ? lack_of(ask_()) : illness;
}

std::string lack_of(const run_state& state) {
  switch (state.phase) {
    case run_phase::none:
      return "not started yet";
    case run_phase::waiting:
      return "the store has not answered yet";
    case run_phase::ending:
      return "handing over, about to exit";
    case run_phase::running:
      break;
  }
  if (!state.is_synced) return "the source has not told all its VIPs yet";
  if (state.interfaces == 0) return "no interface to announce on is open yet";
  if (state.election && !state.election->is_running) return "the election does not run";
  if (state.election && !state.election->has_layout) return "the election follows no layout yet";
  return {};
}

}  // namespace speakerd
