// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/service/vip_standing.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <string_view>

using namespace isat::kubernetes;

TEST_CASE("a standing is of the node, trouble with the address, or neither") {
  std::set<std::string_view> names;
  int of_node = 0;
  int trouble = 0;
  for (std::uint8_t value = 0; value <= 11; ++value) {
    const auto each = static_cast<vip_standing>(value);
    CAPTURE(to_string(each));
    CHECK_FALSE((is_of_node(each) && is_trouble(each)));
    of_node += is_of_node(each) ? 1 : 0;
    trouble += is_trouble(each) ? 1 : 0;
    names.insert(to_string(each));
  }
  CHECK(names.size() == 12);
  CHECK(of_node == 4);
  CHECK(trouble == 4);
  CHECK_FALSE(is_trouble(vip_standing::announced));
  CHECK_FALSE(is_trouble(vip_standing::no_local_endpoint));
}
