// SPDX-License-Identifier: BSL-1.0

#include "allocation_count.hpp"
#include "isat/responder/vip_table.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>

namespace {

using namespace isat::responder;
using isat::group_id;
using isat::interface_id;
using isat::interface_set;
using isat::ipv4_address;

constexpr ipv4_address address{{10, 77, 0, 100}};
constexpr ipv4_address other{{10, 77, 0, 101}};

}  // namespace

TEST_CASE("a set of interfaces holds what was put into it") {
  interface_set set;
  CHECK(set == interface_set{});
  for (unsigned i = 0; i < isat::interface_max; ++i) {
    const auto id = static_cast<interface_id>(i);
    CAPTURE(i);
    CHECK_FALSE(set.contains(id));
    CHECK(interface_set::all().contains(id));
    CHECK(interface_set::only(id).contains(id));
    CHECK_FALSE(interface_set::only(id).contains(static_cast<interface_id>((i + 1) % isat::interface_max)));
    set.insert(id);
    CHECK(set.contains(id));
  }
  CHECK(set == interface_set::all());
  set.erase(interface_id{63});
  CHECK_FALSE(set.contains(interface_id{63}));
  CHECK(set.contains(interface_id{62}));
}

TEST_CASE("a VIP is announced on every interface unless told otherwise") {
  CHECK(vip{}.interfaces == interface_set::all());
}

TEST_CASE("an address that no host can own cannot be a VIP") {
  struct row {
    std::string_view text;
    bool can_be;
  };
  for (const row& each : {
           row{"0.0.0.0", false},
           row{"0.255.255.255", false},
           row{"1.0.0.0", true},
           row{"10.77.0.0", true},
           row{"10.77.0.255", true},
           row{"126.255.255.255", true},
           row{"127.0.0.0", false},
           row{"127.0.0.1", false},
           row{"127.255.255.255", false},
           row{"128.0.0.0", true},
           row{"169.254.1.1", true},
           row{"223.255.255.255", true},
           row{"224.0.0.0", false},
           row{"239.255.255.255", false},
           row{"240.0.0.1", true},
           row{"255.255.255.254", true},
           row{"255.255.255.255", false},
       }) {
    CAPTURE(each.text);
    CHECK(can_be_vip(ipv4_address::parse(each.text).value()) == each.can_be);
  }
}

TEST_CASE("a VIP is found after it was added and not after it was removed") {
  vip_table table;
  CHECK(table.empty());
  CHECK(table.find(address) == nullptr);
  CHECK(table.add({address, group_id{3}}));
  CHECK_FALSE(table.empty());
  REQUIRE(table.find(address) != nullptr);
  CHECK(*table.find(address) == vip{address, group_id{3}});
  CHECK(table.find(other) == nullptr);
  CHECK(table.remove(address));
  CHECK_FALSE(table.remove(address));
  CHECK(table.find(address) == nullptr);
  CHECK(table.empty());
}

TEST_CASE("a VIP added again replaces the one with its address") {
  vip_table table;
  CHECK(table.add({address, group_id{1}}));
  CHECK_FALSE(table.add({address, group_id{2}, interface_set::only(interface_id{5})}));
  CHECK(table.size() == 1);
  CHECK(*table.find(address) == vip{address, group_id{2}, interface_set::only(interface_id{5})});
}

TEST_CASE("a VIP is found only on the interfaces on which it is announced") {
  vip_table table;
  table.add({address, group_id{}, interface_set::only(interface_id{1})});
  table.add({other, group_id{}});
  CHECK(table.find(address) != nullptr);
  CHECK(table.find(address, interface_id{0}) == nullptr);
  CHECK(table.find(address, interface_id{1}) == table.find(address));
  CHECK(table.find(other, interface_id{0}) != nullptr);
  CHECK(table.find(other, interface_id{63}) != nullptr);
}

TEST_CASE("the unspecified address is no VIP, so the sender of a probe claims nothing") {
  vip_table table;
  CHECK(table.find(ipv4_address{}) == nullptr);
  table.add({address, group_id{}});
  CHECK(table.find(ipv4_address{}) == nullptr);
  CHECK(table.find(ipv4_address{}, interface_id{0}) == nullptr);
}

TEST_CASE("every VIP is visited once") {
  vip_table table;
  for (std::uint32_t i = 0; i < 1'000; ++i) table.add({ipv4_address{address.bits() + i}, group_id{i}});
  std::set<std::uint32_t> seen;
  table.for_each([&](const vip& each) {
    CHECK(static_cast<std::uint32_t>(each.group) == each.address.bits() - address.bits());
    CHECK(seen.insert(each.address.bits()).second);
  });
  CHECK(seen.size() == 1'000);
}

TEST_CASE("looking up among a million VIPs allocates nothing, found or not") {
  constexpr std::uint32_t count = 1'000'000;
  vip_table table;
  table.reserve(count);
  CHECK(isat::test::allocations_of([&] {
          for (std::uint32_t i = 0; i < count; ++i) table.add({ipv4_address{0x0a000000 + i}, group_id{i}});
        }) == 0);
  REQUIRE(table.size() == count);
  std::uint32_t found = 0;
  CHECK(isat::test::allocations_of([&] {
          for (std::uint32_t i = 0; i < 2 * count; ++i) {
            const vip* each = table.find(ipv4_address{0x0a000000 + i}, interface_id{0});
            found += each != nullptr && each->group == group_id{i} ? 1U : 0U;
          }
        }) == 0);
  CHECK(found == count);
}
