// SPDX-License-Identifier: BSL-1.0

// The clocks of one simulated host, as functions of true time: each goes at a rate of its own, from one change of the
// rates to the next. CLOCK_MONOTONIC_RAW keeps within the promise that the election stands on; what is slewed, stepped
// or stopped may do what Linux allows. It refuses to decide when anything changes.
#pragma once

#include "event_queue.hpp"
#include "isat/clock.hpp"

#include <cstdint>

namespace simulator {

class local_clock {
 public:
  /// Rates are in units of 2^-20: a nanosecond of true time is `one` units.
  static constexpr std::int64_t one = std::int64_t{1} << 20;

  local_clock() = default;
  local_clock(std::int64_t raw_rate, duration wall_offset) noexcept : raw_rate_{raw_rate}, start_wall_{wall_offset} {
    base_ = {std::chrono::hours{1}, std::chrono::hours{1}, {}, wall_offset};
    set_rates();
  }

  isat::lease_time at(instant now) const noexcept {
    const duration passed = now - since_;
    return {base_.boot + scaled(passed, boot_), base_.raw + scaled(passed, raw_),
            base_.suspended + scaled(passed, suspended_), base_.wall};
  }

  /// The first instant, not before `now`, at which a holder must not act on `deadline` any more.
  instant ends(instant now, const isat::lease_time& deadline) const noexcept {
    if (!isat::before_for_holder(at(now), deadline)) return now;
    const instant by_boot = reached(deadline.boot - base_.boot, boot_);
    const instant by_raw = reached(deadline.raw + deadline.suspended - base_.raw - base_.suspended, raw_ + suspended_);
    return by_boot < by_raw ? by_boot : by_raw;
  }

  /// How long a timer of this length takes: timers go by CLOCK_MONOTONIC.
  duration lasts(duration timer) const noexcept {
    return duration{timer.count() / slewed_rate_ * one + timer.count() % slewed_rate_ * one / slewed_rate_};
  }

  /// What this host writes into records as the time, for foreigners to see: never stepped once the host is up.
  std::chrono::seconds written_second(instant now) const noexcept {
    const isat::lease_time reading = at(now);
    return std::chrono::duration_cast<std::chrono::seconds>(start_wall_ + reading.raw + reading.suspended);
  }

  void slew(instant now, std::int64_t rate) noexcept {
    rebase(now);
    slewed_rate_ = rate;
    set_rates();
  }

  void step_wall(duration by) noexcept { base_.wall += by; }

  /// A mistake to be noticed: CLOCK_MONOTONIC stands for all clocks.
  void use_steady_clock_only() noexcept {
    steady_only_ = true;
    set_rates();
  }

  /// The host sleeps: CLOCK_BOOTTIME alone goes on.
  void suspend(instant now) noexcept {
    rebase(now);
    boot_ = suspended_ = steady_only_ ? 0 : raw_rate_;
    raw_ = 0;
  }

  /// The virtual machine stands still, and so do all its clocks.
  void freeze(instant now) noexcept {
    rebase(now);
    boot_ = suspended_ = raw_ = 0;
  }

  void go_on(instant now) noexcept {
    rebase(now);
    set_rates();
  }

 private:
  static duration scaled(duration passed, std::int64_t rate) noexcept {
    return duration{(passed.count() * rate) >> 20};  // below 2^63 for runs of less than two hours between changes
  }

  instant reached(duration ahead, std::int64_t rate) const noexcept {
    if (rate == 0) return never;
    return since_ + duration{((ahead.count() << 20) + rate - 1) / rate};
  }

  void rebase(instant now) noexcept {
    base_ = at(now);
    since_ = now;
  }

  void set_rates() noexcept {
    boot_ = slewed_rate_;
    raw_ = steady_only_ ? slewed_rate_ : raw_rate_;
    suspended_ = 0;
  }

  instant since_{};
  isat::lease_time base_;
  std::int64_t raw_rate_ = one;
  std::int64_t slewed_rate_ = one;
  duration start_wall_{};
  std::int64_t boot_ = one;
  std::int64_t raw_ = one;
  std::int64_t suspended_ = 0;
  bool steady_only_ = false;
};

}  // namespace simulator
