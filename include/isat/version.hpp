// SPDX-License-Identifier: BSL-1.0

// Which isat this is. The three numbers below are the only place where the version is written: CMake, pkg-config and
// the programs read it from here. While the major number is 0, a new minor number may change the interface.
// A compiler that is not told to speak C++20 is refused here, in a sentence and not by a page of syntax errors.
#pragma once

#if __cplusplus < 202002L
#error "isat needs C++20: add -std=c++20 (with CMake, linking isat::core does it)"
#endif

#include <string_view>

#define ISAT_VERSION_MAJOR 0
#define ISAT_VERSION_MINOR 1
#define ISAT_VERSION_PATCH 0

/// One number that rises with every release, for the preprocessor: 102 stands for 0.1.2.
#define ISAT_VERSION (ISAT_VERSION_MAJOR * 10000 + ISAT_VERSION_MINOR * 100 + ISAT_VERSION_PATCH)

#define ISAT_VERSION_QUOTE_(major, minor, patch) #major "." #minor "." #patch
#define ISAT_VERSION_QUOTE(major, minor, patch) ISAT_VERSION_QUOTE_(major, minor, patch)

namespace isat::inline v0 {

inline constexpr int version_major = ISAT_VERSION_MAJOR;
inline constexpr int version_minor = ISAT_VERSION_MINOR;
inline constexpr int version_patch = ISAT_VERSION_PATCH;

/// The version as people write it, `major.minor.patch`.
inline constexpr std::string_view version =
    ISAT_VERSION_QUOTE(ISAT_VERSION_MAJOR, ISAT_VERSION_MINOR, ISAT_VERSION_PATCH);

}  // namespace isat::inline v0

#undef ISAT_VERSION_QUOTE
#undef ISAT_VERSION_QUOTE_
