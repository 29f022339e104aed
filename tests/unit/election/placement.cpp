// SPDX-License-Identifier: BSL-1.0

#include "isat/election/placement.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace {

using namespace std::chrono_literals;
using isat::detail::id_sequence;
using isat::election::group_owner;
using isat::election::group_place;
using isat::election::node_id;
using isat::election::placement;
using isat::election::weight;

constexpr std::size_t nobody = ~std::size_t{0};

std::size_t share(std::size_t groups, std::size_t nodes) { return (groups + nodes - 1) / nodes; }

// Some nodes that know the same of each other, each in another order.
struct cluster {
  id_sequence random;
  std::vector<node_id> nodes;
  std::vector<group_owner> owners;

  cluster(std::uint64_t seed, std::size_t count, std::size_t groups) : random{seed}, owners(groups) {
    for (std::size_t each = 0; each < count; ++each) nodes.push_back(node_id{random.next()});
  }

  std::size_t any(std::size_t below) { return random.next() % below; }
  void give(std::size_t group, std::size_t node) { owners[group] = {nodes[node], false}; }
  // Everybody has something, at random.
  void give_all() {
    for (std::size_t group = 0; group < owners.size(); ++group) give(group, any(nodes.size()));
  }

  // What `node` concludes.
  std::vector<group_place> seen_by(std::size_t node) {
    std::vector<node_id> live = nodes;
    for (std::size_t at = live.size(); at > 1; --at) std::swap(live[at - 1], live[any(at)]);
    placement result;
    result.compute(live, nodes[node], owners);
    return {result.places().begin(), result.places().end()};
  }
  std::vector<std::vector<group_place>> seen_by_all() {
    std::vector<std::vector<group_place>> result;
    for (std::size_t node = 0; node < nodes.size(); ++node) result.push_back(seen_by(node));
    return result;
  }
  std::size_t load(std::size_t node) const { return load_of(nodes[node]); }
  std::size_t load_of(node_id node) const {
    return static_cast<std::size_t>(std::count(owners.begin(), owners.end(), group_owner{node, false}));
  }
  std::size_t most() const {
    std::size_t result = 0;
    for (std::size_t node = 0; node < nodes.size(); ++node) result = std::max(result, load(node));
    return result;
  }
};

// The one node that goes first for a group, if `gone` does not; nobody if there is none or more than one.
std::size_t first_of(const std::vector<std::vector<group_place>>& seen, std::size_t group, std::size_t gone = nobody) {
  std::size_t found = nobody;
  for (std::size_t node = 0; node < seen.size(); ++node) {
    if (node == gone || seen[node][group].rank != 0) continue;
    if (found != nobody) return nobody;
    found = node;
  }
  return found;
}

}  // namespace

TEST_CASE("all nodes that know the same rank themselves one after the other for every group that is free") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    cluster cluster{seed, 1 + seed % 6, 1 + seed % 17};
    for (std::size_t group = 0; group < cluster.owners.size(); ++group) {
      const std::size_t kind = cluster.any(4);
      if (kind == 1) cluster.owners[group] = {node_id{77}, true};  // of somebody who is not there any more
      if (kind >= 2) cluster.owners[group] = {cluster.nodes[cluster.any(cluster.nodes.size())], kind == 3};
    }
    const auto seen = cluster.seen_by_all();
    for (std::size_t group = 0; group < cluster.owners.size(); ++group) {
      CAPTURE(group);
      const group_owner& owner = cluster.owners[group];
      std::vector<std::uint32_t> ranks;
      for (std::size_t node = 0; node < seen.size(); ++node) {
        if (owner.node != cluster.nodes[node]) ranks.push_back(seen[node][group].rank);
      }
      std::sort(ranks.begin(), ranks.end());
      std::vector<std::uint32_t> expected(ranks.size());
      std::iota(expected.begin(), expected.end(), 0U);
      CHECK(ranks == expected);
      // Who has let go of it goes after all others.
      for (std::size_t node = 0; node < seen.size(); ++node) {
        if (owner == group_owner{cluster.nodes[node], true} && seen.size() > 1) CHECK(seen[node][group].rank > 0);
      }
    }
  }
}

TEST_CASE("what is free at first is given out under the bound, and in the order of taking nothing changes") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    cluster cluster{seed, 1 + seed % 5, 1 + seed % 23};
    const auto at_first = cluster.seen_by(0);
    std::vector<std::size_t> order(cluster.owners.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t at = order.size(); at > 1; --at) std::swap(order[at - 1], order[cluster.any(at)]);
    for (const std::size_t group : order) {
      const std::size_t first = first_of(cluster.seen_by_all(), group);
      REQUIRE(first != nobody);
      CHECK(cluster.nodes[first] == at_first[group].preferred);
      cluster.give(group, first);
    }
    CHECK(cluster.most() <= share(cluster.owners.size(), cluster.nodes.size()));
  }
}

TEST_CASE("the groups of a node that goes are spread over the others under their bound, as soon as nobody is over it") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    cluster cluster{seed, 2 + seed % 5, 1 + seed % 23};
    for (std::size_t group = 0; group < cluster.owners.size(); ++group) {
      cluster.give(group, first_of(cluster.seen_by_all(), group));
    }
    const std::size_t gone = cluster.any(cluster.nodes.size());
    const auto seen = cluster.seen_by_all();
    for (std::size_t group = 0; group < cluster.owners.size(); ++group) {
      if (cluster.owners[group].node != cluster.nodes[gone]) continue;
      const std::size_t first = first_of(seen, group, gone);
      REQUIRE(first != nobody);
      CHECK_FALSE(seen[first][group].over_bound);
      cluster.give(group, first);
    }
    CHECK(cluster.load(gone) == 0);
    CHECK(cluster.most() <= share(cluster.owners.size(), cluster.nodes.size() - 1));
  }
}

TEST_CASE("the bound delays only who has its share while another has not, and never all") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    cluster cluster{seed, 2 + seed % 4, 1 + seed % 17};
    cluster.give_all();
    const std::size_t freed = cluster.any(cluster.owners.size());
    const node_id owner = cluster.owners[freed].node;
    cluster.owners[freed] = {owner, seed % 2 == 0};
    const std::size_t bound = share(cluster.owners.size(), cluster.nodes.size() - 1);
    const std::size_t coming = seed % 2 == 0 ? 1 : cluster.load_of(owner);  // may be taken in one instant
    bool some_may = false;
    for (std::size_t node = 0; node < cluster.nodes.size(); ++node) {
      if (cluster.nodes[node] == owner) continue;
      const bool over = cluster.seen_by(node)[freed].over_bound;
      CHECK((!over || cluster.load(node) + coming > bound));
      some_may = some_may || !over;
    }
    CHECK(some_may);
  }
}

TEST_CASE("what a node would take in one instant is within its share, and the rest waits for others") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    cluster cluster{seed, 2 + seed % 4, 1 + seed % 17};
    for (std::size_t node = 0; node < cluster.nodes.size(); ++node) {
      const auto places = cluster.seen_by(node);
      const auto at_once = std::count_if(places.begin(), places.end(), [](const auto& at) { return !at.over_bound; });
      CHECK(static_cast<std::size_t>(at_once) <= share(cluster.owners.size(), cluster.nodes.size()));
    }
  }
}

TEST_CASE("a node that is alone goes first everywhere and is never over a bound") {
  cluster cluster{5, 1, 8};
  cluster.owners[1] = {node_id{9}, false};
  cluster.owners[2] = {node_id{9}, true};
  cluster.give(3, 0);
  cluster.owners[4] = {cluster.nodes[0], true};
  for (const group_place& place : cluster.seen_by(0)) {
    CHECK(place.rank == 0);
    CHECK_FALSE(place.over_bound);
    CHECK(place.preferred == cluster.nodes[0]);
    CHECK(place.successor == node_id{});
  }
}

TEST_CASE("a successor is named only for what a node leads and another is preferred for, and goes first then") {
  std::size_t named = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    cluster cluster{seed, 2 + seed % 5, 1 + seed % 19};
    cluster.give_all();
    const std::size_t group = cluster.any(cluster.owners.size());
    std::size_t successor = nobody;
    for (std::size_t node = 0; node < cluster.nodes.size(); ++node) {
      const group_place place = cluster.seen_by(node)[group];
      if (place.successor == node_id{}) continue;
      CHECK(cluster.owners[group].node == cluster.nodes[node]);
      CHECK(place.successor == place.preferred);
      CHECK(place.successor != cluster.nodes[node]);
      successor = static_cast<std::size_t>(std::find(cluster.nodes.begin(), cluster.nodes.end(), place.successor) -
                                           cluster.nodes.begin());
    }
    if (successor == nobody) continue;
    ++named;
    cluster.owners[group].leaving = true;
    CHECK(first_of(cluster.seen_by_all(), group) == successor);
    CHECK(placement::hold_off(cluster.seen_by(successor)[group]) == 0ms);
  }
  CHECK(named > 100);
}

TEST_CASE("hand-overs to preferred successors end after at most one per group, from any start, and leave a balance") {
  std::size_t groups = 0;
  std::size_t left = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    cluster cluster{seed, 2 + seed % 5, 1 + seed % 19};
    cluster.give_all();
    std::size_t rounds = 0;
    for (bool moved = true; moved; ++rounds) {
      moved = false;
      const auto seen = cluster.seen_by_all();
      // One group of each node that has one to give, all at the same moment.
      for (std::size_t node = 0; node < cluster.nodes.size(); ++node) {
        for (std::size_t group = 0; group < cluster.owners.size(); ++group) {
          const group_place& place = seen[node][group];
          if (cluster.owners[group] != group_owner{cluster.nodes[node], false}) continue;
          if (place.successor == node_id{}) continue;
          cluster.owners[group].leaving = true;
          break;
        }
      }
      const auto then = cluster.seen_by_all();
      for (std::size_t group = 0; group < cluster.owners.size(); ++group) {
        if (!cluster.owners[group].leaving) continue;
        const std::size_t first = first_of(then, group);
        REQUIRE(first != nobody);
        cluster.give(group, first);
        moved = true;
      }
      REQUIRE(rounds <= cluster.owners.size());
    }
    CHECK(cluster.most() <= share(cluster.owners.size(), cluster.nodes.size()));
    const auto seen = cluster.seen_by(0);
    for (std::size_t group = 0; group < cluster.owners.size(); ++group) {
      left += std::size_t{seen[group].preferred != cluster.owners[group].node};
    }
    groups += cluster.owners.size();
  }
  CHECK(left * 4 < groups);  // some need a swap of two full nodes, which nobody makes
}

TEST_CASE("a node more or less changes the preference of few groups") {
  cluster cluster{3, 6, 240};
  const auto before = cluster.seen_by(0);
  cluster.nodes.pop_back();
  const auto after = cluster.seen_by(0);
  std::size_t moved = 0;
  for (std::size_t group = 0; group < before.size(); ++group) {
    moved += std::size_t{before[group].preferred != after[group].preferred};
  }
  CHECK(moved >= 240 / 6);
  CHECK(moved <= 2 * 240 / 6);
}

TEST_CASE("weights spread groups evenly over nodes, whatever their ids") {
  for (const bool small_ids : {false, true}) {
    id_sequence random{11};
    std::array<node_id, 8> nodes;
    for (std::size_t at = 0; at < nodes.size(); ++at) nodes[at] = node_id{small_ids ? at + 1 : random.next()};
    std::array<std::size_t, 8> heaviest{};
    for (std::size_t group = 0; group < 8000; ++group) {
      const auto best = std::max_element(nodes.begin(), nodes.end(),
                                         [&](node_id a, node_id b) { return weight(group, a) < weight(group, b); });
      ++heaviest[static_cast<std::size_t>(best - nodes.begin())];
    }
    for (const std::size_t count : heaviest) {
      CHECK(count > 850);  // 1000 expected, five standard deviations are 148
      CHECK(count < 1150);
    }
  }
}

TEST_CASE("a hold-off grows by 30 ms a rank up to the tenth, and by 300 ms over the bound") {
  static_assert(placement::hold_off({}) == 0ms);
  static_assert(placement::hold_off({1, false, {}, {}}) == 30ms);
  static_assert(placement::hold_off({10, false, {}, {}}) == 300ms);
  static_assert(placement::hold_off({4'000'000'000U, false, {}, {}}) == 300ms);
  static_assert(placement::hold_off({0, true, {}, {}}) == 300ms);
  CHECK(placement::hold_off({3, true, {}, {}}) == 390ms);
}
