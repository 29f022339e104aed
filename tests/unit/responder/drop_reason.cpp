// SPDX-License-Identifier: BSL-1.0

#include "isat/responder/drop_reason.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <set>
#include <string_view>
#include <utility>

using isat::responder::drop_reason;
using isat::responder::drop_reasons;

TEST_CASE("every drop reason keeps its value and its name") {
  constexpr std::pair<int, std::string_view> expected[] = {
      {0, "none"},         {1, "wrong_destination"}, {2, "foreign_vlan"}, {3, "zero_sender"},
      {4, "group_sender"}, {5, "own_announcement"},  {6, "conflict"},     {7, "not_a_request"},
      {8, "not_a_vip"},    {9, "not_leader"},        {10, "lapsed"},
  };
  for (const auto& [value, name] : expected) {
    CAPTURE(value);
    CHECK(to_string(static_cast<drop_reason>(value)) == name);
  }
  CHECK(drop_reasons.size() + 1 == std::size(expected));
}

TEST_CASE("the list of drop reasons has every reason once, in the order of the values") {
  std::set<std::string_view> names{to_string(drop_reason::none)};
  for (std::size_t i = 0; i < drop_reasons.size(); ++i) {
    CHECK(static_cast<std::size_t>(drop_reasons[i]) == i + 1);
    CHECK(names.insert(to_string(drop_reasons[i])).second);
  }
}
