// SPDX-License-Identifier: BSL-1.0

#include "isat/election/group_names.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <vector>

namespace {

using isat::group_id;
using isat::ipv4_address;
using isat::election::group_names;
using isat::election::group_names_observer;
using isat::election::layout;

ipv4_address nth(std::uint32_t number) { return ipv4_address{0x0a000000U + number}; }

struct room final : group_names_observer {
  void on_room() override { ++told; }
  int told = 0;
};

}  // namespace

TEST_CASE("an address keeps its id while it is wanted, and ids lie above those of other layouts") {
  group_names names;
  const group_id first = names.want(nth(1)).value();
  CHECK(static_cast<std::uint32_t>(first) == layout::count_max);
  CHECK(names.want(nth(1)) == first);
  CHECK(names.want(nth(2)) != first);
  CHECK(names.find(nth(1)) == first);
  CHECK(names.address_of(first) == nth(1));
  CHECK_FALSE(names.find(nth(3)));
  for (const std::uint32_t unknown : {0U, 255U, 258U, ~0U}) CHECK_FALSE(names.address_of(group_id{unknown}));
  CHECK(group_names::is_of_address(first));
  CHECK_FALSE(group_names::is_of_address(group_id{255}));
}

TEST_CASE("an id stands for another address only when neither side needs it any more") {
  group_names names;
  const group_id first = names.want(nth(1)).value();
  names.use(first);
  names.unwant(nth(1));
  CHECK(names.address_of(first) == nth(1));
  CHECK(names.want(nth(2)) != first);
  CHECK(names.want(nth(1)) == first);  // it comes back while the election still has it
  names.release(first);
  CHECK(names.address_of(first) == nth(1));
  names.unwant(nth(1));
  CHECK_FALSE(names.address_of(first));
  CHECK(names.want(nth(3)) == first);
}

TEST_CASE("an address of which there is a record has an id as long as the election uses it") {
  group_names names;
  const group_id seen = names.see(nth(1)).value();
  CHECK(names.see(nth(1)) == seen);
  CHECK(names.want(nth(1)) == seen);
  names.unwant(nth(1));
  CHECK(names.size() == 1);
  names.unwant(nth(1));
  names.release(seen);
  names.release(seen);
  CHECK(names.size() == 0);
  names.see(nth(2));
  names.want(nth(3));
  names.release_all();
  CHECK_FALSE(names.find(nth(2)));
  CHECK(names.find(nth(3)));
}

TEST_CASE("beyond the maximum nothing is wanted, and whoever was refused hears when there is room") {
  group_names names;
  room hears;
  names.subscribe(&hears);
  std::set<group_id> ids;
  for (std::uint32_t number = 0; number < group_names::wanted_max; ++number)
    ids.insert(names.want(nth(number)).value());
  CHECK(ids.size() == group_names::wanted_max);
  names.unwant(nth(0));
  CHECK(hears.told == 0);
  CHECK(names.want(nth(0)));
  CHECK_FALSE(names.want(nth(5000)));
  names.unwant(nth(1));
  CHECK(hears.told == 1);
  CHECK(names.want(nth(5000)));
  names.unwant(nth(5000));
  CHECK(hears.told == 1);
  names.subscribe(nullptr);
}

TEST_CASE("records of others, however many, take no room from what is wanted") {
  group_names names;
  std::uint32_t number = 0;
  while (names.see(nth(number))) ++number;
  CHECK(number == group_names::others_max);
  for (std::uint32_t own = 0; own < group_names::wanted_max; ++own) REQUIRE(names.want(nth(10'000 + own)));
  CHECK_FALSE(names.see(nth(number)));
  CHECK(names.see(nth(10'000)));  // known already
}
