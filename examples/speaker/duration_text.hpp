// SPDX-License-Identifier: BSL-1.0

// Durations as people write them: `3s`, `750ms`, `1.5s`. A number without a unit is refused, for it would be taken for
// seconds by one reader and for milliseconds by the next. Inside, a duration is a whole number of nanoseconds, and what
// cannot be one exactly is refused as well: nothing is ever rounded.
#pragma once

#include "setting.hpp"

#include <chrono>
#include <string>

namespace speakerd {

/// Reads digits, perhaps with a decimal fraction, and one unit (ns, us, ms, s, m or h) right behind them.
/// @throws failure with the exit code of the value's origin; a sign, a space, an unknown unit, more than 292 years and
///   less than a nanosecond are refused
std::chrono::nanoseconds parse_duration(const setting& value);

/// The shortest text which parse_duration() reads as exactly `duration`, in the largest unit if several are as short;
/// a fraction only behind a digit other than zero. @pre duration is not negative
std::string to_text(std::chrono::nanoseconds duration);

}  // namespace speakerd
