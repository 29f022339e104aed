// SPDX-License-Identifier: BSL-1.0

// Readings of the lease clock made by hand, for tests that bring their own time.
#pragma once

#include "isat/clock.hpp"

#include <chrono>

namespace isat::test {

/// The reading `since_boot` after a boot of a host that was never suspended and whose clocks agree.
constexpr lease_time reading(std::chrono::nanoseconds since_boot) noexcept { return {since_boot, since_boot, {}}; }

}  // namespace isat::test
