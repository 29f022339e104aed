// SPDX-License-Identifier: BSL-1.0

#include "isat/speaker_event.hpp"

#include <doctest/doctest.h>

#include <type_traits>
#include <utility>
#include <variant>

using namespace isat;

TEST_CASE("an event says what happened by its type, and carries facts, not sentences") {
  const speaker_event event = vip_conflict{ipv4_address{0xc0000264}, mac_address{{2, 0, 0, 0, 0, 1}}, "eth0", 41};
  REQUIRE(std::holds_alternative<vip_conflict>(event));
  CHECK(std::get<vip_conflict>(event).folded == 41);
  CHECK(std::get<vip_conflict>(event).vip == ipv4_address{0xc0000264});
}

TEST_CASE("a default event reports nothing that happened") {
  CHECK(std::get<source_synced>(speaker_event{}).vips == 0);
  CHECK(!interface_left{}.reason);
  CHECK(leadership_lost{}.term == 0);
}

TEST_CASE("events are values: a host may keep them beyond the call that told them") {
  static_assert(std::is_copy_constructible_v<speaker_event> && std::is_nothrow_move_constructible_v<speaker_event>);
  speaker_event kept;
  {
    const speaker_event told = interface_joined{{"eth0", mac_address{{2, 0, 0, 0, 0, 1}}}, true};
    kept = told;
  }
  CHECK(std::get<interface_joined>(kept).link.name == "eth0");
}
