// SPDX-License-Identifier: BSL-1.0

// The bodies of lease_clock.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/lease_clock.hpp"

namespace isat::inline v0 {

ISAT_INLINE std::chrono::nanoseconds lease_clock::read(clockid_t clock) noexcept {
  timespec time{};
  ::clock_gettime(clock, &time);  // cannot fail: the clocks exist since Linux 2.6.39
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

}  // namespace isat::inline v0
