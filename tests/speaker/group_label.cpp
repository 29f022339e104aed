// SPDX-License-Identifier: BSL-1.0

#include "group_label.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <variant>

using namespace speakerd;

TEST_CASE("a group is called by its number, or by its address where it is of one, and never by an id of this process") {
  isat::election::group_names names;
  const isat::group_id own = names.want(isat::ipv4_address{0xc0000201U}).value();
  CHECK(group_label(isat::group_id{3}, &names) == "3");
  CHECK(group_label(isat::group_id{3}, nullptr) == "3");
  CHECK(group_label(own, &names) == "192.0.2.1");
  CHECK(std::get<std::string>(group_field(own, &names).value) == "192.0.2.1");
  CHECK(std::get<std::int64_t>(group_field(isat::group_id{3}, &names).value) == 3);
}
