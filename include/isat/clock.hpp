// SPDX-License-Identifier: BSL-1.0

// A reading of the lease clock, and what may be asked of two readings. A reading holds two monotonic clocks, because
// neither is safe alone: BOOTTIME counts suspend but is slewed by NTP, MONOTONIC_RAW is never slewed but stops in
// suspend. A holder takes the larger elapsed time of the two, a follower the smaller: each errs on the silent side. The
// wall clock is carried along only to notice a jump of it, which a virtual machine that was resumed shows.
// Core never reads a clock; `lease_clock.hpp` (net) does.
#pragma once

#include <chrono>

namespace isat::inline v0 {

/// One reading of all lease clocks. Readings of one host and boot can be compared, others mean nothing together.
struct lease_time {
  std::chrono::nanoseconds boot{};       ///< CLOCK_BOOTTIME
  std::chrono::nanoseconds raw{};        ///< CLOCK_MONOTONIC_RAW
  std::chrono::nanoseconds suspended{};  ///< CLOCK_BOOTTIME - CLOCK_MONOTONIC: time spent in suspend
  std::chrono::nanoseconds wall{};       ///< CLOCK_REALTIME - CLOCK_BOOTTIME: changes only when a clock is set

  friend constexpr bool operator==(const lease_time&, const lease_time&) noexcept = default;

  /// Later than every reading: a deadline that never comes.
  static constexpr lease_time max() noexcept {
    return {std::chrono::nanoseconds::max(), std::chrono::nanoseconds::max(), {}, {}};
  }
};

/// The reading that is `duration` after `from` on every clock, provided the host is not suspended in between. Nothing
/// comes after max(). @pre otherwise the sum is below 292 years
constexpr lease_time operator+(const lease_time& from, std::chrono::nanoseconds duration) noexcept {
  if (from == lease_time::max()) return from;
  return {from.boot + duration, from.raw + duration, from.suspended, from.wall};
}

/// By how much REALTIME and BOOTTIME may diverge between two readings before nothing that was counted can be trusted.
inline constexpr std::chrono::nanoseconds wall_jump_max = std::chrono::milliseconds{500};

/// True if the wall clock was set, or the host resumed from a freeze, between the two readings.
constexpr bool jumped(const lease_time& from, const lease_time& to) noexcept {
  const auto by = to.wall - from.wall;
  return by > wall_jump_max || by < -wall_jump_max;
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

/// True while a holder may still act on `deadline`: false as soon as either clock has reached it, and after a jump of
/// the wall clock. Nothing but its end by its owner ends max().
constexpr bool before_for_holder(const lease_time& now, const lease_time& deadline) noexcept {
  // Written with sums of `now` and sums of `deadline` apart, so that max() cannot overflow.
  return now.boot < deadline.boot && now.raw + now.suspended < deadline.raw + deadline.suspended &&
         (!jumped(deadline, now) || deadline.boot == std::chrono::nanoseconds::max());
}

/// The deadline that has passed as soon as one of the two has; at once, if the wall clock jumped between them.
constexpr lease_time earlier(const lease_time& one, const lease_time& other) noexcept {
  if (one == lease_time::max()) return other;
  if (other == lease_time::max()) return one;
  if (jumped(one, other)) return {};
  const auto one_raw = one.raw + one.suspended;
  const auto other_raw = other.raw + other.suspended;
  return {one.boot < other.boot ? one.boot : other.boot, one_raw < other_raw ? one_raw : other_raw, {}, one.wall};
}

}  // namespace isat::inline v0
