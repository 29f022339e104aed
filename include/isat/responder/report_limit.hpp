// SPDX-License-Identifier: BSL-1.0

// Folds a stream of like reports, so that what peers send can never fill a log: one passes per period, the others are
// counted and told with the next one that passes. A value with two members; the caller brings `now`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace isat::inline v0::responder {

/// Lets one report pass per `period`.
class report_limit {
 public:
  explicit constexpr report_limit(std::chrono::nanoseconds period = std::chrono::seconds{10}) noexcept
      : period_{period} {}

  /// Says whether the report of something that happened at `now` passes: if so, how many were folded into it.
  /// @param now any monotonic reading, not before the last one
  constexpr std::optional<std::uint64_t> pass(std::chrono::nanoseconds now) noexcept {
    if (last_ && now - *last_ < period_) {
      ++folded_;
      return std::nullopt;
    }
    last_ = now;
    const std::uint64_t folded = folded_;
    folded_ = 0;
    return folded;
  }

 private:
  std::chrono::nanoseconds period_;
  std::optional<std::chrono::nanoseconds> last_;
  std::uint64_t folded_{};
};

}  // namespace isat::inline v0::responder
