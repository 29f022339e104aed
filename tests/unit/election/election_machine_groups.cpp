// SPDX-License-Identifier: BSL-1.0

// The election machine where each address is a group of its own: groups that come and go, and what becomes of their
// records.

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
using isat::ipv4_address;
using isat::test::election_cluster;
using isat::test::reading;

constexpr layout own_groups{grouping::service, 0, 3s};
constexpr layout eight{grouping::shards, 8, 3s};
constexpr std::size_t nobody = election_cluster::nobody;

void check_safe(const election_cluster& cluster) {
  const std::string first = cluster.violations.empty() ? std::string{} : cluster.violations.front();
  CHECK_MESSAGE(cluster.violations.empty(), first);
}

std::size_t leader(const election_cluster& cluster, std::uint32_t vip) {
  return cluster.leader_of(election_cluster::own_group(vip));
}

bool has_record(election_cluster& cluster, std::uint32_t vip) {
  return cluster.lease_record(election_cluster::own_group(vip)).exists;
}

/// Nodes that have all VIPs below `count`, each told of them in another order, so that their ids differ.
void start(election_cluster& cluster, std::size_t nodes, std::uint32_t count, const layout& wish = own_groups) {
  for (std::size_t node = 0; node < nodes; ++node) {
    cluster.start(node, wish);
    for (std::uint32_t at = 0; at < count; ++at) {
      cluster.want(node, (at + static_cast<std::uint32_t>(node) * 5) % count, true);
    }
  }
}

std::vector<std::size_t> leaders(const election_cluster& cluster, std::uint32_t count, std::uint32_t first = 0) {
  std::vector<std::size_t> result;
  for (std::uint32_t vip = first; vip < count; ++vip) result.push_back(leader(cluster, vip));
  return result;
}

bool all_led(const election_cluster& cluster, std::uint32_t count, std::uint32_t first = 0) {
  const auto by = leaders(cluster, count, first);
  return std::find(by.begin(), by.end(), nobody) == by.end();
}

void want_everywhere(election_cluster& cluster, std::size_t nodes, std::uint32_t vip, bool wanted) {
  for (std::size_t node = 0; node < nodes; ++node) cluster.want(node, vip, wanted);
}

}  // namespace

TEST_CASE("each address is led by one node, and they are shared out evenly although every node has other ids") {
  election_cluster cluster;
  start(cluster, 3, 12);
  REQUIRE(cluster.run_until([&] { return all_led(cluster, 12); }, 10s));
  const auto before = leaders(cluster, 12);
  for (std::size_t node = 0; node < 3; ++node) CHECK(std::count(before.begin(), before.end(), node) == 4);
  CHECK(cluster.names_of(0).find(election_cluster::address_of(0)) !=
        cluster.names_of(1).find(election_cluster::address_of(0)));
  cluster.run_for(30s);
  CHECK(leaders(cluster, 12) == before);
  check_safe(cluster);
}

TEST_CASE("a node that ends or dies leaves its addresses to those that have them, under their bound") {
  election_cluster cluster;
  start(cluster, 3, 12);
  REQUIRE(cluster.run_until([&] { return all_led(cluster, 12); }, 10s));
  cluster.stop(2);
  CHECK(cluster.run_until([&] { return all_led(cluster, 12); }, 500ms));
  auto by = leaders(cluster, 12);
  CHECK(std::count(by.begin(), by.end(), std::size_t{0}) == 6);
  cluster.crash(1);
  CHECK(cluster.run_until([&] { return all_led(cluster, 12); }, 4s));
  by = leaders(cluster, 12);
  CHECK(std::count(by.begin(), by.end(), std::size_t{0}) == 12);
  check_safe(cluster);
}

TEST_CASE("what only one node has is led by that one") {
  election_cluster cluster;
  start(cluster, 3, 6);
  for (std::uint32_t vip = 10; vip < 13; ++vip) cluster.want(vip - 10, vip, true);
  REQUIRE(cluster.run_until([&] { return all_led(cluster, 6) && all_led(cluster, 13, 10); }, 10s));
  for (std::uint32_t vip = 10; vip < 13; ++vip) CHECK(leader(cluster, vip) == vip - 10);
  cluster.want(0, 10, false);
  CHECK(leader(cluster, 10) == nobody);
  cluster.run_for(20s);
  CHECK(leader(cluster, 10) == nobody);
  check_safe(cluster);
}

TEST_CASE("a new address is answered for when its silence is over, and the others do not notice") {
  election_cluster cluster;
  start(cluster, 3, 6);
  REQUIRE(cluster.run_until([&] { return all_led(cluster, 6); }, 10s));
  const auto before = leaders(cluster, 6);
  want_everywhere(cluster, 3, 20, true);
  CHECK(cluster.run_until([&] { return leader(cluster, 20) != nobody; }, 4s));
  CHECK(leaders(cluster, 6) == before);
  check_safe(cluster);
}

TEST_CASE("an address that its node had let go of and that nobody took is led by it again at once") {
  election_cluster cluster;
  start(cluster, 2, 2);
  cluster.want(0, 7, true);
  REQUIRE(cluster.run_until([&] { return leader(cluster, 7) == 0; }, 10s));
  cluster.want(0, 7, false);
  cluster.run_for(2s);
  cluster.want(0, 7, true);
  CHECK(cluster.run_until([&] { return leader(cluster, 7) == 0; }, 500ms));
  check_safe(cluster);
}

TEST_CASE("the record of an address that nobody has is removed by one node, a minute after its release") {
  election_cluster cluster;
  start(cluster, 3, 4);
  REQUIRE(cluster.run_until([&] { return all_led(cluster, 4); }, 10s));
  std::size_t removals = 0;
  cluster.loses = [&](std::size_t, election_cluster::kind what, lease_operation operation) {
    removals += std::size_t{what == election_cluster::kind::lease && operation == lease_operation::remove};
    return false;
  };
  want_everywhere(cluster, 3, 2, false);
  cluster.run_for(59s);
  CHECK(has_record(cluster, 2));
  CHECK(removals == 0);
  CHECK(cluster.run_until([&] { return !has_record(cluster, 2); }, 6s));
  cluster.run_for(1s);
  for (std::size_t node = 0; node < 3; ++node) {
    CHECK_FALSE(cluster.names_of(node).find(election_cluster::address_of(2)));
    CHECK(cluster.names_of(node).size() == 3);
  }
  cluster.run_for(120s);
  CHECK(removals == 1);
  for (const std::uint32_t vip : {0U, 1U, 3U}) CHECK(has_record(cluster, vip));
  want_everywhere(cluster, 3, 2, true);
  CHECK(cluster.run_until([&] { return all_led(cluster, 4); }, 4s));
  check_safe(cluster);
}

TEST_CASE("a node that does not have an address never removes what another leads") {
  election_cluster cluster;
  start(cluster, 2, 2);
  cluster.want(1, 9, true);
  REQUIRE(cluster.run_until([&] { return leader(cluster, 9) == 1; }, 10s));
  cluster.run_for(200s);
  CHECK(leader(cluster, 9) == 1);
  check_safe(cluster);
}

TEST_CASE("what a node has left that died is removed a minute after it could have been taken; so it comes back") {
  election_cluster cluster;
  start(cluster, 2, 2);
  cluster.want(1, 9, true);
  REQUIRE(cluster.run_until([&] { return leader(cluster, 9) == 1; }, 10s));
  cluster.crash(1);
  cluster.run_for(62s);  // the lease takes three seconds of it, less one renewal
  CHECK(has_record(cluster, 9));
  CHECK(cluster.run_until([&] { return !has_record(cluster, 9); }, 6s));
  cluster.run_for(1s);
  CHECK_FALSE(cluster.names_of(0).find(election_cluster::address_of(9)));
  cluster.start(1, own_groups);
  cluster.want(1, 9, true);
  CHECK(cluster.run_until([&] { return leader(cluster, 9) == 1; }, 10s));
  check_safe(cluster);
}

TEST_CASE("an address that goes while its group is silent still leaves no record, once nobody can wait for it") {
  election_cluster cluster;
  start(cluster, 2, 2);
  REQUIRE(cluster.run_until([&] { return all_led(cluster, 2); }, 10s));
  want_everywhere(cluster, 2, 9, true);
  REQUIRE(cluster.run_until([&] { return has_record(cluster, 9); }, 1s));
  want_everywhere(cluster, 2, 9, false);
  cluster.run_for(62s);
  CHECK(cluster.lease_record(election_cluster::own_group(9)).claim.mode == lease_mode::waiting);
  CHECK(cluster.run_until([&] { return !has_record(cluster, 9); }, 6s));
  cluster.run_for(1s);
  for (std::size_t node = 0; node < 2; ++node) CHECK(cluster.names_of(node).size() == 2);
  check_safe(cluster);
}

TEST_CASE("an address that is led again before its minute is over keeps its record") {
  election_cluster cluster;
  start(cluster, 2, 1);
  cluster.want(1, 9, true);
  REQUIRE(cluster.run_until([&] { return leader(cluster, 9) == 1; }, 10s));
  cluster.want(1, 9, false);
  // Node 1 hears nothing new and does not write; node 0 asks late, when the record is held again.
  cluster.run_for(50s);
  cluster.want(1, 9, true);
  REQUIRE(cluster.run_until([&] { return leader(cluster, 9) == 1; }, 1s));
  CHECK(cluster.longest_gap(0, 100s) == 0s);
  CHECK(leader(cluster, 9) == 1);
  check_safe(cluster);
}

TEST_CASE("from one layout to the other and back all is led, and the records that are left over are removed") {
  election_cluster cluster;
  start(cluster, 2, 3, eight);
  REQUIRE(cluster.run_until([&] { return cluster.all_led(8); }, 10s));
  for (std::size_t node = 0; node < 2; ++node) {
    cluster.stop(node);
    REQUIRE(cluster.run_until([&] { return !cluster.runs(node); }, 1s));
    cluster.start(node, own_groups);
    for (std::uint32_t vip = 0; vip < 3; ++vip) cluster.want(node, vip, true);
    cluster.run_for(2s);
  }
  REQUIRE(cluster.run_until([&] { return all_led(cluster, 3); }, 10s));
  CHECK_FALSE(cluster.all_led(8));
  cluster.run_for(70s);
  for (std::uint32_t group = 0; group < 8; ++group) CHECK_FALSE(cluster.lease_record(group).exists);
  for (std::size_t node = 0; node < 2; ++node) {
    cluster.stop(node);
    REQUIRE(cluster.run_until([&] { return !cluster.runs(node); }, 1s));
    cluster.start(node, eight);
    cluster.run_for(2s);
  }
  REQUIRE(cluster.run_until([&] { return cluster.all_led(8); }, 10s));
  CHECK(has_record(cluster, 0));
  cluster.run_for(70s);
  for (std::uint32_t vip = 0; vip < 3; ++vip) CHECK_FALSE(has_record(cluster, vip));
  CHECK(cluster.all_led(8));
  check_safe(cluster);
}

TEST_CASE("nothing is handed over for balance, for nobody knows who has an address") {
  election_cluster cluster;
  cluster.rebalance = true;
  start(cluster, 1, 6);
  cluster.start(1, own_groups);
  cluster.want(1, 20, true);
  REQUIRE(cluster.run_until([&] { return all_led(cluster, 6) && leader(cluster, 20) == 1; }, 10s));
  const std::size_t before = cluster.events.size();
  cluster.run_for(60s);
  CHECK(cluster.events.size() == before);
  check_safe(cluster);
}

TEST_CASE("requests that are lost now and then never lead to two answerers, though addresses come and go") {
  election_cluster cluster;
  isat::detail::id_sequence random{4711};
  cluster.loses = [&](std::size_t, election_cluster::kind, lease_operation) { return random.next() % 10 == 0; };
  start(cluster, 3, 6);
  for (int step = 0; step < 150; ++step) {
    const auto vip = static_cast<std::uint32_t>(random.next() % 6);
    const std::uint64_t what = random.next() % 4;
    if (what == 0) want_everywhere(cluster, 3, vip, random.next() % 2 == 0);
    if (what != 0) cluster.want(random.next() % 3, vip, random.next() % 3 != 0);
    cluster.run_for(std::chrono::milliseconds{random.next() % 4000});
  }
  cluster.loses = {};
  for (std::uint32_t vip = 0; vip < 6; ++vip) want_everywhere(cluster, 3, vip, true);
  CHECK(cluster.run_until([&] { return all_led(cluster, 6); }, 20s));
  check_safe(cluster);
}

namespace {

/// One machine under the test's hand, whose layout is open and read.
struct bench {
  bench() {
    names.want(vip);
    names.use(id);
    machine.on_listed(now);
    answer_layout();
    machine.set_candidate(now, id, true);
  }
  void answer_layout() {
    for (int turn = 0; turn < 4; ++turn) {
      while (const auto asked = machine.take_layout_request()) {
        layout_response response{asked->id, lease_outcome::done, {}, {}};
        response.sight = {{1, 1}, true, {layout_phase::open, own_groups, 0x10000000001}, false};
        machine.on_layout_response(now, response);
      }
      while (const auto asked = machine.take_presence_request()) {
        machine.on_presence_response(now, {asked->id, lease_outcome::done, {{1, 1}, false, {}, false}, {}});
      }
      now = reading(step += 50ms);
      machine.tick(now);
    }
  }
  std::optional<group_request> next(lease_operation wanted) {
    for (int turn = 0; turn < 40; ++turn) {
      answer_layout();
      while (const auto asked = machine.take_lease_request()) {
        if (asked->request.operation == wanted) return asked;
      }
    }
    return std::nullopt;
  }

  ipv4_address vip{0x0a000001U};
  group_names names;
  group_id id{256};
  std::chrono::nanoseconds step = 1s;
  isat::lease_time now = reading(step);
  election_machine machine{{election_cluster::node_of(0), own_groups, {}, 3s, false, 1, &names}};
};

}  // namespace

TEST_CASE("an id is given up when nothing of its group is left, and answers to its last machine are ignored") {
  bench at;
  const auto first = at.next(lease_operation::load);
  REQUIRE(first);
  CHECK(first->group == at.id);
  CHECK_FALSE(at.machine.take_ceased());
  at.machine.set_candidate(at.now, at.id, false);
  REQUIRE(at.machine.take_ceased() == at.id);
  CHECK_FALSE(at.machine.take_ceased());
  CHECK(at.machine.find(at.id) == nullptr);
  // The same address again, and so the same id: the machine is another one, and so are its requests.
  at.machine.set_candidate(at.now, at.id, true);
  const auto second = at.next(lease_operation::load);
  REQUIRE(second);
  CHECK(second->request.id != first->request.id);
  lease_response late{first->request.id, lease_outcome::done, {{5, 5}, true, {}, false}, {}};
  at.machine.on_lease_response(at.now, at.id, late);
  CHECK_FALSE(at.machine.find(at.id)->view().known());
  late.id = second->request.id;
  at.machine.on_lease_response(at.now, at.id, late);
  CHECK(at.machine.find(at.id)->view().known());
}

TEST_CASE("an id is not given up while its record is there or a write may yet take effect") {
  bench at;
  const auto load = at.next(lease_operation::load);
  REQUIRE(load);
  at.machine.on_lease_response(at.now, at.id, {load->request.id, lease_outcome::done, {{}, false, {}, false}, {}});
  const auto write = at.next(lease_operation::cas);
  REQUIRE(write);
  at.machine.set_candidate(at.now, at.id, false);
  CHECK_FALSE(at.machine.take_ceased());
  const lease_sight written{{1, 1}, false, {}, false};
  at.machine.on_lease_response(at.now, at.id, {write->request.id, lease_outcome::done, written, {}});
  CHECK(at.machine.find(at.id)->idle());
  CHECK_FALSE(at.machine.take_ceased());
  at.machine.on_lease(at.now, at.id, {{1, 2}, false, {}, false});
  CHECK(at.machine.take_ceased() == at.id);
}

TEST_CASE("news of a record from before its removal, as an old list tells them, do not keep its id") {
  bench at;
  const lease_claim other{lease_mode::released, election_cluster::node_of(1), 1, 1, 0x10000000001, 7, 3s};
  at.machine.on_lease(at.now, at.id, {{1, 9}, true, other, false});
  at.machine.set_candidate(at.now, at.id, false);
  // An absence without an order of its own, as where a watch tells only that a name is gone.
  at.machine.on_lease(at.now, at.id, {{2, 0}, false, {}, false});
  at.machine.on_lease(at.now, at.id, {{1, 8}, true, other, false});
  CHECK(at.machine.take_ceased() == at.id);
}

TEST_CASE("a record is not removed for not having changed while its store may have been away from its holder, too") {
  for (const bool fails : {false, true}) {
    bench at;
    const lease_claim other{lease_mode::held, election_cluster::node_of(1), 1, 1, 0x10000000001, 7, 3s};
    at.machine.on_lease(at.now, at.id, {{1, 9}, true, other, false});
    at.machine.set_candidate(at.now, at.id, false);
    at.now = reading(at.step += 50s);
    if (fails) {
      at.machine.on_watch_lost(at.now);
      at.machine.on_lease(at.now, at.id, {{1, 9}, true, other, false});
      at.machine.on_listed(at.now);
    }
    at.now = reading(at.step += 20s);
    CHECK(at.next(lease_operation::remove).has_value() == !fails);
    at.now = reading(at.step += 50s);
    if (fails) CHECK(at.next(lease_operation::remove));
  }
}

TEST_CASE("two machines of one process never have the same writer, nor terms that were given before") {
  bench at;
  const std::uint64_t writer = at.machine.find(at.id)->who().writer;
  lease_sight gone{{1, 9}, true, {lease_mode::held, election_cluster::node_of(1), 1, 1, 0x10000000001, 77, 3s}, false};
  at.machine.on_lease(at.now, at.id, gone);
  at.machine.set_candidate(at.now, at.id, false);
  at.machine.on_lease(at.now, at.id, {{1, 10}, false, {}, false});
  REQUIRE(at.machine.take_ceased());
  at.machine.set_candidate(at.now, at.id, true);
  CHECK(at.machine.find(at.id)->who().writer != writer);
  CHECK(at.machine.find(at.id)->term_max() == 77);
}

TEST_CASE("ids of nothing are ignored") {
  group_names names;
  election_machine machine{{election_cluster::node_of(0), own_groups, {}, 3s, false, 1, &names}};
  machine.set_candidate(reading(1s), group_id{256}, true);
  machine.on_lease(reading(1s), group_id{300}, {{1, 1}, true, {}, false});
  machine.on_lease_response(reading(1s), group_id{256}, {2, lease_outcome::done, {}, {}});
  CHECK(machine.size() == 0);
  CHECK(machine.leads(group_id{256}) == leadership{});
  CHECK_FALSE(machine.take_ceased());
}
