// SPDX-License-Identifier: BSL-1.0

// Writes of which nobody knows what became: they are repeated as they were, hedged, found again by their nonce, and
// may be applied at any later time.

#include "lease_harness.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace isat::test;

// True if both ask for exactly the same, under two ids.
bool is_copy(const lease_request& one, const lease_request& two) {
  return one.claim == two.claim && one.expected == two.expected && one.id != two.id;
}

}  // namespace

TEST_CASE("a write of unknown outcome is sent again as it was, and marked as a repetition") {
  lease_harness h;
  h.becomes_leader();
  h.passes(750ms);
  const lease_request first = h.write();
  h.store_says(lease_outcome::unknown);
  CHECK_FALSE(h.writes());
  h.passes(63ms);
  const lease_request second = h.write();
  CHECK(is_copy(first, second));
  CHECK_FALSE(first.repeated);
  CHECK(second.repeated);
}

TEST_CASE("a repeated write entitles from its first send, whichever copy was answered") {
  lease_harness h;
  h.acquires();
  h.store_says(lease_outcome::unknown);
  h.passes(500ms);
  h.store_answers_write();
  CHECK(h.leads(5));
  CHECK(h.valid_for() == 2450ms);
}

TEST_CASE("a write without an answer is hedged by one copy, never by more") {
  lease_harness h;
  h.becomes_leader();
  h.passes(750ms);
  const lease_request first = h.write();
  h.passes(234ms);
  CHECK(h.open_writes() == 2);
  CHECK(is_copy(first, h.open.back()));
  CHECK(h.open.back().repeated);
  h.passes(465ms);
  CHECK(h.open_writes() == 2);
}

TEST_CASE("a renewal whose first copy is lost is saved by its hedge: the leader never stops") {
  lease_harness h;
  h.becomes_leader();
  for (int i = 0; i < 10; ++i) {
    while (!h.writes()) h.passes(10ms);
    h.store_swallows();
    while (!h.writes()) h.passes(10ms);
    h.store_answers_write();
    REQUIRE(h.leads(5));
  }
}

TEST_CASE("a conflict that an own copy may explain is read back, and lowers nothing") {
  lease_harness h;
  h.becomes_leader();
  h.passes(750ms);
  const lease_request first = h.write();
  h.passes(234ms);
  const lease_request hedge = h.open.back();
  h.store.answer(first);              // done, but the answer is late
  h.responds(h.store.answer(hedge));  // so the hedge meets another version: our own
  CHECK(h.leads(5));
  CHECK(h.status() == lease_status::leading);
  REQUIRE(h.reads());
  h.store_answers_read();
  CHECK(h.leads(5));
  CHECK(h.valid_for() == 2950ms - 234ms);
  CHECK(h.events.empty());
}

TEST_CASE("the late answer of the copy that won settles the dispute without a read") {
  lease_harness h;
  h.becomes_leader();
  h.passes(750ms);
  const lease_request first = h.write();
  h.passes(234ms);
  const auto won = h.store.answer(first);
  h.responds(h.store.answer(h.open.back()));
  h.responds(won);
  CHECK(h.leads(5));
  CHECK(h.valid_for() == 2950ms - 234ms);
}

TEST_CASE("two copies that both meet another version prove a rival") {
  lease_harness h;
  h.becomes_leader();
  h.passes(984ms);
  REQUIRE(h.open_writes() == 2);
  h.store.put(held_by(other));
  h.store_answers_write();
  CHECK(h.leads(5));
  h.store_answers_write();
  CHECK_FALSE(h.leads());
  CHECK(h.told(lease_change::lost, lease_reason::conflict));
}

TEST_CASE("while a dispute cannot be settled a leader goes on until its deadline, and no longer") {
  lease_harness h;
  h.becomes_leader();
  h.passes(984ms);
  h.store.put(held_by(other));
  h.store_answers_write();
  h.store_swallows();
  h.passes(2950ms - 984ms - 1ns);
  CHECK(h.leads(5));
  h.passes(1ns);
  CHECK_FALSE(h.leads());
}

TEST_CASE("a disputed write is not repeated before the read has told") {
  lease_harness h;
  h.becomes_leader();
  h.passes(984ms);
  h.store.put(held_by(other));
  h.store_answers_write();
  h.open.clear();
  h.passes(1500ms);
  CHECK_FALSE(h.writes());
  CHECK(h.reads());
}

TEST_CASE("a read that shows the version written over sends the write again: it has not been applied yet") {
  lease_harness h;
  h.becomes_leader();
  h.passes(750ms);
  const lease_request first = h.write();
  h.store_says(lease_outcome::unknown);
  h.passes(63ms);
  h.store_says(lease_outcome::conflict);  // a store that errs
  h.store_answers_read();
  REQUIRE(h.writes());
  CHECK(is_copy(first, h.write()));
  CHECK(h.leads(5));
}

TEST_CASE("the own nonce is found by a read, by the watch, and in an answer that comes late") {
  for (int way = 0; way < 3; ++way) {
    CAPTURE(way);
    lease_harness h;
    h.acquires();
    const lease_request first = h.write();
    const auto answer = h.store.answer(first);
    h.store_swallows();
    h.passes(800ms);
    CHECK(h.status() == lease_status::acquiring);
    h.open.clear();
    switch (way) {
      case 0:
        h.loses_watch();
        h.store_answers_read();
        break;
      case 1:
        h.sees(h.store.now());
        break;
      default:
        h.responds(answer);
    }
    CHECK(h.leads(5));
    CHECK(h.valid_for() == 2150ms);
  }
}

TEST_CASE("the own nonce is found by the read that a conflict causes, also when following") {
  lease_harness h;
  h.acquires();
  h.store_writes_unseen();
  h.passes(800ms);
  h.store_answers_write();  // a conflict: our own first copy
  CHECK_FALSE(h.leads());
  h.store_answers_read();
  CHECK(h.leads(5));
  CHECK(h.valid_for() == 2150ms);
}

TEST_CASE("a write that is applied long after it was sent entitles to nothing by itself") {
  lease_harness h;
  h.acquires();
  const lease_request first = h.write();
  h.store_swallows();
  h.passes(20s);
  h.store.answer(first);
  h.sees(h.store.now());
  CHECK_FALSE(h.leads());
  CHECK(h.status() == lease_status::silent);
  h.store_swallows();
  h.passes(400ms);
  REQUIRE(h.writes());
  h.store_answers_write();
  CHECK(h.leads());
}

TEST_CASE("a write applied after another took the record cannot happen, and its late answer is no news") {
  lease_harness h;
  h.acquires();
  const lease_request first = h.write();
  h.store_swallows();
  h.sees(h.store.put(held_by(other)));
  CHECK(h.status() == lease_status::following);
  h.responds(h.store.answer(first));
  CHECK(h.status() == lease_status::following);
  CHECK_FALSE(h.leads());
}

TEST_CASE("a forgotten write that is applied later is a stranger's: it is waited out like any other") {
  lease_harness h;
  h.acquires();
  const lease_request forgotten = h.write();
  h.store_says(lease_outcome::unknown);
  h.gives_up();
  CHECK(h.machine.idle());
  h.store.answer(forgotten);
  h.sees(h.store.now());
  h.wants();
  CHECK_FALSE(h.leads());
  h.passes_answering_reads(3s - 1ms);
  CHECK(h.status() == lease_status::following);
  h.passes_answering_reads(1ms);
  CHECK(h.write().claim.term == 6);
}

TEST_CASE("a success that is told for a forgotten write causes a read") {
  lease_harness h;
  h.acquires();
  const lease_request first = h.write();
  h.sees(h.store.put(held_by(other)));
  h.passes(100ms);
  h.responds({first.id, lease_outcome::done, {{1, 99}, true, {}, false}, {}});
  CHECK_FALSE(h.leads());
  CHECK(h.reads());
}

TEST_CASE("what was refused is tried anew, with another nonce: its validity begins later") {
  lease_harness h;
  h.acquires();
  const lease_request first = h.write();
  h.store_says(lease_outcome::refused);
  h.passes(63ms);
  const lease_request second = h.write();
  CHECK(second.claim.attempt > first.claim.attempt);
  CHECK(second.claim.term == first.claim.term);
  CHECK_FALSE(second.repeated);
  h.store_answers_write();
  CHECK(h.valid_for() > 2950ms - 63ms);
}

TEST_CASE("what was refused while another copy is on its way is not tried anew") {
  lease_harness h;
  h.acquires();
  h.passes(234ms);
  const lease_request first = h.open.front();
  REQUIRE(h.open_writes() == 2);
  h.responds({h.open.back().id, lease_outcome::refused, {}, {}});
  h.passes(200ms);
  for (const lease_request& each : h.open) CHECK(each.claim == first.claim);
}

TEST_CASE("answers that come twice, or for nothing that was asked, change nothing") {
  lease_harness h;
  h.acquires();
  const auto answer = h.store.answer(h.write());
  h.responds(answer);
  h.passes(750ms);
  h.responds(answer);
  h.responds({answer.id, lease_outcome::conflict, {}, {}});
  h.responds({0, lease_outcome::conflict, {}, {}});
  h.responds({1, lease_outcome::done, {{9, 9}, true, held_by(other), false}, {}});
  CHECK(h.leads(5));
  CHECK(h.writes());
}

// ---- Stale news ----

TEST_CASE("a lagging watch that shows the holder before us lowers nothing") {
  lease_harness h;
  const lease_sight before = h.store.put(held_by(other));
  h.wants();
  h.store_answers();
  h.passes_answering_reads(3s);
  h.store_answers_write();
  REQUIRE(h.leads(5));
  h.sees(before);
  CHECK(h.leads(5));
  CHECK_FALSE(h.reads());
}

TEST_CASE("a read that was sent before our own write was done, and answered after it, takes nothing back") {
  lease_harness h;
  h.acquires();
  h.passes(100ms);
  h.loses_watch();
  const auto stale = h.store.answer(*h.find(lease_operation::load));
  h.store_answers_write();
  REQUIRE(h.leads(5));
  h.responds(stale);
  CHECK(h.leads(5));
  CHECK(h.events.size() == 2);  // follows, gained
}

TEST_CASE("a stale read of nothing does not make a seizer create again") {
  lease_harness h;
  h.wants();
  h.store_answers();
  h.passes(100ms);
  h.loses_watch();
  const auto stale = h.store.answer(*h.find(lease_operation::load));
  h.store_answers_write();
  REQUIRE(h.status() == lease_status::silent);
  h.responds(stale);
  CHECK(h.status() == lease_status::silent);
}

TEST_CASE("of two incarnations neither is newer: only a read tells") {
  lease_harness h;
  h.becomes_leader();
  h.passes(100ms);
  h.sees({{77, 1}, true, held_by(other), false});
  CHECK(h.leads(5));
  REQUIRE(h.reads());
  h.store_answers_read();
  CHECK(h.leads(5));
  h.store.remove();
  h.passes(100ms);
  h.sees(h.store.put(held_by(other)));
  CHECK(h.leads(5));
  h.store_answers_read();
  CHECK_FALSE(h.leads());
}

TEST_CASE("a read that is answered after its time-out is a hint, like a watch event") {
  lease_harness h;
  h.becomes_leader();
  h.passes(100ms);
  h.loses_watch();
  const lease_request read = *h.find(lease_operation::load);
  h.passes(700ms);
  h.store.put(held_by(other));
  h.responds(h.store.answer(read));
  CHECK_FALSE(h.leads());
}

TEST_CASE("the term of every sight counts, also of one that is not believed") {
  lease_harness h;
  h.follows();
  h.sees({{77, 1}, true, held_by(node_id{3}, 3s, 90), false});
  while (h.reads()) h.store_answers_read();
  h.passes_answering_reads(3s);
  CHECK(h.write().claim.term == 91);
}
