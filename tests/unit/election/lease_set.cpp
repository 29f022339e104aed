// SPDX-License-Identifier: BSL-1.0

#include "isat/election/lease_set.hpp"
#include "readings.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <set>

namespace {

using namespace std::chrono_literals;
using namespace isat::election;  // NOLINT(google-build-using-namespace)
using isat::group_id;
using isat::test::reading;
using std::chrono::nanoseconds;

// A set over a store that answers everything at once.
struct bench {
  lease_set set{lease_set_settings{node_id{1}, 11, profiles::standard, 3s}};
  nanoseconds at = 1000s;
  std::map<group_id, lease_sight> records;

  isat::lease_time now() const { return reading(at); }

  void answers() {
    while (const auto asked = set.take_lease_request()) {
      lease_sight& record = records[asked->group];
      const lease_request& request = asked->request;
      lease_response response{request.id, lease_outcome::done, {}, {}};
      if (request.operation == lease_operation::load) {
        response.sight = record;
      } else if (request.expected != record.at) {
        response.outcome = lease_outcome::conflict;
      } else {
        record = {{1, record.at.number + 1}, true, request.claim, false};
        response.sight = record;
      }
      set.on_lease_response(now(), asked->group, response);
    }
  }

  void passes(nanoseconds lasting) {
    for (const nanoseconds until = at + lasting; at < until; at += 50ms) {
      set.tick(now());
      answers();
    }
  }

  bool leads(group_id group) const { return set.leads(group).covers(now()); }
};

}  // namespace

TEST_CASE("each group that is wanted is led by itself, the others are left alone") {
  bench b;
  b.set.set_candidate(b.now(), group_id{2}, true);
  b.set.set_candidate(b.now(), group_id{0}, true);
  CHECK(b.set.size() == 3);
  b.passes(5s);
  CHECK(b.leads(group_id{0}));
  CHECK(b.leads(group_id{2}));
  CHECK_FALSE(b.leads(group_id{1}));
  CHECK_FALSE(b.leads(group_id{99}));
  CHECK(b.records.count(group_id{1}) == 0);
}

TEST_CASE("events say which group they are about") {
  bench b;
  b.set.set_candidate(b.now(), group_id{1}, true);
  b.passes(5s);
  const auto first = b.set.take_event();
  REQUIRE(first.has_value());
  CHECK(first->group == group_id{1});
  CHECK(first->event.what == lease_change::seized);
}

TEST_CASE("one group given up is released, the others are led on") {
  bench b;
  b.set.set_candidate(b.now(), group_id{0}, true);
  b.set.set_candidate(b.now(), group_id{1}, true);
  b.passes(5s);
  b.set.set_candidate(b.now(), group_id{0}, false);
  CHECK_FALSE(b.leads(group_id{0}));
  b.answers();
  CHECK(b.records[group_id{0}].claim.mode == lease_mode::released);
  b.set.hand_over(b.now(), group_id{1});
  CHECK_FALSE(b.leads(group_id{1}));
  b.answers();
  CHECK(b.records[group_id{1}].claim.mode == lease_mode::released);
}

TEST_CASE("a record copied from one group to another is a stranger's there") {
  bench b;
  for (const group_id group : {group_id{0}, group_id{1}}) b.set.set_candidate(b.now(), group, true);
  b.passes(5s);
  CHECK(b.set.group(0).who().writer != b.set.group(1).who().writer);
  lease_sight copy = b.records[group_id{0}];
  copy.claim.attempt += 100;
  copy.at.number = b.records[group_id{1}].at.number + 1;
  b.records[group_id{1}] = copy;
  b.set.on_lease(b.now(), group_id{1}, copy);
  CHECK(b.leads(group_id{0}));
  CHECK_FALSE(b.leads(group_id{1}));
}

TEST_CASE("no group writes as nobody, and no two write as one") {
  std::set<std::uint64_t> writers{0};
  for (const std::uint64_t process : {std::uint64_t{1}, std::uint64_t{2}, ~std::uint64_t{0}}) {
    for (std::uint32_t group = 0; group < 256; ++group) {
      CHECK(writers.insert(writer_of(process, group_id{group})).second);
    }
  }
}

TEST_CASE("a set that stops lowers everything, releases it, and wants nothing any more") {
  bench b;
  b.set.set_candidate(b.now(), group_id{0}, true);
  b.set.set_candidate(b.now(), group_id{1}, true);
  b.passes(5s);
  CHECK_FALSE(b.set.stopped());
  b.set.stop(b.now());
  CHECK_FALSE(b.leads(group_id{0}));
  CHECK_FALSE(b.leads(group_id{1}));
  CHECK_FALSE(b.set.stopped());
  b.answers();
  CHECK(b.set.stopped());
  b.set.set_candidate(b.now(), group_id{0}, true);
  b.passes(60s);
  CHECK_FALSE(b.leads(group_id{0}));
}

TEST_CASE("a set that never began is stopped at once") {
  bench b;
  CHECK_FALSE(b.set.stopped());
  b.set.stop(b.now());
  CHECK(b.set.stopped());
}

TEST_CASE("a set is to be woken when the first of its machines is") {
  bench b;
  CHECK(b.set.wake_in(b.now()) >= 1h);
  b.set.set_candidate(b.now(), group_id{0}, true);
  b.passes(5s);
  CHECK(b.set.wake_in(b.now()) <= profiles::standard.renew_period);
  CHECK(b.set.wake_in(b.now()) == b.set.group(0).wake_in(b.now()));
}

TEST_CASE("news reach the machine of their group, and a lost watch reaches all") {
  bench b;
  b.set.set_candidate(b.now(), group_id{0}, true);
  b.set.set_candidate(b.now(), group_id{1}, true);
  b.passes(5s);
  lease_sight rival = b.records[group_id{1}];
  ++rival.at.number;
  rival.claim.writer = 99;
  b.set.on_lease(b.now(), group_id{1}, rival);
  CHECK(b.leads(group_id{0}));
  CHECK_FALSE(b.leads(group_id{1}));
  while (b.set.take_lease_request()) {
  }
  b.set.on_watch_lost(b.now());
  unsigned reads = 0;
  while (const auto asked = b.set.take_lease_request()) {
    if (asked->request.operation == lease_operation::load) ++reads;
  }
  CHECK(reads == 2);
}
