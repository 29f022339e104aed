// SPDX-License-Identifier: BSL-1.0

#include "service_facts_builder.hpp"
#include "trouble_watch.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace speakerd;
using namespace isat::kubernetes;
using namespace isat::test;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;

const std::string nothing_serves = "192.0.2.1 of a/web is not announced: no endpoint is ready or serving";
const std::string again = "192.0.2.1 of a/web can be announced again";
const std::string no_local_one =
    "node here cannot announce 192.0.2.1 of a/web: it has no endpoint of a Service with externalTrafficPolicy Local";

/// A table of node "here", what watches it, and a clock.
struct watched {
  watched() {
    for (const auto kind : {object_kind::service, object_kind::slice, object_kind::node}) table.begin_list(kind);
    table.set(node("here"));
    for (const auto kind : {object_kind::service, object_kind::slice, object_kind::node}) table.end_list(kind);
    settle();
  }
  /// The Service a/web at 192.0.2.1.
  void set(bool local = false) {
    auto facts = service("web", {"192.0.2.1"});
    facts.local = local;
    table.set(facts);
    settle();
  }
  void set_endpoints(const strings& nodes) {
    table.set(slice("web", "web", nodes));
    settle();
  }
  void settle() {
    while (table.take_change()) {
    }
    while (const auto notice = table.take_notice()) watch.note(now, *notice);
  }
  /// What is told until so much time has passed: "line: …", "event: …" with the term if there is one.
  strings hears(std::chrono::nanoseconds during) {
    const auto end = now + during;
    strings all;
    while (watch.wake() && *watch.wake() <= end) {
      now = std::max(now, *watch.wake());
      for (const auto& told : watch.take(now)) {
        if (told.line) all.push_back("line: " + to_text(told.notice));
        if (told.event)
          all.push_back((told.term != 0 ? std::to_string(told.term) + " " : "") + "event: " + to_text(told.notice));
      }
    }
    now = end;
    return all;
  }

  service_table table{{"here"}};
  bool is_first = true;
  std::set<std::uint64_t> keys;  // for which that was asked
  std::uint64_t term = 0;        // in which the group of all is led here
  trouble_watch watch{table,
                      {[this](std::uint64_t key) {
                         keys.insert(key);
                         return is_first;
                       },
                       [this](isat::ipv4_address) { return term; }}};
  trouble_watch::time_point now{1h};
};

}  // namespace

TEST_CASE("a Service whose endpoints come a moment after it is no trouble") {
  watched w;
  w.set();
  CHECK(w.hears(1s) == strings{});
  w.set_endpoints({"there"});
  CHECK(w.hears(1min) == strings{});
  CHECK_FALSE(w.watch.wake());
}

TEST_CASE("what lasts is told once, by a line of each node and the Events of the first one") {
  watched w;
  SUBCASE("that is this one") {
    w.set();
    CHECK(w.hears(2s - 1ns) == strings{});
    CHECK(w.hears(1ns) == strings{"line: " + nothing_serves, "event: " + nothing_serves});
    CHECK_FALSE(w.watch.wake());
  }
  SUBCASE("that is another") {
    w.is_first = false;
    w.set();
    CHECK(w.hears(1min) == strings{"line: " + nothing_serves});
  }
  CHECK(w.keys.size() == 1);
  w.table.set(node("here"));
  w.settle();
  CHECK(w.hears(1min) == strings{});
  w.set_endpoints({"there"});
  CHECK(w.hears(0s) == strings{"line: " + again});
  CHECK(w.hears(1min) == strings{});
  CHECK_FALSE(w.watch.wake());
}

TEST_CASE("when the node that comes first is gone, the next one tells what still is so") {
  watched w;
  w.is_first = false;
  w.set();
  w.hears(1min);
  SUBCASE("it is so") {
    w.is_first = true;
    CHECK(w.hears(trouble_watch::review_period) == strings{"event: " + nothing_serves});
    w.is_first = false;
    CHECK(w.hears(1min) == strings{});
    w.is_first = true;
    CHECK(w.hears(1min) == strings{});
  }
  SUBCASE("it is so no more, for the Service has gone") {
    w.table.erase_service({"a", "web"});
    w.settle();
    w.is_first = true;
    CHECK(w.hears(1min) == strings{});
  }
  CHECK_FALSE(w.watch.wake());
}

TEST_CASE("what has begun again is told again") {
  watched w;
  w.set();
  CHECK(w.hears(1min).size() == 2);
  w.set_endpoints({"there"});
  CHECK(w.hears(1s).size() == 1);
  w.set_endpoints({});
  CHECK(w.hears(1min) == strings{"line: " + nothing_serves, "event: " + nothing_serves});
}

TEST_CASE("an end is told where the beginning was, also if something was told between what ended it and its news") {
  for (const bool is_told : {true, false}) {
    CAPTURE(is_told);
    watched w;
    w.set();
    CHECK(w.hears(is_told ? 2s : 1s).size() == (is_told ? 2 : 0));
    w.table.set(slice("web", "web", {"there"}));
    w.watch.note_leadership(w.now);
    CHECK(w.hears(0s) == strings{});
    w.settle();
    CHECK(w.hears(1min) == (is_told ? strings{"line: " + again} : strings{}));
    CHECK_FALSE(w.watch.wake());
  }
}

TEST_CASE("what was told of a Service that has gone has no end, nor has one that comes after it") {
  watched w;
  w.set();
  CHECK(w.hears(2s).size() == 2);
  w.table.erase_service({"a", "web"});
  w.settle();
  w.watch.note_leadership(w.now);
  CHECK(w.hears(1min) == strings{});
  w.set();
  w.set_endpoints({"there"});
  CHECK(w.hears(1min) == strings{});
  CHECK_FALSE(w.watch.wake());
}

TEST_CASE("what comes and goes faster than it would be told is never told") {
  watched w;
  w.set();
  for (int round = 0; round < 10; ++round) {
    CHECK(w.hears(1500ms) == strings{});
    w.set_endpoints({"there"});
    CHECK(w.hears(100ms) == strings{});
    w.set_endpoints({});
  }
  CHECK(w.hears(2s).size() == 2);
}

TEST_CASE("trouble that turns into another is told as what it is, as early as the first, and its end once") {
  watched w;
  w.set();
  const strings said{"line: 192.0.2.1 of a/web is not announced: it is the address of Node there",
                     "event: 192.0.2.1 of a/web is not announced: it is the address of Node there"};
  SUBCASE("before it is told") {
    CHECK(w.hears(1500ms) == strings{});
    w.table.set(node("there", {"192.0.2.1"}));
    w.settle();
    CHECK(w.hears(500ms) == said);
  }
  SUBCASE("after it was told") {
    CHECK(w.hears(2s).size() == 2);
    w.table.set(node("there", {"192.0.2.1"}));
    w.settle();
    SUBCASE("and lasts") { CHECK(w.hears(2s) == said); }
    SUBCASE("and does not last: the end is that of the first") {}
  }
  w.set_endpoints({"there"});
  w.table.erase_node("there");
  w.settle();
  CHECK(w.hears(1min) == strings{"line: " + again});
}

TEST_CASE("that an interface of this node carries an address is told by this node, whoever comes first") {
  watched w;
  w.is_first = false;
  w.set_endpoints({"there"});
  w.set();
  w.table.set_carried_addresses(addresses_of({"192.0.2.1"}));
  w.settle();
  const std::string said = "192.0.2.1 of a/web is not announced: an announcing interface of node here carries it";
  CHECK(w.hears(1min) == strings{"line: " + said, "event: " + said});
}

TEST_CASE("each entry of a status and each port that two want is told by whoever comes first for its Service or VIP") {
  watched w;
  w.set_endpoints({"there"});
  auto facts = service("web", {"192.0.2.1"});
  facts.ports = {{port_protocol::tcp, 80}};
  facts.flaws = {{ingress_flaw::unreadable, "gar.bage"}, {ingress_flaw::ipv6, "2001:db8::1"}};
  w.table.set(facts);
  facts = service("twin", {"192.0.2.1"});
  facts.ports = {{port_protocol::tcp, 80}};
  w.table.set(facts);
  w.settle();
  const auto all = w.hears(1min);
  CHECK(all.size() == 6);
  CHECK(w.keys.size() == 2);
  CHECK_FALSE(w.watch.wake());
}

TEST_CASE("that nobody announces the address of a Local Service is told by the leader of its group") {
  watched w;
  w.set_endpoints({"there"});
  w.set(true);
  SUBCASE("a node that does not lead is silent, and asks nobody") {
    CHECK(w.hears(1min) == strings{});
    CHECK_FALSE(w.watch.wake());
    CHECK(w.keys.empty());
  }
  SUBCASE("one that led before tells when it has lasted") {
    w.term = 7;
    CHECK(w.hears(2s - 1ns) == strings{});
    CHECK(w.hears(1min) == strings{"line: " + no_local_one, "7 event: " + no_local_one});
    SUBCASE("and in another term once more") {
      w.watch.note_leadership(w.now);
      CHECK(w.hears(1min) == strings{});
      w.term = 9;
      w.watch.note_leadership(w.now);
      CHECK(w.hears(1min) == strings{"line: " + no_local_one, "9 event: " + no_local_one});
    }
    SUBCASE("and once more when it has begun again") {
      w.set_endpoints({"here"});
      CHECK(w.hears(1min) == strings{});
      w.set_endpoints({"there"});
      CHECK(w.hears(1min) == strings{"line: " + no_local_one, "7 event: " + no_local_one});
    }
  }
  SUBCASE("one that leads later tells at once") {
    CHECK(w.hears(1min) == strings{});
    auto other = service("too", {"192.0.2.1"});
    w.table.set(other);
    w.settle();
    w.term = 8;
    w.watch.note_leadership(w.now);
    CHECK(w.hears(0s).size() == 2);
  }
  SUBCASE("unless there is an endpoint by then") {
    CHECK(w.hears(1min) == strings{});
    w.set_endpoints({"there", "here"});
    w.term = 8;
    w.watch.note_leadership(w.now);
    CHECK(w.hears(1min) == strings{});
  }
}

TEST_CASE("of what needs no telling nothing is kept") {
  watched w;
  service_notice notice;
  for (const auto kind : {notice_kind::none, notice_kind::node, notice_kind::joined}) {
    notice.kind = kind;
    notice.standing = vip_standing::node_excluded;
    w.watch.note(w.now, notice);
    CHECK_FALSE(w.watch.wake());
  }
}
