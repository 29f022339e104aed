// SPDX-License-Identifier: BSL-1.0

// Whether this process works, and whether it is ready to. It works while its one event loop, which receives, answers,
// announces and elects, runs its timers in time, and while the election makes the steps that are due. It is ready when
// nothing that it was told at its start is missing: VIPs, an interface, an election that follows the others; a standby
// is as ready as a leader. It refuses to judge what is outside: an API server that is away makes no process unhealthy.
#pragma once

#include "run_state.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace speakerd {

/// Listens to the beat of an event loop.
class health {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::nanoseconds;

  /// @param ask must stay valid until the executor's context has ended or this is destroyed
  health(const boost::asio::any_io_executor& executor, std::function<run_state()> ask)
      : ask_{std::move(ask)}, timer_{executor} {}
  health(const health&) = delete;
  health& operator=(const health&) = delete;

  /// Beats from now on, four times a second.
  void start();
  void stop() { timer_.cancel(); }

  /// What keeps this process from being called alive, as a sentence; empty: nothing.
  std::string illness() const { return illness_at(std::chrono::steady_clock::now()); }

  /// What keeps it from being ready; empty: nothing. Who is ill is not ready.
  std::string lack() const;

  /// How much too late the last beat was.
  duration lateness() const noexcept { return lateness_; }

  // What the functions above do, at given times.
  void start_at(time_point now);
  void beat(time_point now);
  std::string illness_at(time_point now) const;

  static constexpr std::chrono::milliseconds period{250};
  /// How late a beat or a step may be: a machine that is merely busy is late by less.
  static constexpr std::chrono::seconds late_max{1};

 private:
  void beat_later();

  std::function<run_state()> ask_;
  boost::asio::steady_timer timer_;
  time_point next_beat_;
  duration lateness_{};
  std::optional<time_point> due_since_;  // since when a step of the election is due, as far as beats saw it
};

/// What keeps a run from being ready, of what can be seen from here.
std::string lack_of(const run_state& state);

}  // namespace speakerd
