// SPDX-License-Identifier: BSL-1.0

#include "isat/election/lease_attempt.hpp"
#include "readings.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using isat::election::lease_attempt;
using isat::election::lease_claim;
using isat::election::lease_mode;
using isat::election::lease_operation;
using isat::election::lease_outcome;
using isat::election::node_id;
using isat::test::reading;

constexpr lease_claim claim{lease_mode::held, node_id{1}, 2, 3, 4, 5, 3s};

lease_attempt fresh() { return {claim, {1, 7}, 10}; }

}  // namespace

TEST_CASE("every copy asks for the same; the later ones say that they repeat") {
  lease_attempt attempt = fresh();
  const auto first = attempt.send(10, reading(1s));
  const auto second = attempt.send(12, reading(2s));
  CHECK(first.operation == lease_operation::cas);
  CHECK(first.id == 10);
  CHECK(second.id == 12);
  for (const auto& each : {first, second}) {
    CHECK(each.claim == claim);
    CHECK(each.expected == isat::election::version{1, 7});
  }
  CHECK_FALSE(first.repeated);
  CHECK(second.repeated);
}

TEST_CASE("an attempt remembers its first send for good, and its last one") {
  lease_attempt attempt = fresh();
  attempt.send(10, reading(1s));
  attempt.end(10, lease_outcome::unknown);
  attempt.send(12, reading(2s));
  CHECK(attempt.first_sent() == reading(1s));
  CHECK(attempt.last_sent() == reading(2s));
}

TEST_CASE("one copy in flight may be hedged, none and two may not") {
  lease_attempt attempt = fresh();
  CHECK_FALSE(attempt.in_flight());
  CHECK_FALSE(attempt.may_hedge());
  attempt.send(10, reading(1s));
  CHECK(attempt.may_hedge());
  attempt.send(12, reading(2s));
  CHECK_FALSE(attempt.may_hedge());
  CHECK(attempt.end(10, lease_outcome::refused));
  CHECK(attempt.may_hedge());
  CHECK(attempt.end(12, lease_outcome::refused));
  CHECK_FALSE(attempt.in_flight());
}

TEST_CASE("an attempt is unresolved while a copy is in flight, and for good once one ended unknown") {
  lease_attempt attempt = fresh();
  CHECK_FALSE(attempt.unresolved());
  attempt.send(10, reading(1s));
  CHECK(attempt.unresolved());
  attempt.end(10, lease_outcome::conflict);
  CHECK_FALSE(attempt.unresolved());
  attempt.send(12, reading(2s));
  attempt.end(12, lease_outcome::unknown);
  CHECK(attempt.unresolved());
  attempt.send(14, reading(3s));
  attempt.end(14, lease_outcome::refused);
  CHECK(attempt.unresolved());
}

TEST_CASE("a copy ends once; what is not in flight cannot end") {
  lease_attempt attempt = fresh();
  attempt.send(10, reading(1s));
  CHECK_FALSE(attempt.end(12, lease_outcome::unknown));
  CHECK(attempt.end(10, lease_outcome::refused));
  CHECK_FALSE(attempt.end(10, lease_outcome::unknown));
  CHECK_FALSE(attempt.unresolved());
}

TEST_CASE("copies without an answer are given up after the limit, and are unknown from then on") {
  lease_attempt attempt = fresh();
  attempt.send(10, reading(1s));
  attempt.send(12, reading(1200ms));
  CHECK(attempt.expires_in(reading(1500ms), 700ms) == 200ms);
  CHECK_FALSE(attempt.expire(reading(1700ms - 1ns), 700ms));
  CHECK(attempt.expire(reading(1700ms), 700ms));
  CHECK(attempt.in_flight());
  CHECK(attempt.expires_in(reading(1700ms), 700ms) == 200ms);
  CHECK_FALSE(attempt.expire(reading(1700ms), 700ms));
  CHECK(attempt.expire(reading(1900ms), 700ms));
  CHECK_FALSE(attempt.in_flight());
  CHECK(attempt.unresolved());
  CHECK_FALSE(attempt.end(10, lease_outcome::refused));
}

TEST_CASE("only copies of this attempt can have its ids") {
  CHECK_FALSE(fresh().may_have_sent(8));
  CHECK(fresh().may_have_sent(10));
  CHECK(fresh().may_have_sent(14));
}

TEST_CASE("a dispute lasts until it is settled") {
  lease_attempt attempt = fresh();
  CHECK_FALSE(attempt.disputed());
  attempt.dispute();
  CHECK(attempt.disputed());
  attempt.settle();
  CHECK_FALSE(attempt.disputed());
}
