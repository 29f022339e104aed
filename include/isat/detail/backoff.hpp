// SPDX-License-Identifier: BSL-1.0

// How long to wait after something has failed a number of times in a row, for whoever tries again: twice as long each
// time up to a limit, and spread, so that many that failed together do not come back together. Machines and drivers
// keep the count and the random numbers themselves. It refuses to know when anything was tried.
#pragma once

#include <chrono>
#include <cstdint>

namespace isat::inline v0::detail {

/// `first`, doubled `times` times, but at most `longest`. @pre first is positive
constexpr std::chrono::nanoseconds doubled(std::chrono::nanoseconds first, unsigned times,
                                           std::chrono::nanoseconds longest) noexcept {
  while (times-- > 0 && first < longest) first *= 2;
  return first < longest ? first : longest;
}

/// `pause` by a quarter shorter to a quarter longer. @param random any number, all bits of it random
constexpr std::chrono::nanoseconds spread(std::chrono::nanoseconds pause, std::uint64_t random) noexcept {
  return pause * 3 / 4 + pause / 2 * static_cast<std::int64_t>(random % 1024) / 1024;
}

}  // namespace isat::inline v0::detail
