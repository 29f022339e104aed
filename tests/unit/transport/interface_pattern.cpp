// SPDX-License-Identifier: BSL-1.0
#include "isat/transport/interface_pattern.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

using isat::transport::interface_pattern;

TEST_SUITE("transport/interface_pattern") {
  TEST_CASE("globs match whole names as a shell does") {
    struct row {
      std::string_view pattern;
      std::string name;
      bool matches;
    };
    const std::array rows{
        row{"eth0", "eth0", true},     row{"eth0", "eth01", false},      row{"eth0", "eth", false},
        row{"eth*", "eth0", true},     row{"eth*", "eth", true},         row{"eth*", "veth0", false},
        row{"eth?", "eth0", true},     row{"eth?", "eth10", false},      row{"eth?", "eth", false},
        row{"eth[01]", "eth1", true},  row{"eth[01]", "eth2", false},    row{"eth[!0]", "eth0", false},
        row{"eth[!0]", "eth1", true},  row{"en*s[0-9]", "enp3s0", true}, row{"*", "lo", true},
        row{"*", ".hidden", true},     row{"br-\\*", "br-x", false},     row{"ETH0", "eth0", false},
        row{"eth0.*", "eth0.5", true}, row{"eth0.*", "eth0x5", false},   row{"[eth0", "[eth0", true},
    };
    for (const auto& row : rows) {
      CAPTURE(row.pattern);
      CAPTURE(row.name);
      const auto pattern = interface_pattern::parse(row.pattern);
      REQUIRE(pattern);
      CHECK(pattern->matches(row.name) == row.matches);
      CHECK(pattern->text() == row.pattern);
    }
  }

  TEST_CASE("a plain name is told from a glob") {
    CHECK(!interface_pattern::parse("eth0")->is_glob());
    for (const auto* glob : {"eth*", "eth?", "eth[0]"}) CHECK(interface_pattern::parse(glob)->is_glob());
  }

  TEST_CASE("a bracket that is not closed is told from a set") {
    for (const auto* open : {"[", "eth[0", "eth[", "eth[!", "eth[]", "eth[!]", "eth[^]", "[0]eth[1"}) {
      CAPTURE(open);
      CHECK(interface_pattern::parse(open)->has_open_bracket());
    }
    for (const auto* closed :
         {"eth0", "eth*", "eth]", "eth[0]", "eth[]]", "eth[!]]", "eth[^]0]", "eth[[]", "[0]eth[1]"}) {
      CAPTURE(closed);
      CHECK(!interface_pattern::parse(closed)->has_open_bracket());
    }
  }

  TEST_CASE("what no interface can be called is refused") {
    for (const std::string_view text :
         {"", "eth/0", "eth0:1", "eth 0", "eth0\n", "\teth0", ".", "..", "sixteen-octets-x", "*/*"}) {
      CAPTURE(text);
      CHECK(!interface_pattern::parse(text));
    }
    CHECK(!interface_pattern::parse(std::string_view{"eth\0", 4}));
    CHECK(interface_pattern::parse("fifteen-octets-"));
    CHECK(interface_pattern::parse("a-glob-may-be-longer-than-any-name*"));
  }
}
