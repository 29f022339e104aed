// SPDX-License-Identifier: BSL-1.0

// Numbers that nobody else draws: for names that must not collide and for incarnations. It refuses to be fast or
// reproducible: simulations bring their own.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/error.hpp"

#include <cerrno>
#include <cstdint>
#include <string>

namespace isat::inline v0::detail {

/// A random number from the kernel, never 0; 0 if the kernel gives none.
ISAT_API std::uint64_t random_number() noexcept;

/// The error of whoever got none.
inline error_code no_random_number() noexcept { return {EAGAIN, boost::system::system_category()}; }

/// The number as 16 lower-case hexadecimal digits: all such texts sort as their numbers do.
ISAT_API std::string hex_text(std::uint64_t number);

}  // namespace isat::inline v0::detail

#if ISAT_HEADER_ONLY
#include "isat/impl/random_number.ipp"
#endif
