// SPDX-License-Identifier: BSL-1.0
#include "arp_samples.hpp"
#include "isat/transport/strip_tags.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

using namespace isat;
using namespace isat::test;

TEST_SUITE("transport/strip_tags") {
  TEST_CASE("tags come off as the kernel takes them") {
    struct row {
      std::string name;
      octet_string frame;
      std::size_t rest;  // octets after the addresses
      bool other_vlan;
    };
    const auto all = mac_address::broadcast();
    const std::array rows{
        row{"no tag", who_has(all, alice), 30, false},
        row{"priority tag", who_has(all, alice, {0x81, 0x00, 0xe0, 0x00}), 30, false},
        row{"VLAN 1", who_has(all, alice, {0x81, 0x00, 0x00, 0x01}), 30, true},
        row{"VLAN 4095 with priority and drop bit", who_has(all, alice, {0x81, 0x00, 0xff, 0xff}), 30, true},
        row{"drop bit alone", who_has(all, alice, {0x81, 0x00, 0x10, 0x00}), 30, false},
        row{"service tag", who_has(all, alice, {0x88, 0xa8, 0x00, 0x05}), 30, true},
        row{"tag below a priority tag", who_has(all, alice, {0x81, 0, 0, 0, 0x81, 0, 0, 5}), 30, true},
        row{"tag below another VLAN's", who_has(all, alice, {0x81, 0, 0, 5, 0x81, 0, 0, 0}), 34, true},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      const auto out = transport::strip_tags(row.frame);
      REQUIRE(out);
      CHECK(out->addresses.data() == row.frame.data());
      CHECK(out->addresses.size() == 12);
      CHECK(out->rest.size() == row.rest);
      CHECK(out->rest.data() + out->rest.size() == row.frame.data() + row.frame.size());
      CHECK(out->other_vlan == row.other_vlan);
    }
  }

  TEST_CASE("every prefix of a doubly tagged frame is taken or refused without reading past it") {
    const auto frame = who_has(bob, alice, {0x81, 0, 0, 0, 0x81, 0, 0, 5});
    for (std::size_t size = 0; size <= frame.size(); ++size) {
      CAPTURE(size);
      const octet_string prefix(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK(transport::strip_tags(prefix).has_value() == (size >= 24));
    }
  }
}
