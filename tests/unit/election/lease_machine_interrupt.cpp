// SPDX-License-Identifier: BSL-1.0

// What ends a term but not the holding of the record: a jump of the wall clock, and whoever interrupts the machine.

#include "lease_harness.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace isat::test;

}  // namespace

// ---- The wall clock ----

TEST_CASE("a jump of the wall clock lowers, and a later write with the next term entitles again") {
  for (const nanoseconds by : {nanoseconds{501ms}, nanoseconds{-501ms}, nanoseconds{24h}}) {
    lease_harness h;
    h.becomes_leader();
    h.wall_jumps(by);
    CHECK_FALSE(h.leads());
    CHECK(h.status() == lease_status::silent);
    CHECK(h.told(lease_change::lost, lease_reason::clock_jumped));
    h.passes(50ms);
    REQUIRE(h.writes());
    CHECK(h.write().claim.term == 6);
    h.store_answers_write();
    CHECK(h.leads(6));
  }
}

TEST_CASE("small corrections of the wall clock change nothing") {
  lease_harness h;
  h.becomes_leader();
  for (int i = 0; i < 10; ++i) {
    h.wall_jumps(400ms);
    h.works(1s);
    REQUIRE(h.leads(5));
  }
}

TEST_CASE("a write that was on its way when the wall clock jumped does not entitle") {
  lease_harness h;
  h.acquires();
  h.wall_jumps(1h);
  h.store_answers_write();
  CHECK_FALSE(h.leads());
  h.passes(50ms);
  h.store_answers_write();
  CHECK(h.leads(6));
}

// ---- Interruptions ----

TEST_CASE("an interruption ends the term but keeps the record") {
  lease_harness h;
  h.becomes_leader();
  h.works(100ms);
  h.is_interrupted();
  CHECK_FALSE(h.leads());
  CHECK(h.status() == lease_status::silent);
  CHECK(h.told(lease_change::lost, lease_reason::layout_unknown));
  REQUIRE(h.writes());
  CHECK(h.write().claim.mode == lease_mode::held);
  CHECK(h.write().claim.term == 6);
  h.store_answers_write();
  CHECK(h.leads(6));
}

TEST_CASE("a renewal that was on its way when the term ended does not bring it back") {
  lease_harness h;
  h.becomes_leader();
  h.passes(750ms);
  h.is_interrupted();
  h.store_answers_write();
  CHECK_FALSE(h.leads());
  h.passes(50ms);
  CHECK(h.write().claim.term == 6);
  h.store_answers_write();
  CHECK(h.leads(6));
}

TEST_CASE("terms rise with every leadership, whoever led in between") {
  lease_harness h;
  h.becomes_leader();
  h.sees(h.store.put(held_by(other, 1s, 20)));
  h.passes_answering_reads(1s);
  h.store_answers_write();
  CHECK(h.leads(21));
  h.passes(50ms);
  h.is_interrupted();
  h.store_answers_write();
  CHECK(h.leads(22));
}
