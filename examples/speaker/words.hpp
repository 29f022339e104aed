// SPDX-License-Identifier: BSL-1.0

// Values that are one of a few words: found in their list, or refused with the list and a guess at what was meant.
#pragma once

#include "setting.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace speakerd {

/// Gives up with a sentence that names `words`.
[[noreturn]] void refuse_word(const setting& value, std::span<const std::string_view> words);

/// Where `value` stands in `words`.
/// @throws failure with the exit code of the value's origin when it is none of them
std::size_t parse_word(const setting& value, std::span<const std::string_view> words);

/// Where the word of `value` stands in a list, for enumerations that count from 1.
template <class Enum>
constexpr std::size_t index_of(Enum value) noexcept {
  return static_cast<std::size_t>(value) - 1;
}

/// The value whose word is `value`, for enumerations that count from 1.
template <class Enum>
Enum parse_enum(const setting& value, std::span<const std::string_view> words) {
  return static_cast<Enum>(parse_word(value, words) + 1);
}

}  // namespace speakerd
