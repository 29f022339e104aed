// SPDX-License-Identifier: BSL-1.0

#include "election_cluster.hpp"
#include "isat/election/election_machine.hpp"
#include "readings.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace isat::election;
using isat::group_id;
using isat::test::election_cluster;
using isat::test::reading;

constexpr layout single{grouping::single, 1, 3s};
constexpr layout eight{grouping::shards, 8, 3s};
constexpr layout sixteen{grouping::shards, 16, 3s};

void check_safe(const election_cluster& cluster) {
  const std::string first = cluster.violations.empty() ? std::string{} : cluster.violations.front();
  CHECK_MESSAGE(cluster.violations.empty(), first);
}

// Three speakers that all wish `wish`, started together, once every group has a leader.
void start_three(election_cluster& cluster, const layout& wish) {
  for (std::size_t node = 0; node < 3; ++node) cluster.start(node, wish);
  REQUIRE(cluster.run_until([&] { return cluster.all_led(wish.count); }, 10s));
}

std::size_t most(const election_cluster& cluster, std::size_t nodes) {
  std::size_t result = 0;
  for (std::size_t node = 0; node < nodes; ++node) result = std::max(result, cluster.load_of(node));
  return result;
}

}  // namespace

TEST_CASE("in an empty store nobody answers before the layout and every possible lease have run out; then all is led") {
  election_cluster cluster;
  for (std::size_t node = 0; node < 3; ++node) cluster.start(node, eight);
  bool early = false;
  cluster.run_until(
      [&] {
        for (std::size_t node = 0; node < 3; ++node) early = early || cluster.load_of(node) > 0;
        return false;
      },
      3s);
  CHECK_FALSE(early);
  CHECK(cluster.run_until([&] { return cluster.all_led(8); }, 2s));
  check_safe(cluster);
}

TEST_CASE("three speakers that start together share eight groups so that none leads more than three") {
  election_cluster cluster;
  start_three(cluster, eight);
  CHECK(most(cluster, 3) == 3);
  const auto before = cluster.leaders(8);
  cluster.run_for(60s);
  CHECK(cluster.leaders(8) == before);
  check_safe(cluster);
}

TEST_CASE("speakers that start shortly one after the other get their share, too") {
  election_cluster cluster;
  for (std::size_t node = 0; node < 3; ++node) {
    cluster.start(node, eight);
    cluster.run_for(100ms);
  }
  REQUIRE(cluster.run_until([&] { return cluster.all_led(8); }, 10s));
  CHECK(most(cluster, 3) == 3);
  check_safe(cluster);
}

TEST_CASE("the last one to start does not settle before the others have heard of it") {
  election_cluster cluster;
  cluster.watch_delay = 400ms;
  cluster.start(0, eight);
  cluster.start(1, eight);
  cluster.run_for(100ms);
  cluster.start(2, eight);
  REQUIRE(cluster.run_until([&] { return cluster.all_led(8); }, 10s));
  CHECK(most(cluster, 3) == 3);
  check_safe(cluster);
}

TEST_CASE("with rebalancing a group goes to the node it belongs to, although others hear of the release sooner") {
  for (std::size_t victim = 0; victim < 3; ++victim) {
    CAPTURE(victim);
    election_cluster cluster;
    cluster.rebalance = true;
    start_three(cluster, eight);
    cluster.run_for(20s);
    const auto at_first = cluster.leaders(8);
    cluster.crash(victim);
    cluster.run_for(40s);
    cluster.watch_lags[victim] = 150ms;
    cluster.start(victim, eight);
    const std::size_t told = cluster.events.size();
    cluster.run_for(30s);
    CHECK(cluster.leaders(8) == at_first);
    const auto gained = std::count_if(cluster.events.begin() + static_cast<std::ptrdiff_t>(told), cluster.events.end(),
                                      [&](const election_cluster::told& each) {
                                        return each.event.what == lease_change::gained && each.node != victim;
                                      });
    CHECK(gained == 0);
    check_safe(cluster);
  }
}

TEST_CASE("with rebalancing each group goes straight to where it belongs, also to two that return at once") {
  election_cluster cluster;
  cluster.rebalance = true;
  for (std::size_t node = 0; node < 4; ++node) cluster.start(node, eight);
  REQUIRE(cluster.run_until([&] { return cluster.all_led(8); }, 10s));
  cluster.crash(1);
  cluster.run_for(3s);
  cluster.crash(3);
  cluster.run_for(45s);
  cluster.start(1, eight);
  cluster.start(3, eight);
  cluster.run_for(9s);
  const auto before = cluster.leaders(8);
  const std::size_t told = cluster.events.size();
  cluster.run_for(25s);
  const auto after = cluster.leaders(8);
  std::ptrdiff_t moved = 0;
  for (std::size_t group = 0; group < 8; ++group) moved += before[group] != after[group] ? 1 : 0;
  const auto handed_over =
      std::count_if(cluster.events.begin() + static_cast<std::ptrdiff_t>(told), cluster.events.end(),
                    [](const election_cluster::told& each) { return each.event.why == lease_reason::handed_over; });
  CHECK(moved >= 4);
  CHECK(handed_over == moved);
  CHECK(most(cluster, 4) == 2);
  check_safe(cluster);
}

TEST_CASE("the groups of a speaker that crashes are spread over the others at once, and stay there when it returns") {
  for (std::size_t victim = 0; victim < 3; ++victim) {
    CAPTURE(victim);
    election_cluster cluster;
    start_three(cluster, eight);
    cluster.run_for(20s);
    cluster.crash(victim);
    // D after the last renewal, and no delay for a bound: the dead node does not count.
    CHECK(cluster.run_until([&] { return cluster.all_led(8); }, 3s + 100ms));
    CHECK(most(cluster, 3) == 4);
    cluster.run_for(5s);
    const auto after = cluster.leaders(8);
    cluster.start(victim, eight);
    cluster.run_for(60s);
    CHECK(cluster.leaders(8) == after);
    check_safe(cluster);
  }
}

TEST_CASE("with rebalancing a returning speaker gets its share back after the hold-down, and then all is still") {
  for (std::size_t victim = 0; victim < 3; ++victim) {
    CAPTURE(victim);
    election_cluster cluster;
    cluster.rebalance = true;
    start_three(cluster, eight);
    cluster.run_for(20s);
    const auto at_first = cluster.leaders(8);
    cluster.crash(victim);
    REQUIRE(cluster.run_until([&] { return cluster.all_led(8); }, 4s));
    cluster.run_for(40s);
    const auto without = cluster.leaders(8);
    cluster.start(victim, eight);
    cluster.run_for(9s);
    CHECK(cluster.leaders(8) == without);
    cluster.run_for(30s);
    CHECK(cluster.leaders(8) == at_first);
    const std::size_t changes = cluster.events.size();
    cluster.run_for(60s);
    CHECK(cluster.events.size() == changes);
    check_safe(cluster);
  }
}

TEST_CASE("with rebalancing nothing is handed to a speaker that has just crashed") {
  for (std::size_t victim = 0; victim < 3; ++victim) {
    CAPTURE(victim);
    election_cluster cluster;
    cluster.rebalance = true;
    start_three(cluster, eight);
    cluster.run_for(25s);
    cluster.crash(victim);
    REQUIRE(cluster.run_until([&] { return cluster.all_led(8); }, 4s));
    CHECK(cluster.longest_gap(8, 45s) < 50ms);
    CHECK(most(cluster, 3) == 4);
    check_safe(cluster);
  }
}

TEST_CASE("with rebalancing nothing is handed to a speaker that is no candidate") {
  election_cluster cluster;
  cluster.rebalance = true;
  cluster.start(0, eight);
  cluster.start(1, eight);
  cluster.start(2, eight, false);
  REQUIRE(cluster.run_until([&] { return cluster.all_led(8); }, 6s));
  CHECK(most(cluster, 3) == 4);
  CHECK(cluster.longest_gap(8, 60s) < 50ms);
  check_safe(cluster);
}

TEST_CASE("a rolling change of the layout takes effect once, at its end, and every group is led again") {
  election_cluster cluster;
  start_three(cluster, eight);
  for (std::size_t node = 0; node < 3; ++node) {
    CHECK(cluster.layout_record().claim.shape == eight);
    cluster.stop(node);
    REQUIRE(cluster.run_until([&] { return !cluster.runs(node) && cluster.all_led(8); }, 1s));
    cluster.start(node, sixteen);
    cluster.run_for(2s);
  }
  CHECK(cluster.layout_record().claim.shape == sixteen);
  CHECK(cluster.run_until([&] { return cluster.all_led(16); }, 5s));
  CHECK(most(cluster, 3) == 8);  // the third was away when the last wish for the old layout went
  check_safe(cluster);
}

TEST_CASE("after a change that all were there for, each has its share, also one that has just started") {
  election_cluster cluster;
  start_three(cluster, eight);
  for (std::size_t node = 0; node < 3; ++node) {
    CHECK(cluster.layout_record().claim.shape == eight);
    cluster.crash(node);
    cluster.start(node, sixteen);  // its presence of before has never been away
    cluster.run_for(node < 2 ? 4s : 10ms);
  }
  CHECK(cluster.layout_record().claim.shape == sixteen);
  CHECK(cluster.run_until([&] { return cluster.all_led(16); }, 5s));
  CHECK(most(cluster, 3) <= 6);
  const auto before = cluster.leaders(16);
  cluster.run_for(40s);
  CHECK(cluster.leaders(16) == before);
  check_safe(cluster);
}

TEST_CASE("a change that is rolled back before its end changes nothing") {
  election_cluster cluster;
  start_three(cluster, eight);
  const auto record = cluster.layout_record();
  for (const std::size_t node : {0U, 1U}) {
    cluster.stop(node);
    REQUIRE(cluster.run_until([&] { return !cluster.runs(node); }, 1s));
    cluster.start(node, sixteen);
    cluster.run_for(2s);
  }
  for (const std::size_t node : {0U, 1U}) {
    cluster.stop(node);
    REQUIRE(cluster.run_until([&] { return !cluster.runs(node); }, 1s));
    cluster.start(node, eight);
    cluster.run_for(2s);
  }
  cluster.run_for(20s);
  CHECK(cluster.layout_record().at == record.at);
  CHECK(cluster.all_led(8));
  check_safe(cluster);
}

TEST_CASE("a change that is rolled back while it is taking effect is undone, and every group is led again") {
  election_cluster cluster;
  for (std::size_t node = 0; node < 3; ++node) cluster.start(node, eight);
  REQUIRE(cluster.run_until([&] { return cluster.all_led(8); }, 10s));
  for (std::size_t node = 0; node < 3; ++node) {
    cluster.crash(node);
    cluster.start(node, sixteen);
  }
  REQUIRE(cluster.run_until([&] { return cluster.layout_record().claim.shape == sixteen; }, 40s));
  cluster.run_for(1s);
  for (std::size_t node = 0; node < 3; ++node) {
    cluster.crash(node);
    cluster.start(node, eight);
    cluster.run_for(100ms);
  }
  CHECK(cluster.run_until([&] { return cluster.layout_record().claim.shape == eight && cluster.all_led(8); }, 50s));
  check_safe(cluster);
}

TEST_CASE("when the layout cannot be read in time nobody answers, and later on only with a higher term") {
  election_cluster cluster;
  cluster.start(0, single);
  REQUIRE(cluster.run_until([&] { return cluster.leads(0, 0); }, 8s));
  cluster.run_for(5s);
  const std::uint64_t term = cluster.at_node(0).leads(group_id{0}).term;
  cluster.loses = [](std::size_t, election_cluster::kind what, lease_operation) {
    return what == election_cluster::kind::layout;
  };
  const auto silent = [&] { return !cluster.leads(0, 0); };
  CHECK(cluster.run_until(silent, 3s));
  CHECK(cluster.at_node(0).group(0).holds());
  CHECK_FALSE(cluster.run_until([&] { return !silent(); }, 10s));
  CHECK(cluster.at_node(0).leads(group_id{0}) == leadership{});
  cluster.loses = nullptr;
  CHECK(cluster.run_until([&] { return !silent(); }, 1s));
  CHECK(cluster.at_node(0).leads(group_id{0}).term > term);
  check_safe(cluster);
}

TEST_CASE("a reading of the layout that arrives after the last one has run out starts a new term, too") {
  election_cluster cluster;
  cluster.start(0, single);
  REQUIRE(cluster.run_until([&] { return cluster.leads(0, 0); }, 8s));
  // Fed by hand from here on, as of a process that sleeps over the deadline: two readings are lost, one comes late.
  auto& machine = cluster.at_node(0);
  isat::lease_time now = cluster.reading_of(0);
  version at = machine.group(0).view().seen().at;
  std::vector<std::uint64_t> loads;
  while (loads.size() < 3) {
    now = now + 5ms;
    machine.tick(now);
    while (auto request = machine.take_layout_request()) loads.push_back(request->id);
    while (auto request = machine.take_lease_request()) {
      if (request->request.operation != lease_operation::cas) continue;
      ++at.number;
      machine.on_lease_response(now, group_id{0}, {request->request.id, lease_outcome::done, {at, true, {}}, {}});
    }
  }
  const leadership before = machine.leads(group_id{0});
  REQUIRE(before.covers(now));
  const isat::lease_time late = before.valid_until + 1ms;
  REQUIRE(machine.group(0).leads().covers(late));
  machine.on_layout_response(late, {loads.back(), lease_outcome::done, cluster.layout_record(), {}});
  CHECK(machine.leads(group_id{0}) == leadership{});
  while (auto request = machine.take_lease_request()) {
    machine.on_lease_response(late, group_id{0}, {request->request.id, lease_outcome::done, {{1, 1000}, true, {}}, {}});
  }
  CHECK(machine.leads(group_id{0}).covers(late));
  CHECK(machine.leads(group_id{0}).term > before.term);
}

TEST_CASE("another era ends every leadership at once, and so does a layout that is gone") {
  for (const bool gone : {false, true}) {
    CAPTURE(gone);
    election_cluster cluster;
    start_three(cluster, eight);
    if (gone) {
      cluster.edit_layout(std::nullopt);
    } else {
      cluster.edit_layout(layout_claim{layout_phase::open, eight, 4711});
    }
    cluster.run_for(cluster.watch_delay);
    for (std::size_t node = 0; node < 3; ++node) CHECK(cluster.load_of(node) == 0);
    CHECK(cluster.run_until([&] { return cluster.all_led(8); }, 8s));
    CHECK(most(cluster, 3) == 3);
    check_safe(cluster);
  }
}

TEST_CASE("a lease of an era that is not known yet is not taken for missing before the layout has been read") {
  // One group is led by whoever was the first to hear of a change; the other one hears of nothing, but reads now and
  // then.
  election_cluster cluster;
  cluster.groups_wanted = 1;
  for (std::size_t node = 0; node < 2; ++node) cluster.start(node, single);
  REQUIRE(cluster.run_until([&] { return cluster.all_led(1); }, 8s));
  cluster.watch_delay = 10s;
  layout_claim next = cluster.layout_record().claim;
  next.era = era_of(generation_of(next.era) + 1, 4711);
  next.phase = layout_phase::opening;
  cluster.edit_layout(next);
  std::vector<node_id> holders;
  for (int step = 0; step < 3000; ++step) {
    cluster.run_for(10ms);
    const lease_claim& claim = cluster.lease_record(0).claim;
    if (claim.era == next.era && (holders.empty() || holders.back() != claim.node)) holders.push_back(claim.node);
  }
  CHECK(holders.size() == 1);
  CHECK(cluster.all_led(1));
  check_safe(cluster);
}

TEST_CASE("a layout of the past that is put back gives nobody a second owner") {
  election_cluster cluster;
  start_three(cluster, sixteen);
  const layout_claim past = cluster.layout_record().claim;
  for (std::size_t node = 0; node < 3; ++node) {
    cluster.stop(node);
    cluster.run_for(1s);
    cluster.start(node, eight);
    cluster.run_for(1s);
  }
  REQUIRE(cluster.run_until([&] { return cluster.all_led(8); }, 12s));
  REQUIRE(cluster.layout_record().claim.shape == eight);
  // One of them leads and hears nothing from now on; the others find out by reading.
  cluster.watch_delay = 10s;
  cluster.loses = [](std::size_t node, auto, auto) { return node == 0; };
  cluster.edit_layout(past);
  CHECK(cluster.run_until([&] { return cluster.layout_record().claim.era != past.era; }, 5s));
  CHECK(cluster.layout_record().claim.phase == layout_phase::opening);
  cluster.run_for(4s);
  cluster.loses = nullptr;
  CHECK(cluster.run_until([&] { return cluster.all_led(8); }, 12s));
  check_safe(cluster);
}

TEST_CASE("the own era seen opening again stops answers until it is open, and the leases are kept") {
  election_cluster cluster;
  start_three(cluster, eight);
  const auto before = cluster.leaders(8);
  layout_claim claim = cluster.layout_record().claim;
  claim.phase = layout_phase::opening;
  cluster.edit_layout(claim);
  cluster.run_for(cluster.watch_delay);
  for (std::size_t node = 0; node < 3; ++node) {
    CHECK(cluster.load_of(node) == 0);
    CHECK(cluster.at_node(node).group(0).view().seen().claim.era == claim.era);
  }
  CHECK(cluster.run_until([&] { return cluster.all_led(8); }, 3s + 100ms));
  CHECK(cluster.leaders(8) == before);
  check_safe(cluster);
}

TEST_CASE("a speaker that stops gives everything to the others within a few round trips, and leaves no presence") {
  election_cluster cluster;
  start_three(cluster, eight);
  cluster.run_for(20s);
  for (std::size_t node = 0; node < 2; ++node) {
    CHECK(cluster.has_presence(node));
    cluster.stop(node);
    CHECK(cluster.load_of(node) == 0);
    CHECK(cluster.run_until([&] { return cluster.all_led(8); }, 20ms));
    CHECK(cluster.run_until([&] { return !cluster.runs(node); }, 20ms));
    CHECK_FALSE(cluster.has_presence(node));
    CHECK(most(cluster, 3) <= (node == 0 ? 5U : 8U));
  }
  check_safe(cluster);
}

TEST_CASE("the groups of a speaker that stops are spread evenly, though its releases are told one after the other") {
  for (std::size_t first = 0; first < 21; first += 7) {  // other nodes, other places
    election_cluster cluster;
    cluster.groups_wanted = 8;
    auto instant = cluster.now();
    auto apart = 0us;
    cluster.loses = [&](std::size_t, election_cluster::kind, lease_operation) {
      if (std::exchange(instant, cluster.now()) != cluster.now()) apart = 0us;
      cluster.request_delay = 1ms + apart;
      apart += 50us;
      return false;
    };
    for (std::size_t node = 0; node < 3; ++node) cluster.start(first + node, eight);
    REQUIRE(cluster.run_until([&] { return cluster.all_led(8); }, 20s));
    cluster.run_for(20s);
    cluster.stop(first + 2);
    cluster.run_for(3s);
    CHECK(cluster.load_of(first) == 4);
    CHECK(cluster.load_of(first + 1) == 4);
    check_safe(cluster);
  }
}

TEST_CASE("a speaker that stops while its store is away ends all the same") {
  election_cluster cluster;
  cluster.start(0, eight);
  REQUIRE(cluster.run_until([&] { return cluster.all_led(8); }, 8s));
  cluster.loses = [](std::size_t, election_cluster::kind, lease_operation) { return true; };
  cluster.run_for(1s);
  cluster.stop(0);
  CHECK(cluster.run_until([&] { return !cluster.runs(0); }, 5s));
}

TEST_CASE("a speaker that is stopped at any moment of its start ends and leaves neither presence nor a live lease") {
  for (std::chrono::nanoseconds after = 0ms; after < 1200ms; after += 1ms) {
    CAPTURE(after.count());
    election_cluster cluster;
    cluster.start(0, eight);
    cluster.run_for(after < 20ms ? after : (after - 20ms) * 5);
    cluster.stop(0);
    CHECK(cluster.run_until([&] { return !cluster.runs(0); }, 4s));
    cluster.run_for(10ms);  // what is on its way
    CHECK_FALSE(cluster.has_presence(0));
    after += after < 20ms ? 0ms : 48ms;
  }
}

TEST_CASE("a single group needs neither presence nor the time to hear of others") {
  election_cluster cluster;
  cluster.loses = [](std::size_t, election_cluster::kind what, lease_operation) {
    return what == election_cluster::kind::presence;
  };
  cluster.start(0, single);
  cluster.run_for(100ms);
  CHECK(cluster.at_node(0).group(0).status() == lease_status::silent);
  CHECK(cluster.run_until([&] { return cluster.leads(0, 0); }, 3s + 60ms));
}

TEST_CASE("groups beyond the largest layout are ignored") {
  election_machine machine{{isat::test::election_cluster::node_of(0), eight, {}, 3s, false, 1}};
  lease_sight sight;
  sight.at = {1, 1};
  sight.exists = true;
  machine.set_candidate(reading(1s), group_id{256}, true);
  machine.set_candidate(reading(1s), group_id{~0U}, true);
  machine.on_lease(reading(1s), group_id{256}, sight);
  machine.on_lease(reading(1s), group_id{~0U}, sight);
  CHECK(machine.size() == 0);
  CHECK(machine.find(group_id{255}) == nullptr);
  machine.on_lease(reading(1s), group_id{255}, sight);
  CHECK(machine.find(group_id{255}) != nullptr);
  CHECK(machine.size() == 256);
  CHECK(machine.leads(group_id{255}) == leadership{});
  CHECK(machine.leads(group_id{~0U}) == leadership{});
}

TEST_CASE("another process under the same name is noticed, but not by a late sight of the one before") {
  election_cluster cluster;
  cluster.start(0, eight);
  cluster.run_for(1s);
  cluster.crash(0);
  cluster.start(0, eight);
  cluster.run_for(2s);
  auto& machine = cluster.at_node(0);
  presence_sight sight;
  sight.exists = true;
  sight.at = {1, 1};
  sight.claim = {election_cluster::node_of(0), 4711, 1, eight};
  machine.on_presence(cluster.reading_of(0), election_cluster::node_of(0), sight);
  CHECK_FALSE(machine.name_is_taken());
  sight.at = {1, 100};
  machine.on_presence(cluster.reading_of(0), election_cluster::node_of(0), sight);
  CHECK(machine.name_is_taken());
}

TEST_CASE("for each key one speaker comes first, candidate or not, and the next one when it is gone") {
  constexpr std::uint64_t keys = 30;
  election_cluster cluster;
  for (std::size_t node = 0; node < 3; ++node) cluster.start(node, eight, node != 2);
  for (std::size_t node = 0; node < 3; ++node) CHECK_FALSE(cluster.at_node(node).comes_first(1));  // not listed yet
  cluster.run_for(2s);
  const auto first_of = [&](std::uint64_t key) {
    std::vector<std::size_t> first;
    for (std::size_t node = 0; node < 3; ++node) {
      if (cluster.runs(node) && cluster.at_node(node).comes_first(key)) first.push_back(node);
    }
    return first;
  };
  std::vector<std::size_t> at_first;
  for (std::uint64_t key = 0; key < keys; ++key) {
    REQUIRE(first_of(key).size() == 1);
    at_first.push_back(first_of(key).front());
  }
  for (std::size_t node = 0; node < 3; ++node) CHECK(std::ranges::count(at_first, node) > 3);
  cluster.crash(1);
  cluster.run_for(31s);
  for (std::uint64_t key = 0; key < keys; ++key) {
    const auto now = first_of(key);
    REQUIRE(now.size() == 1);
    CHECK((at_first[key] == 1 ? now.front() != 1 : now.front() == at_first[key]));
  }
  cluster.stop(2);
  CHECK_FALSE(cluster.at_node(2).comes_first(1));
  cluster.run_for(1s);
  for (std::uint64_t key = 0; key < keys; ++key) CHECK(first_of(key) == std::vector<std::size_t>{0});
}

TEST_CASE("a store that is away costs a bounded number of requests, and its return brings everything back") {
  election_cluster cluster;
  start_three(cluster, eight);
  const auto before = cluster.leaders(8);
  cluster.loses = [](std::size_t, election_cluster::kind, lease_operation) { return true; };
  cluster.run_for(5s);
  for (std::size_t node = 0; node < 3; ++node) CHECK(cluster.load_of(node) == 0);
  const std::size_t leases = cluster.requests_of(0, election_cluster::kind::lease);
  const std::size_t layouts = cluster.requests_of(0, election_cluster::kind::layout);
  cluster.run_for(60s);
  CHECK(cluster.requests_of(0, election_cluster::kind::lease) - leases < 60 * 8 * 4);
  CHECK(cluster.requests_of(0, election_cluster::kind::layout) - layouts < 60 * 2);
  cluster.loses = nullptr;
  CHECK(cluster.run_until([&] { return cluster.all_led(8); }, 2s));
  cluster.run_for(11s);
  CHECK(cluster.leaders(8) == before);
  check_safe(cluster);
}

TEST_CASE("requests that are lost now and then never lead to two answerers, and all is led in the end") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    CAPTURE(seed);
    election_cluster cluster;
    isat::detail::id_sequence random{seed};
    cluster.rebalance = true;
    cluster.loses = [&](std::size_t, election_cluster::kind, lease_operation) { return random.next() % 4 == 0; };
    cluster.request_delay = 40ms;
    cluster.watch_delay = 80ms;
    for (std::size_t node = 0; node < 3; ++node) cluster.start(node, eight);
    for (std::size_t round = 0; round < 9; ++round) {
      cluster.run_for(4s);
      const std::size_t node = round % 3;
      cluster.crash(node);
      cluster.run_for(round % 2 == 0 ? 4s : 500ms);
      cluster.start(node, round < 6 ? sixteen : eight);
    }
    cluster.loses = nullptr;
    CHECK(cluster.run_until([&] { return cluster.all_led(8); }, 60s));
    check_safe(cluster);
  }
}

TEST_CASE("speakers that all ended and start again share the groups as at first, however they ended") {
  for (const bool killed : {false, true}) {
    CAPTURE(killed);
    election_cluster cluster;
    start_three(cluster, eight);
    cluster.run_for(5s);
    for (std::size_t node = 0; node < 3; ++node) {
      if (killed) cluster.crash(node);
      if (!killed) cluster.stop(node);
      cluster.run_for(100ms);
    }
    for (std::size_t node = 0; node < 3; ++node) cluster.start(node, eight);
    CHECK(cluster.run_until([&] { return cluster.all_led(8); }, 5s));
    CHECK(most(cluster, 3) == 3);
    check_safe(cluster);
  }
}
