// SPDX-License-Identifier: BSL-1.0

// The bodies of random_number.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/random_number.hpp"

#include <sys/random.h>

namespace isat::inline v0::detail {

ISAT_INLINE std::uint64_t random_number() noexcept {
  std::uint64_t number = 0;
  ::ssize_t size = 0;
  do {
    size = ::getrandom(&number, sizeof number, 0);
  } while ((size < 0 && errno == EINTR) || (size == static_cast<::ssize_t>(sizeof number) && number == 0));
  return size == static_cast<::ssize_t>(sizeof number) ? number : 0;
}

ISAT_INLINE std::string hex_text(std::uint64_t number) {
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, number >>= 4U) {
    *digit = "0123456789abcdef"[number & 15U];
  }
  return text;
}

}  // namespace isat::inline v0::detail
