// SPDX-License-Identifier: BSL-1.0

// The rows of the machine's table when nothing goes wrong; lease_machine_*.cpp have what may.

#include "isat/election/lease_machine.hpp"
#include "lease_harness.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace isat::test;

}  // namespace

// ---- Following ----

TEST_CASE("a machine asks for nothing and wakes nobody until it is willing") {
  lease_harness h;
  h.passes(1h);
  h.sees(h.store.put(held_by(other)));
  h.loses_watch();
  h.passes(1h);
  CHECK(h.sent == 0);
  CHECK(h.machine.idle());
  CHECK(h.status() == lease_status::following);
  CHECK_FALSE(h.leads());
}

TEST_CASE("who is willing reads the record before anything else") {
  lease_harness h;
  h.wants();
  CHECK(h.reads());
  CHECK_FALSE(h.writes());
}

TEST_CASE(
    "a held record is waited out from its first receipt and written over at the version seen, with a higher term") {
  lease_harness h;
  h.store.put(held_by(other, 3s, 4));
  h.wants();
  h.passes(100ms);
  h.store_answers();
  h.passes_answering_reads(3s - 1ns);
  CHECK_FALSE(h.writes());
  h.passes_answering_reads(1ns);
  REQUIRE(h.writes());
  CHECK(h.status() == lease_status::acquiring);
  const lease_request request = h.write();
  CHECK(request.expected == h.store.now().at);
  CHECK(request.claim.mode == lease_mode::held);
  CHECK(request.claim.node == us);
  CHECK(request.claim.term == 5);
  CHECK(request.claim.era == era);
  CHECK(request.claim.duration == 3s);
  CHECK_FALSE(request.repeated);
}

TEST_CASE("a follower waits as long as the record says, not as long as its own leases last") {
  for (const nanoseconds lasting : {nanoseconds{500ms}, nanoseconds{8s}}) {
    lease_harness h;
    h.follows(lasting);
    h.passes_answering_reads(lasting - 1ms);
    CHECK_FALSE(h.writes());
    h.passes_answering_reads(1ms);
    CHECK(h.writes());
  }
}

TEST_CASE("the hold-off comes on top of every wait") {
  lease_harness h;
  h.store.put(held_by(other));
  h.wants(90ms);
  h.store_answers();
  h.passes_answering_reads(3s + 89ms);
  CHECK_FALSE(h.writes());
  h.passes_answering_reads(1ms);
  CHECK(h.writes());
}

TEST_CASE("every renewal that is seen begins the wait anew") {
  lease_harness h;
  h.follows();
  for (int i = 0; i < 20; ++i) {
    h.passes(750ms);
    h.sees(h.store.put(held_by(other)));
  }
  CHECK_FALSE(h.writes());
  h.passes_answering_reads(3s - 1ms);
  CHECK_FALSE(h.writes());
  h.passes_answering_reads(1ms);
  CHECK(h.writes());
}

TEST_CASE("the same version told again does not prolong the wait") {
  lease_harness h;
  h.follows();
  for (int i = 0; i < 5; ++i) {
    h.passes(550ms);
    h.sees(h.store.now());
  }
  h.passes_answering_reads(250ms);
  CHECK(h.writes());
}

TEST_CASE("a follower waits by the slower of its clocks") {
  lease_harness h;
  h.follows();
  h.now.boot += 4s;  // NTP hurries one clock, the other has seen a second only
  h.now.raw += 1s;
  h.ticks();
  CHECK_FALSE(h.writes());
  h.now = h.now + 2s;
  h.ticks();
  CHECK(h.writes());
}

TEST_CASE("a record that the watch does not mention for a while is read") {
  lease_harness h;
  h.follows();
  h.passes(profiles::standard.renew_period * 3 / 2 - 1ms);
  CHECK_FALSE(h.reads());
  h.passes(1ms);
  CHECK(h.reads());
}

TEST_CASE("who holds the record is told once, and again when it changes") {
  lease_harness h;
  h.follows();
  REQUIRE(h.events.size() == 1);
  CHECK(h.events[0] == lease_event{lease_change::follows, lease_reason::none, 4, other});
  h.sees(h.store.put(held_by(other)));
  h.sees(h.store.put(released_by(other)));
  CHECK(h.events.size() == 1);
  lease_harness fresh;
  fresh.follows();
  fresh.sees(fresh.store.put(held_by(node_id{3}, 3s, 5)));
  CHECK(fresh.last_event() == lease_event{lease_change::follows, lease_reason::none, 5, node_id{3}});
}

TEST_CASE("another takes the record first: it is waited out like the one before") {
  lease_harness h;
  h.acquires();
  h.store.put(held_by(node_id{3}, 3s, 9));
  h.store_answers_write();
  CHECK(h.reads());
  CHECK(h.status() == lease_status::following);
  h.store_answers_read();
  h.passes_answering_reads(3s - 1ms);
  CHECK_FALSE(h.writes());
  h.passes_answering_reads(1ms);
  CHECK(h.write().claim.term == 10);
}

TEST_CASE("a candidate that is no longer willing asks for nothing any more") {
  lease_harness h;
  h.follows();
  h.gives_up();
  const auto sent = h.sent;
  h.passes(1h);
  CHECK(h.sent == sent);
}

// ---- Leading ----

TEST_CASE("a written record entitles from its send on, not from the answer") {
  lease_harness h;
  h.acquires();
  h.passes(200ms);
  h.store_answers_write();
  CHECK(h.status() == lease_status::leading);
  CHECK(h.leads(5));
  CHECK(h.valid_for() == 2950ms - 200ms);
  CHECK(h.last_event() == lease_event{lease_change::gained, lease_reason::expired, 5, {}});
}

TEST_CASE("an answer that comes when its validity is over entitles to nothing, the next write does") {
  lease_harness h;
  h.acquires();
  const lease_request first = h.write();
  h.passes(2950ms);
  h.responds(h.store.answer(first));
  CHECK_FALSE(h.leads());
  CHECK(h.status() == lease_status::silent);
  h.store_swallows();
  h.passes(1s);
  REQUIRE(h.writes());
  h.store_answers_write();
  CHECK(h.leads());
}

TEST_CASE("a leader renews from send to send, with the same term and at its last version") {
  lease_harness h;
  h.acquires();
  h.passes(200ms);
  h.store_answers_write();
  h.passes(550ms - 1ns);
  CHECK_FALSE(h.writes());
  h.passes(1ns);
  const lease_request renewal = h.write();
  CHECK(renewal.expected == h.store.now().at);
  CHECK(renewal.claim.term == 5);
  CHECK(renewal.claim.mode == lease_mode::held);
  CHECK(renewal.claim.attempt > h.store.now().claim.attempt);
  h.passes(100ms);
  h.store_answers_write();
  CHECK(h.leads(5));
  CHECK(h.valid_for() == 2850ms);
  CHECK(h.status() == lease_status::leading);
}

TEST_CASE("left alone a leader leads for ever, with one term, one write per period and nothing to tell") {
  lease_harness h;
  h.becomes_leader();
  const auto sent = h.sent;
  for (int i = 0; i < 60; ++i) {
    h.works(1s);
    REQUIRE(h.leads(5));
  }
  CHECK(h.sent - sent == 80);
  CHECK(h.events.empty());
}

TEST_CASE("nothing changes when the watch tells a leader of its own writes, in any order") {
  lease_harness h;
  h.becomes_leader();
  const lease_sight first = h.store.now();
  h.works(2s);
  h.sees(h.store.now());
  h.sees(first);
  CHECK(h.leads(5));
  CHECK(h.events.empty());
  CHECK(h.open.empty());
}

TEST_CASE("the deadline lowers by itself, and the machine asks to be woken for it") {
  lease_harness h;
  h.becomes_leader();
  h.passes(2950ms - 1ns);
  CHECK(h.leads(5));
  CHECK(h.machine.wake_in(h.now) == 1ns);
  h.passes(1ns);
  CHECK_FALSE(h.leads());
  CHECK(h.status() == lease_status::silent);
  CHECK(h.last_event() == lease_event{lease_change::lost, lease_reason::lapsed, 5, {}});
}

TEST_CASE("a leader counts by the faster of its clocks") {
  lease_harness h;
  h.becomes_leader();
  h.now.boot += 1s;
  h.now.raw += 2950ms;
  h.ticks();
  CHECK_FALSE(h.leads());
}

TEST_CASE("a renewal sent before the lapse does not entitle after it, a later one does, with the next term") {
  lease_harness h;
  h.becomes_leader();
  h.passes(2940ms);
  const lease_request before = h.write();
  h.passes(10ms);
  h.responds(h.store.answer(before));
  CHECK(h.status() == lease_status::silent);
  h.store_swallows();
  h.passes(1s);
  REQUIRE(h.writes());
  CHECK(h.write().claim.term == 6);
  h.store_answers_write();
  CHECK(h.leads(6));
  CHECK(h.last_event() == lease_event{lease_change::gained, lease_reason::regained, 6, {}});
}

TEST_CASE("a newer version of another's lowers at once, and is waited out") {
  lease_harness h;
  h.becomes_leader();
  h.sees(h.store.put(held_by(other, 3s, 8)));
  CHECK_FALSE(h.leads());
  CHECK(h.status() == lease_status::following);
  CHECK(h.told(lease_change::lost, lease_reason::superseded));
  h.passes_answering_reads(3s - 1ms);
  CHECK_FALSE(h.writes());
  h.passes_answering_reads(1ms);
  CHECK(h.write().claim.term == 9);
}

TEST_CASE("a conflict that no own copy explains lowers at once") {
  lease_harness h;
  h.becomes_leader();
  h.passes(750ms);
  h.store.put(held_by(other, 3s, 8));
  h.store_answers_write();
  CHECK_FALSE(h.leads());
  CHECK(h.status() == lease_status::following);
  CHECK(h.told(lease_change::lost, lease_reason::conflict));
  h.store_answers_read();
  CHECK(h.last_event() == lease_event{lease_change::follows, lease_reason::none, 8, other});
}

TEST_CASE("a read that shows another's newer version lowers, too") {
  lease_harness h;
  h.becomes_leader();
  h.loses_watch();
  h.store.put(held_by(other));
  h.store_answers_read();
  CHECK_FALSE(h.leads());
}

TEST_CASE("after the watch was lost the record is read, and nothing else happens to a leader") {
  lease_harness h;
  h.becomes_leader();
  h.loses_watch();
  CHECK(h.leads(5));
  h.store_answers_read();
  CHECK(h.leads(5));
  CHECK(h.events.empty());
}

TEST_CASE("what was missed while a read was on its way is read again") {
  lease_harness h;
  h.follows();
  h.passes(100ms);
  h.loses_watch();
  REQUIRE(h.reads());
  h.loses_watch();
  h.store_answers_read();
  h.passes(50ms);
  CHECK(h.reads());
}
