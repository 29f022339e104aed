// SPDX-License-Identifier: BSL-1.0

#include "isat/election/presence.hpp"
#include "readings.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace isat::election;
using isat::test::reading;

constexpr node_id ann{1};
constexpr node_id bob{2};
constexpr layout eight{grouping::shards, 8, 3s};
constexpr layout sixteen{grouping::shards, 16, 3s};

presence_sight seen(node_id node, std::uint64_t number, const layout& wish = eight, std::uint64_t process = 5,
                    bool candidate = true) {
  return {{1, number}, true, {node, process, number, wish, candidate}, false};
}
presence_sight gone(std::uint64_t number) { return {{1, number}, false, {}, false}; }

std::vector<node_id> counted(const presence_table& table) {
  std::vector<node_id> result;
  table.for_each([&result](const presence_member& each) { result.push_back(each.claim.node); });
  return result;
}

isat::lease_time since(const presence_table& table) {
  isat::lease_time result;
  table.for_each([&result](const presence_member& each) { result = each.since; });
  return result;
}

}  // namespace

TEST_CASE("a node counts from its first record on, and what is no news is told as such") {
  presence_table table;
  CHECK(table.learn(reading(1s), ann, seen(ann, 1)));
  CHECK(table.learn(reading(2s), bob, seen(bob, 1)));
  CHECK_FALSE(table.learn(reading(3s), ann, seen(ann, 1)));
  CHECK_FALSE(table.learn(reading(11s), ann, seen(ann, 2)));
  CHECK(counted(table) == std::vector{ann, bob});
}

TEST_CASE("who is present counts whether it is a candidate or not, and only while there is news") {
  presence_table table;
  const auto present = [&table] {
    std::vector<node_id> result;
    table.for_each_present([&result](node_id each) { result.push_back(each); });
    return result;
  };
  table.learn(reading(1s), ann, seen(ann, 1, eight, 5, false));
  table.learn(reading(2s), bob, seen(bob, 1));
  CHECK(present() == std::vector{ann, bob});
  CHECK(counted(table) == std::vector{bob});
  table.expire(reading(31s));
  CHECK(present() == std::vector{bob});
}

TEST_CASE("a node that gives no news for thirty seconds counts no more, until it does") {
  presence_table table;
  table.learn(reading(1s), ann, seen(ann, 1));
  CHECK(table.expires_in(reading(11s)) == 20s);
  CHECK_FALSE(table.expire(reading(31s - 1ns)));
  CHECK(table.expire(reading(31s)));
  CHECK_FALSE(table.expire(reading(31s)));
  CHECK(counted(table).empty());
  CHECK(table.expires_in(reading(100s)) == presence_table::fresh_for);
  CHECK(table.learn(reading(40s), ann, seen(ann, 2)));
  CHECK(counted(table) == std::vector{ann});
  CHECK(since(table) == reading(40s));
}

TEST_CASE("the same record listed again is no news of its node") {
  presence_table table;
  table.learn(reading(1s), ann, seen(ann, 7));
  for (int second = 2; second < 31; ++second) table.learn(reading(second * 1s), ann, seen(ann, 7));
  table.learn(reading(30s), ann, seen(ann, 6));
  CHECK(table.expire(reading(31s)));
  CHECK_FALSE(table.learn(reading(32s), ann, seen(ann, 7)));
  CHECK(counted(table).empty());
}

TEST_CASE("of nodes that came and went no more than a thousand or so are remembered, those that are alive always") {
  presence_table table;
  auto now = reading(1s);
  table.learn(now, ann, seen(ann, 1));
  for (std::uint64_t number = 1; number <= 3000; ++number) {
    const auto node = static_cast<node_id>(number + 100);
    now = now + 1s;
    table.expire(now);
    table.learn(now, node, seen(node, 1));
    if (number % 20 == 0) table.learn(now, ann, seen(ann, number));
    REQUIRE(table.size() <= presence_table::members_max);
  }
  CHECK(counted(table).size() == 31);
  CHECK(counted(table).front() == ann);
  const node_id gone_lately{3000};
  CHECK_FALSE(table.learn(now, gone_lately, seen(gone_lately, 1)));
}

TEST_CASE("more nodes than that are known while all of them live") {
  presence_table table;
  for (std::uint64_t number = 1; number <= presence_table::members_max + 50; ++number) {
    const auto node = static_cast<node_id>(number);
    table.learn(reading(1s), node, seen(node, 1));
  }
  CHECK(counted(table).size() == presence_table::members_max + 50);
}

TEST_CASE("a record that is removed takes its node away, but not if it has been written again") {
  presence_table table;
  CHECK_FALSE(table.learn(reading(1s), ann, gone(3)));
  table.learn(reading(1s), ann, seen(ann, 5));
  CHECK_FALSE(table.learn(reading(2s), ann, gone(4)));
  CHECK(counted(table) == std::vector{ann});
  CHECK(table.learn(reading(2s), ann, gone(6)));
  CHECK(counted(table).empty());
}

TEST_CASE("a node that is counted out comes back with its next record, and begins anew") {
  presence_table table;
  CHECK_FALSE(table.count_out(ann));
  table.learn(reading(1s), ann, seen(ann, 1));
  CHECK(table.count_out(ann));
  CHECK_FALSE(table.count_out(ann));
  CHECK(counted(table).empty());
  CHECK(table.learn(reading(11s), ann, seen(ann, 2)));
  CHECK(since(table) == reading(11s));
}

TEST_CASE("a node whose lease has expired is counted out, unless there are news that the expiry does not explain") {
  struct row {
    const char* name;
    std::chrono::nanoseconds renewed;
    bool out;
  };
  // Its process was first heard of at 10 s, and last at 20 s; its leases last 3 s.
  const row rows[] = {{"renewed last before this process began", 9s, false},
                      {"renewed last with the last news", 20s, true},
                      {"renewed last long after the last news", 25s, true},
                      {"news a while after the last renewal", 18s, false},
                      {"news before the next renewal was due", 19500ms, true}};
  for (const row& each : rows) {
    CAPTURE(std::string{each.name});
    presence_table table;
    table.learn(reading(1s), ann, seen(ann, 1, eight, 4));
    table.learn(reading(10s), ann, seen(ann, 2));
    table.learn(reading(20s), ann, seen(ann, 3));
    CHECK(table.count_out(ann, reading(each.renewed), 3s) == each.out);
    CHECK_FALSE(table.count_out(bob, reading(each.renewed), 3s));
  }
}

TEST_CASE("a node has started anew when another process writes its record, not when it is first heard of") {
  presence_table table;
  table.learn(reading(5s), ann, seen(ann, 1, eight, 4));
  CHECK_FALSE(table.has_restarted(ann, reading(1s)));
  table.learn(reading(10s), ann, seen(ann, 2, eight, 5));
  table.learn(reading(20s), ann, seen(ann, 3, eight, 5));
  CHECK(table.has_restarted(ann, reading(10s - 1ns)));
  CHECK_FALSE(table.has_restarted(ann, reading(10s)));
  CHECK_FALSE(table.has_restarted(bob, reading(1s)));
  table.count_out(ann);
  CHECK_FALSE(table.has_restarted(ann, reading(1s)));
}

TEST_CASE("a node whose process is proven to have ended does not count, whether it did before or not") {
  presence_table table;
  presence_sight orphan = seen(ann, 3);
  orphan.orphaned = true;
  CHECK_FALSE(table.learn(reading(1s), ann, orphan));
  CHECK(counted(table).empty());
  table.learn(reading(1s), ann, seen(ann, 3));
  CHECK(table.learn(reading(2s), ann, orphan));
  CHECK(counted(table).empty());
  table.learn(reading(3s), ann, seen(ann, 4, eight, 6));
  CHECK_FALSE(table.learn(reading(4s), ann, orphan));  // of the process before
  CHECK(counted(table) == std::vector{ann});
}

TEST_CASE("who is slow, so that a lease of it expired, keeps its say in the layout as long as its news are fresh") {
  presence_table table;
  table.learn(reading(1s), ann, seen(ann, 1));
  REQUIRE(table.count_out(ann, reading(2s), 3s));
  CHECK(counted(table).empty());
  CHECK_FALSE(table.all_wish(sixteen));
  CHECK(table.expires_in(reading(11s)) == 20s);
  CHECK(table.expire(reading(31s)));
  CHECK(table.all_wish(sixteen));
  CHECK_FALSE(table.expire(reading(32s)));
}

TEST_CASE("all wish the same only if everyone whose news are fresh does") {
  presence_table table;
  CHECK(table.all_wish(eight));
  table.learn(reading(1s), ann, seen(ann, 1, eight));
  CHECK(table.all_wish(eight));
  CHECK(table.learn(reading(2s), bob, seen(bob, 1, sixteen)));
  CHECK_FALSE(table.all_wish(eight));
  CHECK_FALSE(table.all_wish(sixteen));
  CHECK(table.learn(reading(3s), ann, seen(ann, 2, sixteen)));
  CHECK(table.all_wish(sixteen));
  table.learn(reading(4s), bob, seen(bob, 2, eight));
  table.count_out(bob);
  CHECK(table.all_wish(sixteen));
}

TEST_CASE("who is no candidate has a say in the layout and no place, and begins anew as a candidate") {
  presence_table table;
  table.learn(reading(1s), ann, seen(ann, 1, eight));
  CHECK(table.learn(reading(2s), ann, seen(ann, 2, eight, 5, false)));
  CHECK(counted(table).empty());
  CHECK_FALSE(table.all_wish(sixteen));
  CHECK(table.learn(reading(3s), ann, seen(ann, 3, eight, 5, true)));
  CHECK(since(table) == reading(3s));
}
