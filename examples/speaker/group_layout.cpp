// SPDX-License-Identifier: BSL-1.0

#include "group_layout.hpp"
#include "text.hpp"
#include "words.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string_view>
#include <system_error>

namespace speakerd {

namespace {

using isat::election::grouping;
using isat::election::layout;

constexpr std::array<std::string_view, 3> words{"single", "shards:N", "service"};
constexpr std::string_view shards = "shards:";

std::uint32_t parse_shard_count(std::string_view text, const setting& value) {
  std::uint32_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool padded = text.starts_with('0');
  if (error != std::errc{} || end != text.data() + text.size() || padded || count > layout::count_max) {
    value.from.refuse(
        fmt::format("{} has no number of groups from 1 to {}, write shards:N", quoted(value.text), layout::count_max));
  }
  return count;
}

}  // namespace

layout parse_group_layout(const setting& value) {
  const std::string_view text = value.text;
  if (text == "single") return {};
  if (text == "service") return {.mode = grouping::service, .count = 0};
  if (text == "shards") value.from.refuse(quoted(text) + " names no number of groups, write shards:N");
  if (!text.starts_with(shards)) refuse_word(value, words);
  return {.mode = grouping::shards, .count = parse_shard_count(text.substr(shards.size()), value)};
}

std::string to_text(const layout& shape) {
  switch (shape.mode) {
    case grouping::none:
      return "none";
    case grouping::single:
      return "single";
    case grouping::shards:
      return fmt::format("shards:{}", shape.count);
    case grouping::service:
      return "service";
  }
  return {};
}

}  // namespace speakerd
