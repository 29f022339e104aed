// SPDX-License-Identifier: BSL-1.0

// How long a lease lasts and how often it is renewed: what an operator may choose, the three profiles, and the one
// condition under which a choice is sound. All candidates of a lease use the same duration; the rest is each one's own.
// It refuses to know when anything was sent: see lease_rules.hpp.
#pragma once

#include <chrono>
#include <cstdint>

namespace isat::inline v0::election {

/// The timing of one candidate.
struct lease_timing {
  std::chrono::nanoseconds duration = std::chrono::seconds{3};                ///< D: how long others wait
  std::chrono::nanoseconds renew_period = std::chrono::milliseconds{750};     ///< from send to send
  std::chrono::nanoseconds attempt_timeout = std::chrono::milliseconds{700};  ///< then the outcome counts as unknown
  std::chrono::nanoseconds margin = std::chrono::milliseconds{20};            ///< taken off every validity
  std::int64_t drift_ppm = 10'000;  ///< epsilon, in millionths: how far two clocks' rates may lie apart

  friend constexpr bool operator==(const lease_timing&, const lease_timing&) noexcept = default;

  /// How long after the send of a write that committed its writer may answer: D(1 - epsilon) - margin.
  constexpr std::chrono::nanoseconds validity() const noexcept { return validity_of(duration); }

  /// Likewise for a lease of another duration.
  constexpr std::chrono::nanoseconds validity_of(std::chrono::nanoseconds lasting) const noexcept {
    return lasting - lasting * drift_ppm / 1'000'000 - margin;
  }

  /// True if a renewal may fail once, and be repeated, before the validity ends; and if all values are in range.
  constexpr bool is_sound() const noexcept {
    constexpr std::chrono::nanoseconds none{0};
    return duration >= duration_min && duration <= duration_max && renew_period > none && attempt_timeout > none &&
           margin >= none && drift_ppm >= 0 && validity() >= needed();
  }

  /// What the validity must cover: one renewal period and two attempts.
  constexpr std::chrono::nanoseconds needed() const noexcept { return renew_period + 2 * attempt_timeout; }

  /// Shorter leases than this leave no room for the margin, longer ones are taken for a mistake in a record.
  static constexpr std::chrono::nanoseconds duration_min = std::chrono::milliseconds{100};
  static constexpr std::chrono::nanoseconds duration_max = std::chrono::hours{1};

  /// A sound timing for leases of `lasting`: renewals and attempts of a quarter each.
  static constexpr lease_timing derived_from(std::chrono::nanoseconds lasting) noexcept {
    lease_timing result;
    result.duration = lasting;
    result.renew_period = lasting / 4;
    result.attempt_timeout = lasting / 4;
    return result;
  }

  /// This timing for leases of `lasting`: period and time-out are kept if they are sound for it, else derived.
  constexpr lease_timing fitted_to(std::chrono::nanoseconds lasting) const noexcept {
    lease_timing result = *this;
    result.duration = lasting;
    if (result.is_sound()) return result;
    result.renew_period = lasting / 4;
    result.attempt_timeout = lasting / 4;
    return result;
  }
};

namespace profiles {

/// For an API server that others use, too.
inline constexpr lease_timing standard{};
/// For a store that answers within milliseconds.
inline constexpr lease_timing fast{std::chrono::milliseconds{1200}, std::chrono::milliseconds{300},
                                   std::chrono::milliseconds{300}};
/// For few requests rather than fast failover.
inline constexpr lease_timing lean{std::chrono::seconds{15}, std::chrono::seconds{5}, std::chrono::seconds{3}};

static_assert(standard.is_sound() && fast.is_sound() && lean.is_sound());

}  // namespace profiles

}  // namespace isat::inline v0::election
