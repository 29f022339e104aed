// SPDX-License-Identifier: BSL-1.0
#include "fake_api/target.hpp"

#include <charconv>
#include <cstddef>
#include <system_error>
#include <utility>

namespace isat::test::fake_api {

namespace {

std::string decode_percent(std::string_view text, bool plus_is_space) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned octet = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, octet, 16).ptr == text.data() + i + 3) {
      made += static_cast<char>(octet);
      i += 2;
    } else {
      made += text[i] == '+' && plus_is_space ? ' ' : text[i];
    }
  }
  return made;
}

/// Takes what is before the first `mark`, and the mark.
std::string_view take(std::string_view& from, char mark) {
  const auto taken = from.substr(0, from.find(mark));
  from.remove_prefix(taken.size() == from.size() ? from.size() : taken.size() + 1);
  return taken;
}

void resolve(target& made) {
  const auto& path = made.segments;
  std::size_t at = 0;
  std::string group;
  if (path.size() >= 3 && path[0] == "api" && path[1] == "v1") {
    at = 2;
  } else if (path.size() >= 4 && path[0] == "apis" && path[2] == "v1") {
    group = path[1];
    at = 3;
  } else {
    return;
  }
  const bool within =
      path[at] == "namespaces" && path.size() >= at + 3 && path[at + 2] != "status" && path[at + 2] != "finalize";
  if (within) {
    made.name_space = path[at + 1];
    at += 2;
  }
  made.kind = find_kind(group, path[at]);
  if (made.kind == nullptr || (within && !made.kind->namespaced) || path.size() > at + 3) {
    made.kind = nullptr;
    return;
  }
  if (path.size() > at + 1) made.name = path[at + 1];
  if (path.size() > at + 2) made.subresource = path[at + 2];
  const bool known = made.subresource.empty() || (made.subresource == "status" && made.kind->has_status);
  if (!known || (!made.name.empty() && made.kind->namespaced && !within)) made.kind = nullptr;
}

}  // namespace

target read_target(std::string_view text) {
  target made;
  auto rest = text;
  auto path = take(rest, '?');
  made.path = std::string{path};
  while (!path.empty()) {
    if (const auto segment = take(path, '/'); !segment.empty()) made.segments.push_back(decode_percent(segment, false));
  }
  while (!rest.empty()) {
    auto value = take(rest, '&');
    const auto name = take(value, '=');
    made.query.emplace(decode_percent(name, true), decode_percent(value, true));
  }
  resolve(made);
  return made;
}

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace isat::test::fake_api
