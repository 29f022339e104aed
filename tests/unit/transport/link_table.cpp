// SPDX-License-Identifier: BSL-1.0
#include "isat/transport/link_table.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace isat;
using transport::link_change;
using transport::link_message;
using transport::link_message_kind;
using transport::link_state;
using transport::link_table;

namespace {

link_state link(unsigned index, std::string name, std::uint8_t last_octet = 1) {
  link_state state;
  state.index = index;
  state.name = std::move(name);
  state.mac = mac_address{{2, 0, 0, 0, 0, last_octet}};
  state.up = state.carrier = state.ethernet = true;
  return state;
}

link_message told(link_state state, link_message_kind kind = link_message_kind::present) {
  link_message message;
  message.kind = kind;
  message.sequence = 4711;  // notices carry the number of whoever's request caused them
  message.link = std::move(state);
  return message;
}

link_message dumped(std::uint32_t sequence, link_state state) {
  auto message = told(std::move(state));
  message.sequence = sequence;
  message.of_dump = true;
  return message;
}

link_message done(std::uint32_t sequence, bool interrupted = false, int error = 0) {
  link_message message;
  message.kind = link_message_kind::dump_done;
  message.sequence = sequence;
  message.of_dump = true;
  message.interrupted = interrupted;
  message.error = error;
  return message;
}

/// A table that has taken in a dump of eth0 (2) and eth1 (3), its changes taken.
link_table synced_table() {
  link_table table;
  table.begin_dump(1);
  CHECK(table.apply(dumped(1, link(2, "eth0"))) == 0);
  CHECK(table.apply(dumped(1, link(3, "eth1"))) == 0);
  CHECK(table.apply(done(1)) == 0);
  table.take_changes();
  return table;
}

}  // namespace

TEST_SUITE("transport/link_table") {
  TEST_CASE("the first dump makes every interface appear, and the table synced at its end") {
    link_table table;
    CHECK(table.wants_dump());
    CHECK(!table.synced());
    table.begin_dump(1);
    CHECK(!table.wants_dump());
    CHECK(table.apply(dumped(1, link(2, "eth0"))) == 0);
    CHECK(!table.synced());
    CHECK(!table.current());
    CHECK(table.apply(done(1)) == 0);
    CHECK(table.synced());
    CHECK(table.current());
    CHECK(table.has_changes());
    CHECK(table.take_changes() == std::vector<link_change>{{std::nullopt, link(2, "eth0")}});
    CHECK(!table.has_changes());
    REQUIRE(table.find("eth0") != nullptr);
    CHECK(table.find("eth0")->index == 2);
    CHECK(table.find("eth9") == nullptr);
    CHECK(table.links() == std::vector<link_state>{link(2, "eth0")});
  }

  TEST_CASE("only what changed is told, with what it was before") {
    auto table = synced_table();
    CHECK(table.apply(told(link(2, "eth0"))) == 0);
    CHECK(!table.has_changes());
    CHECK(table.apply(told(link(2, "eth0", 9))) == 0);
    CHECK(table.take_changes() == std::vector<link_change>{{link(2, "eth0"), link(2, "eth0", 9)}});
  }

  TEST_CASE("changes that follow each other are all told, in order") {
    auto table = synced_table();
    auto down = link(2, "eth0");
    down.carrier = false;
    CHECK(table.apply(told(down)) == 0);
    CHECK(table.apply(told(link(2, "eth0"))) == 0);
    CHECK(table.take_changes() == std::vector<link_change>{{link(2, "eth0"), down}, {down, link(2, "eth0")}});
  }

  TEST_CASE("a rename is an end and a beginning") {
    auto table = synced_table();
    CHECK(table.apply(told(link(2, "wan0"))) == 0);
    CHECK(table.take_changes() ==
          std::vector<link_change>{{link(2, "eth0"), std::nullopt}, {std::nullopt, link(2, "wan0")}});
    CHECK(table.find("eth0") == nullptr);
    CHECK(table.find("wan0") != nullptr);
  }

  TEST_CASE("a deleted interface is gone, once, and its successor is another one") {
    auto table = synced_table();
    CHECK(table.apply(told(link(2, "eth0"), link_message_kind::gone)) == 0);
    CHECK(table.apply(told(link(2, "eth0"), link_message_kind::gone)) == 0);
    CHECK(table.apply(told(link(4, "eth0"))) == 0);
    CHECK(table.take_changes() ==
          std::vector<link_change>{{link(2, "eth0"), std::nullopt}, {std::nullopt, link(4, "eth0")}});
  }

  TEST_CASE("after an overrun a fresh dump tells what was missed: changed, gone and new") {
    auto table = synced_table();
    table.overrun();
    CHECK(table.wants_dump());
    CHECK(!table.current());
    CHECK(table.synced());
    table.begin_dump(2);
    CHECK(table.apply(dumped(2, link(3, "eth1", 9))) == 0);
    CHECK(table.apply(dumped(2, link(5, "eth5"))) == 0);
    CHECK(table.apply(done(2)) == 0);
    CHECK(table.current());
    CHECK(table.take_changes() == std::vector<link_change>{{link(3, "eth1"), link(3, "eth1", 9)},
                                                           {std::nullopt, link(5, "eth5")},
                                                           {link(2, "eth0"), std::nullopt}});
  }

  TEST_CASE("an overrun during a dump, a lost message or an interruption means another dump, and nothing is gone yet") {
    for (const int way : {0, 1, 2}) {
      CAPTURE(way);
      auto table = synced_table();
      table.overrun();
      table.begin_dump(2);
      if (way == 0) table.overrun();
      if (way == 1) {
        link_message lost;
        lost.kind = link_message_kind::overrun;
        CHECK(table.apply(lost) == 0);
      }
      CHECK(!table.wants_dump());  // the kernel runs one dump at a time
      CHECK(table.apply(done(2, way == 2)) == 0);
      CHECK(table.wants_dump());
      CHECK(!table.has_changes());
      table.begin_dump(3);
      CHECK(table.apply(dumped(3, link(2, "eth0"))) == 0);
      CHECK(table.apply(done(3)) == 0);
      CHECK(table.take_changes() == std::vector<link_change>{{link(3, "eth1"), std::nullopt}});
    }
  }

  TEST_CASE("an interrupted first dump does not make the table synced") {
    link_table table;
    table.begin_dump(1);
    auto interrupted = dumped(1, link(2, "eth0"));
    interrupted.interrupted = true;
    CHECK(table.apply(interrupted) == 0);
    CHECK(table.apply(done(1)) == 0);
    CHECK(!table.synced());
    CHECK(table.wants_dump());
  }

  TEST_CASE("what is told while a dump runs counts as seen") {
    auto table = synced_table();
    table.overrun();
    table.begin_dump(2);
    CHECK(table.apply(dumped(2, link(2, "eth0"))) == 0);
    CHECK(table.apply(dumped(2, link(3, "eth1"))) == 0);
    CHECK(table.apply(told(link(6, "new0"))) == 0);
    CHECK(table.apply(told(link(3, "eth1"), link_message_kind::gone)) == 0);
    CHECK(table.apply(done(2)) == 0);
    CHECK(table.take_changes() ==
          std::vector<link_change>{{std::nullopt, link(6, "new0")}, {link(3, "eth1"), std::nullopt}});
  }

  TEST_CASE("the end of a dump that is not ours changes nothing, nor do its interfaces") {
    link_table table;
    table.begin_dump(2);
    CHECK(table.apply(dumped(1, link(2, "eth0"))) == 0);
    CHECK(table.apply(done(1)) == 0);
    CHECK(table.apply(done(1, false, EPERM)) == 0);
    CHECK(!table.synced());
    CHECK(!table.has_changes());
    CHECK(!table.wants_dump());
  }

  TEST_CASE("a dump that fails is reported and wanted again") {
    for (const auto kind : {link_message_kind::dump_done, link_message_kind::refused}) {
      link_table table;
      table.begin_dump(1);
      auto failed = done(1, false, EBUSY);
      failed.kind = kind;
      CHECK(table.apply(failed) == EBUSY);
      CHECK(table.wants_dump());
      CHECK(!table.synced());
    }
  }

  TEST_CASE("a new socket compares its first dump with what was known") {
    auto table = synced_table();
    table.overrun();
    table.begin_dump(2);
    table.restart();
    CHECK(table.wants_dump());
    CHECK(table.links().size() == 2);
    table.begin_dump(3);
    CHECK(table.apply(dumped(3, link(3, "eth1"))) == 0);
    CHECK(table.apply(done(3)) == 0);
    CHECK(table.take_changes() == std::vector<link_change>{{link(2, "eth0"), std::nullopt}});
  }
}
