// SPDX-License-Identifier: BSL-1.0

#include "isat/election/layout.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace {

using namespace std::chrono_literals;
using isat::group_id;
using isat::ipv4_address;
using isat::election::grouping;
using isat::election::layout;

}  // namespace

TEST_CASE("a single group has every address") {
  constexpr layout single;
  static_assert(single.mode == grouping::single && single.count == 1);
  for (const std::uint32_t bits : {0U, 1U, 0x0a000001U, std::numeric_limits<std::uint32_t>::max()}) {
    CHECK(single.group_of(ipv4_address{bits}) == group_id{0});
  }
}

TEST_CASE("a layout has a number of groups that its mode can have") {
  static_assert(layout{grouping::single, 1, 3s}.is_sound() && !layout{grouping::single, 2, 3s}.is_sound());
  static_assert(layout{grouping::shards, 256, 3s}.is_sound() && !layout{grouping::shards, 257, 3s}.is_sound());
  static_assert(!layout{grouping::shards, 0, 3s}.is_sound() && !layout{grouping::none, 1, 3s}.is_sound());
  static_assert(layout{grouping::service, 0, 3s}.is_sound() && !layout{grouping::service, 1, 3s}.is_sound());
  CHECK(layout{grouping::service, 0, 3s}.is_per_address());
  CHECK_FALSE(layout{grouping::shards, 8, 3s}.is_per_address());
}

TEST_CASE("a group depends on the address and the number of groups alone") {
  constexpr layout one{grouping::shards, 8, 3s};
  constexpr layout other{grouping::shards, 8, 15s};
  for (std::uint32_t host = 0; host < 256; ++host) {
    CHECK(one.group_of(ipv4_address{0x0a000000U + host}) == other.group_of(ipv4_address{0x0a000000U + host}));
  }
  // These are on the wire, so to speak: speakers of different versions must agree.
  static_assert(one.group_of(ipv4_address{0x0a000001U}) == group_id{6});
  static_assert(one.group_of(ipv4_address{0x0a000002U}) == group_id{7});
}

TEST_CASE("addresses next to each other are spread evenly, whatever the number of groups") {
  for (const std::uint32_t count : {2U, 3U, 7U, 8U, 16U, 256U}) {
    CAPTURE(count);
    const layout shape{grouping::shards, count, 3s};
    std::array<std::size_t, layout::count_max> members{};
    const std::uint32_t addresses = count * 400;
    for (std::uint32_t host = 0; host < addresses; ++host) {
      const auto group = static_cast<std::size_t>(shape.group_of(ipv4_address{0xc0a80000U + host}));
      REQUIRE(group < count);
      ++members[group];
    }
    for (std::uint32_t group = 0; group < count; ++group) {
      CHECK(members[group] > 300);  // 400 expected, five standard deviations are 100
      CHECK(members[group] < 500);
    }
  }
}

TEST_CASE("240 addresses in eight groups leave none without") {
  constexpr layout eight{grouping::shards, 8, 3s};
  std::array<std::size_t, 8> members{};
  for (std::uint32_t host = 1; host <= 240; ++host) {
    ++members[static_cast<std::size_t>(eight.group_of(ipv4_address{0x0a000000U + host}))];
  }
  for (const std::size_t count : members) CHECK(count > 15);
}
