// SPDX-License-Identifier: BSL-1.0

// Numbers that nobody else draws: for names that must not collide and for incarnations. It refuses to be fast or
// reproducible: simulations bring their own.
#pragma once

#include "isat/error.hpp"

#include <boost/system/error_code.hpp>

#include <cerrno>
#include <cstdint>
#include <string>
#include <sys/random.h>

namespace isat::inline v0::detail {

/// A random number from the kernel, never 0; 0 if the kernel gives none.
inline std::uint64_t random_number() noexcept {
  std::uint64_t number = 0;
  ::ssize_t size = 0;
  do {
    size = ::getrandom(&number, sizeof number, 0);
  } while ((size < 0 && errno == EINTR) || (size == static_cast<::ssize_t>(sizeof number) && number == 0));
  return size == static_cast<::ssize_t>(sizeof number) ? number : 0;
}

/// The error of whoever got none.
inline error_code no_random_number() noexcept { return {EAGAIN, boost::system::system_category()}; }

/// The number as 16 lower-case hexadecimal digits: all such texts sort as their numbers do.
inline std::string hex_text(std::uint64_t number) {
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, number >>= 4U) {
    *digit = "0123456789abcdef"[number & 15U];
  }
  return text;
}

}  // namespace isat::inline v0::detail
