// SPDX-License-Identifier: BSL-1.0

// Octets as people write them: tests spell frames out in hexadecimal, field by field, beside the RFC.
#pragma once

#include "isat/address.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace isat::test {

/// Reads exactly `Size` octets from pairs of hexadecimal digits; blanks may stand anywhere. Throws (hence does not
/// compile in a constant expression) where the text says anything else.
template <std::size_t Size>
constexpr std::array<std::byte, Size> octets(std::string_view text) {
  std::array<std::byte, Size> all{};
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == ' ') continue;
    const int digit = detail::hex_digit(c);
    if (digit < 0 || digits == 2 * Size) throw "not that many octets";
    all[digits / 2] = all[digits / 2] << 4 | std::byte(digit);
    ++digits;
  }
  if (digits != 2 * Size) throw "not that many octets";
  return all;
}

}  // namespace isat::test
