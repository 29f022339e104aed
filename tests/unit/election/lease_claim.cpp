// SPDX-License-Identifier: BSL-1.0

#include "isat/election/lease_claim.hpp"

#include <doctest/doctest.h>

#include <chrono>

using isat::election::lease_claim;
using isat::election::lease_mode;
using isat::election::lease_sight;
using isat::election::node_id;

TEST_CASE("a default claim says nothing, a default sight shows nothing") {
  static_assert(lease_claim{}.mode == lease_mode::none);
  static_assert(lease_claim{}.node == node_id{} && lease_claim{}.heir == node_id{});
  static_assert(!lease_sight{}.exists && !lease_sight{}.orphaned);
}

TEST_CASE("claims are equal only if all that they say is") {
  constexpr lease_claim claim{lease_mode::held, node_id{1}, 2, 3, 4, 5, std::chrono::seconds{6}};
  static_assert(claim == lease_claim{lease_mode::held, node_id{1}, 2, 3, 4, 5, std::chrono::seconds{6}});
  for (int member = 0; member < 8; ++member) {
    lease_claim other = claim;
    if (member == 0) other.mode = lease_mode::waiting;
    if (member == 1) other.node = node_id{9};
    if (member == 2) ++other.writer;
    if (member == 3) ++other.attempt;
    if (member == 4) ++other.era;
    if (member == 5) ++other.term;
    if (member == 6) ++other.duration;
    if (member == 7) other.heir = node_id{9};
    CAPTURE(member);
    CHECK_FALSE(other == claim);
  }
}
