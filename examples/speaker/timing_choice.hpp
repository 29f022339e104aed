// SPDX-License-Identifier: BSL-1.0

// The timing of leases that --profile, --lease-duration, --renew-period and --attempt-timeout add up to. Each value
// stands for itself when it is given; else it is derived from the lease duration if that is given, else the profile's.
// Only a sum that is sound gets through: the sentence that refuses another shows the whole calculation.
#pragma once

#include "isat/election/lease_timing.hpp"
#include "setting.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace speakerd {

enum class timing_profile : std::uint8_t {
  standard = 1,  ///< `default`
  fast = 2,
  lean = 3,
};

std::string_view to_string(timing_profile profile) noexcept;

/// The timing that a profile stands for.
isat::election::lease_timing timing_of(timing_profile profile) noexcept;

/// What was said about timing, each value with its place; what a later layer says replaces what an earlier one said.
class timing_choice {
 public:
  /// Takes over what `layer` says, and checks each value by itself.
  /// @throws failure with the exit code of a wrong value's origin
  void add(const settings& layer);

  timing_profile profile() const noexcept { return profile_ ? profile_->value : timing_profile::standard; }

  /// The sum.
  /// @throws failure when it is not sound: at the first value of the file that it is made of, else with
  /// exit_code::usage
  isat::election::lease_timing timing() const;

 private:
  template <class Value>
  struct given {
    Value value;
    origin from;
  };
  using given_duration = std::optional<given<std::chrono::nanoseconds>>;

  std::optional<given<timing_profile>> profile_;
  given_duration lease_duration_;
  given_duration renew_period_;
  given_duration attempt_timeout_;

  const origin* origin_in_file() const noexcept;
  [[noreturn]] void refuse(const isat::election::lease_timing& unsound) const;
};

}  // namespace speakerd
