// SPDX-License-Identifier: BSL-1.0

// Guesses what a misspelt word was meant to be. Used for options, keys and values alike; it never guesses silently:
// the result only ever ends a sentence that refuses the word.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace speakerd {

/// The word of `known` that `word` was probably meant to be; empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

/// `, did you mean 'vip'?`, or nothing when no word of `known` is near. `prefix` is put before the word found.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known, std::string_view prefix = "");

}  // namespace speakerd
