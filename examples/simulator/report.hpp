// SPDX-License-Identifier: BSL-1.0

// How long nobody leads after a leader has crashed, or has released: distributions over many takeovers in everyday
// weather, for each profile, and beside them those of rivals that behave as client-go does. A measurement, no check.
#pragma once

#include <cstdint>

namespace simulator {

/// Prints the table.
/// @param takeovers how many of each kind are measured
void print_report(std::uint64_t seed, unsigned takeovers);

}  // namespace simulator
