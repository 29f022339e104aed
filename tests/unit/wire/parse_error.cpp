// SPDX-License-Identifier: BSL-1.0

#include "isat/wire/parse_error.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <set>
#include <string_view>
#include <utility>

using isat::wire::parse_error;
using isat::wire::parse_errors;

TEST_CASE("every parse error keeps its value and its name") {
  constexpr std::pair<int, std::string_view> expected[] = {
      {0, "none"},
      {1, "truncated"},
      {2, "oversized"},
      {3, "not_arp"},
      {4, "vlan_tagged"},
      {5, "unsupported_hardware_type"},
      {6, "unsupported_protocol_type"},
      {7, "bad_hardware_length"},
      {8, "bad_protocol_length"},
      {9, "unsupported_operation"},
  };
  for (const auto& [value, name] : expected) {
    CAPTURE(value);
    CHECK(to_string(static_cast<parse_error>(value)) == name);
  }
  CHECK(parse_errors.size() + 1 == std::size(expected));
}

TEST_CASE("the list of parse errors has every refusal once, in the order of the values") {
  std::set<std::string_view> names{to_string(parse_error::none)};
  for (std::size_t i = 0; i < parse_errors.size(); ++i) {
    CHECK(static_cast<std::size_t>(parse_errors[i]) == i + 1);
    CHECK(names.insert(to_string(parse_errors[i])).second);
  }
}
