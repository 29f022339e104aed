// SPDX-License-Identifier: BSL-1.0

// Numbers as decimal digits, where others write them: all of a text, or it is no number. It refuses signs, blanks and
// other bases.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace isat::inline v0::kubernetes::detail {

/// The number that all of the text is; nothing if it is none, or too large for the type.
template <std::unsigned_integral Number>
std::optional<Number> decimal(std::string_view text) noexcept {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace isat::inline v0::kubernetes::detail
