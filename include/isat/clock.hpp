// SPDX-License-Identifier: BSL-1.0

// A reading of the lease clock, and what may be asked of two readings. A reading holds two monotonic clocks, because
// neither is safe alone: BOOTTIME counts suspend but is slewed by NTP, MONOTONIC_RAW is never slewed but stops in
// suspend. A holder takes the larger elapsed time of the two, a follower the smaller: each errs on the silent side.
// Core never reads a clock; `lease_clock.hpp` (net) does.
#pragma once

#include <chrono>

namespace isat::inline v0 {

/// One reading of all lease clocks. Readings of one host and boot can be compared, others mean nothing together.
struct lease_time {
  std::chrono::nanoseconds boot{};       ///< CLOCK_BOOTTIME
  std::chrono::nanoseconds raw{};        ///< CLOCK_MONOTONIC_RAW
  std::chrono::nanoseconds suspended{};  ///< CLOCK_BOOTTIME - CLOCK_MONOTONIC: time spent in suspend

  friend constexpr bool operator==(const lease_time&, const lease_time&) noexcept = default;

  /// Later than every reading: a deadline that never comes.
  static constexpr lease_time max() noexcept {
    return {std::chrono::nanoseconds::max(), std::chrono::nanoseconds::max(), std::chrono::nanoseconds::zero()};
  }
};

/// The reading that is `duration` after `from` on every clock, provided the host is not suspended in between. Nothing
/// comes after max(). @pre otherwise the sum is below 292 years
constexpr lease_time operator+(const lease_time& from, std::chrono::nanoseconds duration) noexcept {
  if (from == lease_time::max()) return from;
  return {from.boot + duration, from.raw + duration, from.suspended};
}

/// What a holder counts as elapsed: the larger of BOOTTIME and MONOTONIC_RAW plus the time suspended.
constexpr std::chrono::nanoseconds elapsed_for_holder(const lease_time& from, const lease_time& to) noexcept {
  const auto boot = to.boot - from.boot;
  const auto raw = (to.raw - from.raw) + (to.suspended - from.suspended);
  return boot > raw ? boot : raw;
}

/// What a follower counts as elapsed: the smaller of BOOTTIME and MONOTONIC_RAW.
constexpr std::chrono::nanoseconds elapsed_for_follower(const lease_time& from, const lease_time& to) noexcept {
  const auto boot = to.boot - from.boot;
  const auto raw = to.raw - from.raw;
  return boot < raw ? boot : raw;
}

/// True while a holder may still act on `deadline`: false as soon as either clock has reached it.
constexpr bool before_for_holder(const lease_time& now, const lease_time& deadline) noexcept {
  // Written with sums of `now` and sums of `deadline` apart, so that max() cannot overflow.
  return now.boot < deadline.boot && now.raw + now.suspended < deadline.raw + deadline.suspended;
}

}  // namespace isat::inline v0
