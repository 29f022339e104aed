// SPDX-License-Identifier: BSL-1.0

#include "judge.hpp"
#include "local_clock.hpp"
#include "rival.hpp"

namespace simulator {

using isat::election::lease_claim;
using isat::election::lease_mode;
using isat::election::node_id;

using namespace std::chrono_literals;

void rival::start(const rival_timing& timing, pace speed, std::int64_t clock_rate) {
  if (is_up()) return;
  timing_ = timing;
  speed_ = speed;
  clock_rate_ = clock_rate;
  identity_ = time_.random.next() | 1;
  observed_ = {};
  leads_ = false;
  next(step::poll, time_.random.between(1ms, 2s));
}

void rival::crash() {
  step_ = step::down;
  leads_ = false;
  ++steps_;
}

void rival::stop() {
  if (!is_up()) return;
  if (!leads_) return crash();
  leads_ = false;
  next(step::release, net_.delay(speed_));
}

void rival::next(step what, duration after) {
  step_ = what;
  time_.queue.push(time_.now + after, event_kind::rival, number_, ++steps_);
}

duration rival::counted(instant from) const noexcept {
  return duration{((time_.now - from).count() * clock_rate_) >> 20};
}

void rival::go_on(std::uint32_t subject) {
  if (subject != steps_) return;
  switch (step_) {
    case step::down:
      break;
    case step::poll:
      poll();
      break;
    case step::read:  // reaches the store
      read_ = record_.now();
      next(step::decide, net_.is_away() ? 10s : net_.delay(speed_));
      break;
    case step::decide:
      decide();
      break;
    case step::write:
      write();
      break;
    case step::written:
      written();
      break;
    case step::release:
      release();
      break;
  }
}

void rival::poll() {
  if (leads_ && counted(confirmed_at_) > timing_.deadline + timing_.retry) leads_ = false;
  if (net_.is_away()) return next(step::poll, timing_.retry);
  next(step::read, net_.delay(speed_));
}

// Two records are the same if they look the same in whole seconds.
void rival::observe(const stored& seen) {
  const lease_claim was = lease_of(observed_.sight.claim);
  const lease_claim is = lease_of(seen.sight.claim);
  const bool same = observed_.face == seen.face && was.node == is.node && was.term == is.term &&
                    (was.mode == lease_mode::released || was.mode == lease_mode::vacant) ==
                        (is.mode == lease_mode::released || is.mode == lease_mode::vacant);
  if (same) return;
  observed_ = seen;
  observed_at_ = time_.now;
}

bool rival::is_observed_valid() const noexcept {
  return counted(observed_at_) < std::chrono::seconds{observed_.face.lasting};
}

void rival::decide() {
  desired_ = {};
  lease_claim claim{lease_mode::held, node_id{identity_}, 0, 0, 0, 1, timing_.lease};
  desired_.face = {std::chrono::duration_cast<std::chrono::seconds>(time_.now).count(), timing_.lease / 1s};
  by_expiry_ = false;
  if (read_.sight.exists) {
    observe(read_);
    const lease_claim read = lease_of(read_.sight.claim);
    const lease_mode mode = read.mode;
    const bool empty = mode == lease_mode::released || mode == lease_mode::vacant || mode == lease_mode::none;
    const bool own = read.node == node_id{identity_};
    if (!empty && !own && is_observed_valid()) {
      leads_ = false;
      return next(step::poll, timing_.retry + time_.random.between(0ns, timing_.retry * 12 / 10));
    }
    claim.term = read.term + (own ? 0 : 1);
    by_expiry_ = !empty && !own;
  }
  desired_.sight.claim = claim;
  next(step::write, net_.delay(speed_));
}

void rival::write() {
  const stored before = record_.now();
  took_effect_ = !net_.is_away() && record_.swap(time_.now, read_.sight.at, desired_.sight.claim, desired_.face, false);
  if (took_effect_) {
    time_.trace.note({time_.now,
                      trace_kind::rival,
                      number_,
                      by_expiry_,
                      record_.now().sight.at,
                      lease_of(desired_.sight.claim),
                      {}});
    if (by_expiry_ && judge_ != nullptr) judge_->on_rival_takeover(before);
    net_.tell_watches(0);
  }
  next(step::written, net_.delay(speed_));
}

void rival::written() {
  if (took_effect_) {
    if (!leads_) led_since_ = time_.now;
    leads_ = true;
    observed_ = desired_;
    observed_at_ = confirmed_at_ = time_.now;
  }
  next(step::poll, leads_ ? timing_.retry : timing_.retry + time_.random.between(0ns, timing_.retry * 12 / 10));
}

// Reads and writes over what it read, whoever holds it by now: its memory says that it leads.
void rival::release() {
  if (!net_.is_away()) {
    lease_claim claim = lease_of(record_.now().sight.claim);
    claim.mode = lease_mode::vacant;
    claim.node = {};
    claim.writer = 0;
    claim.duration = 1s;
    const std::int64_t second = std::chrono::duration_cast<std::chrono::seconds>(time_.now).count();
    if (record_.swap(time_.now, record_.now().sight.at, claim, {second, 1}, false)) {
      time_.trace.note({time_.now, trace_kind::rival, number_, {}, record_.now().sight.at, claim, {}});
      net_.tell_watches(0);
    }
  }
  crash();
}

}  // namespace simulator
