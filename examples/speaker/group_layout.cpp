// SPDX-License-Identifier: BSL-1.0

#include "group_layout.hpp"
#include "isat/election/lease_codec.hpp"
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
namespace codec = isat::election::codec;

constexpr std::array<std::string_view, 3> words{"single", "shards:N", "service"};

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
  const auto colon = text.find(':');
  const bool is_plain = colon == std::string_view::npos;
  switch (codec::parse_grouping(text.substr(0, colon))) {
    case grouping::none:
      break;
    case grouping::single:
      if (is_plain) return {};
      break;
    case grouping::shards:
      if (is_plain) value.from.refuse(quoted(text) + " names no number of groups, write shards:N");
      return {.mode = grouping::shards, .count = parse_shard_count(text.substr(colon + 1), value)};
    case grouping::service:
      if (is_plain) return {.mode = grouping::service, .count = 0};
      break;
  }
  refuse_word(value, words);
}

std::string to_text(const layout& shape) {
  std::string text{codec::to_text(shape.mode)};
  if (shape.mode == grouping::shards) text += fmt::format(":{}", shape.count);
  return text;
}

}  // namespace speakerd
