// SPDX-License-Identifier: BSL-1.0

#include "suggestion.hpp"
#include "text.hpp"
#include "words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace speakerd {

void refuse_word(const setting& value, std::span<const std::string_view> words) {
  if (words.size() == 1) {
    value.from.refuse(fmt::format("{} is unknown, the only value is {}", quoted(value.text), words[0]));
  }
  std::string list;
  for (const std::string_view word : words) list += fmt::format("{}{}", list.empty() ? "" : ", ", word);
  value.from.refuse(fmt::format("{} is not one of {}{}", quoted(value.text), list, did_you_mean(value.text, words)));
}

std::size_t parse_word(const setting& value, std::span<const std::string_view> words) {
  const auto found = std::find(words.begin(), words.end(), value.text);
  if (found == words.end()) refuse_word(value, words);
  return static_cast<std::size_t>(found - words.begin());
}

}  // namespace speakerd
