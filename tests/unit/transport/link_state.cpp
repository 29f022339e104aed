// SPDX-License-Identifier: BSL-1.0
#include "isat/transport/link_state.hpp"

#include <doctest/doctest.h>

#include <array>
#include <optional>
#include <string>

using namespace isat;
using transport::link_change;
using transport::link_state;

namespace {

link_state ethernet(bool carrier, std::uint8_t last_octet = 1) {
  link_state link;
  link.index = 2;
  link.name = "eth0";
  link.mac = mac_address{{2, 0, 0, 0, 0, last_octet}};
  link.up = true;
  link.carrier = carrier;
  link.ethernet = true;
  return link;
}

}  // namespace

TEST_SUITE("transport/link_state") {
  TEST_CASE("a change knows whether it is a beginning or an end, and of what") {
    const link_change appeared{std::nullopt, ethernet(true)};
    CHECK(appeared.appeared());
    CHECK(!appeared.gone());
    CHECK(&appeared.link() == &*appeared.after);
    const link_change gone{ethernet(true), std::nullopt};
    CHECK(!gone.appeared());
    CHECK(gone.gone());
    CHECK(&gone.link() == &*gone.before);
    const link_change changed{ethernet(true), ethernet(false)};
    CHECK(!changed.appeared());
    CHECK(!changed.gone());
    CHECK(&changed.link() == &*changed.after);
  }

  TEST_CASE("neighbours have to be told when the interface begins to be heard, or is heard with another MAC") {
    struct row {
      std::string name;
      link_change change;
      bool told;
    };
    const std::array rows{
        row{"appears with carrier", {std::nullopt, ethernet(true)}, true},
        row{"appears without carrier", {std::nullopt, ethernet(false)}, false},
        row{"gains carrier", {ethernet(false), ethernet(true)}, true},
        row{"loses carrier", {ethernet(true), ethernet(false)}, false},
        row{"new MAC with carrier", {ethernet(true, 1), ethernet(true, 2)}, true},
        row{"new MAC without carrier", {ethernet(false, 1), ethernet(false, 2)}, false},
        row{"nothing of these", {ethernet(true), ethernet(true)}, false},
        row{"gone", {ethernet(true), std::nullopt}, false},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      CHECK(row.change.needs_announcement() == row.told);
    }
  }
}
