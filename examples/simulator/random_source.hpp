// SPDX-License-Identifier: BSL-1.0

// The only source of chance in a simulated run: one 64-bit seed reproduces everything, on every platform and with every
// standard library. Hence no distribution of std, and no floating point. It refuses to be copied by accident: two
// copies would tell the same story twice.
#pragma once

#include <chrono>
#include <cstdint>

namespace simulator {

class random_source {
 public:
  explicit random_source(std::uint64_t seed) noexcept : state_{seed} {}
  random_source(const random_source&) = delete;
  random_source& operator=(const random_source&) = delete;

  std::uint64_t next() noexcept {
    std::uint64_t mixed = state_ += 0x9E37'79B9'7F4A'7C15U;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58'476D'1CE4'E5B9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D0'49BB'1331'11EBU;
    return mixed ^ (mixed >> 31);
  }

  /// Below `bound`, at most 2^32.
  std::uint64_t below(std::uint64_t bound) noexcept { return ((next() >> 32) * bound) >> 32; }

  bool chance(unsigned per_mille) noexcept { return below(1000) < per_mille; }

  std::int64_t between(std::int64_t from, std::int64_t to) noexcept {
    return from + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(to - from) + 1));
  }

  /// Evenly between the two, in steps of a microsecond.
  std::chrono::nanoseconds between(std::chrono::nanoseconds from, std::chrono::nanoseconds to) noexcept {
    return from + std::chrono::microseconds{between(std::int64_t{0}, (to - from).count() / 1000)};
  }

  /// Between the two, each order of magnitude as likely as any other. @pre `from` is above zero
  std::chrono::nanoseconds spread(std::chrono::nanoseconds from, std::chrono::nanoseconds to) noexcept {
    unsigned doublings = 0;
    while (from * (std::int64_t{2} << doublings) <= to) ++doublings;
    const auto low = from * (std::int64_t{1} << below(doublings + 1U));
    return between(low, low * 2 < to ? low * 2 : to);
  }

 private:
  std::uint64_t state_;
};

}  // namespace simulator
