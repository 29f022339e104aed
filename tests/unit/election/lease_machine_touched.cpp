// SPDX-License-Identifier: BSL-1.0

// A record that somebody has touched without changing what it claims: its holder goes on with the new version, or hands
// over to whom that names. And what looks like one that was touched, but may have been put back.

#include "lease_harness.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace isat::test;

constexpr node_id third{3};
constexpr nanoseconds out_for = profiles::standard.duration + lease_machine::hold_down;

// What the record says now, at a new version, as after a change of a label.
const lease_sight& touch(lease_harness& h) { return h.store.put(h.store.now().claim); }

// ... with a note that names an heir.
const lease_sight& annotate(lease_harness& h, node_id heir) {
  lease_claim claim = h.store.now().claim;
  claim.heir = heir;
  return h.store.put(claim);
}

lease_claim released_for(node_id heir) {
  lease_claim claim = released_by(other);
  claim.heir = heir;
  return claim;
}

}  // namespace

// ---- Going on ----

TEST_CASE("a leader whose record was touched leads on, and renews over the new version when that is due anyway") {
  lease_harness h;
  h.becomes_leader();
  h.passes(100ms);
  const lease_sight touched = touch(h);
  h.sees(touched);
  CHECK(h.leads(5));
  CHECK(h.open.empty());
  h.passes(650ms);
  CHECK(h.write().expected == touched.at);
  CHECK(h.write().claim.term == 5);
  h.store_answers_write();
  CHECK(h.leads(5));
  CHECK(h.valid_for() == 2950ms);
  CHECK(h.events.empty());
}

TEST_CASE("a touched record prolongs nothing by itself") {
  lease_harness h;
  h.becomes_leader();
  h.passes(700ms);
  h.sees(touch(h));
  CHECK(h.valid_for() == 2250ms);
}

TEST_CASE("a record that is touched again and again is held all the time, without more requests than usual") {
  lease_harness h;
  h.becomes_leader();
  const auto before = h.sent;
  for (int i = 0; i < 300; ++i) {
    h.passes(50ms);
    h.sees(touch(h));
    while (h.writes()) h.store_answers_write();
    REQUIRE(h.leads(5));
  }
  CHECK(h.events.empty());
  CHECK(h.sent - before <= 2 * 15000 / 750);
}

TEST_CASE("a touch that crosses a renewal is no rival: the renewal is sent again over the touched version") {
  for (const bool conflict_first : {false, true}) {
    CAPTURE(conflict_first);
    lease_harness h;
    h.becomes_leader();
    h.passes(750ms);
    const lease_request renewal = h.write();
    const lease_sight touched = touch(h);
    h.sees(touched);
    CHECK(h.leads(5));
    if (conflict_first) h.responds(h.store.answer(renewal));
    CHECK(h.leads(5));
    CHECK(h.open.back().expected == touched.at);
    h.responds(h.store.answer(h.open.back()));
    CHECK(h.leads(5));
    CHECK(h.valid_for() == 2950ms);
    if (!conflict_first) h.responds(h.store.answer(renewal));  // a conflict that comes late is no news
    CHECK(h.leads(5));
    CHECK(h.events.empty());
  }
}

TEST_CASE("a touch while copies of a renewal are on their way, or lost, ends no leadership") {
  lease_harness h;
  h.becomes_leader();
  h.passes(984ms);
  REQUIRE(h.open_writes() == 2);
  const auto copies = h.open;
  h.sees(touch(h));
  for (const lease_request& each : copies) h.responds(h.store.answer(each));
  CHECK(h.leads(5));
  while (h.writes()) h.store_answers_write();
  CHECK(h.leads(5));
  CHECK(h.events.empty());
}

TEST_CASE("a conflict that is told before the touch is: the leader stops, for it may be a rival's doing") {
  lease_harness h;
  h.becomes_leader();
  h.passes(750ms);
  touch(h);
  h.store_answers_write();
  CHECK_FALSE(h.leads());
  CHECK(h.told(lease_change::lost, lease_reason::conflict));
}

TEST_CASE("after an interruption a touched record is held still, and the next term is written over it") {
  lease_harness h;
  h.becomes_leader();
  h.passes(100ms);
  h.is_interrupted();
  const lease_request next = h.write();
  const lease_sight touched = touch(h);
  h.sees(touched);
  h.responds(h.store.answer(next));
  CHECK_FALSE(h.leads());
  h.passes(50ms);
  CHECK(h.open.back().expected == touched.at);
  CHECK(h.open.back().claim.term == 6);
  h.responds(h.store.answer(h.open.back()));
  CHECK(h.leads(6));
}

TEST_CASE("what another has touched says no more about its own holder than before: it is waited out anew") {
  lease_harness h;
  h.follows();
  h.passes(2s);
  h.sees(touch(h));
  h.passes_answering_reads(3s - 1ms);
  CHECK_FALSE(h.writes());
  h.passes_answering_reads(1ms);
  CHECK(h.writes());
}

// ---- What may have been put back ----

TEST_CASE("its last record at a newer version is kept until its validity ends, and is a stranger's from then on") {
  for (const bool late : {false, true}) {
    CAPTURE(late);
    lease_harness h;
    h.becomes_leader();
    const lease_claim ours = h.store.now().claim;
    h.passes(2950ms - (late ? 0ns : 1ns));
    h.open.clear();
    h.store.put(held_by(other));  // may have led since, for all that we know
    h.sees(h.store.put(ours));
    CHECK(h.machine.holds() == !late);
    CHECK(h.leads() == !late);
    CHECK(h.status() == (late ? lease_status::following : lease_status::leading));
  }
}

TEST_CASE("nobody follows himself: a record of its own that was touched too late names no holder") {
  lease_harness h;
  h.becomes_leader();
  h.passes(2950ms);
  h.open.clear();
  h.events.clear();
  h.sees(touch(h));
  REQUIRE_FALSE(h.machine.holds());
  CHECK(h.events.empty());
  h.sees(h.store.put(held_by(other)));
  CHECK(h.last_event().what == lease_change::follows);
  CHECK(h.last_event().node == other);
}

TEST_CASE("what was put back after the own validity is waited out before it is written over") {
  lease_harness h;
  h.becomes_leader();
  const lease_claim ours = h.store.now().claim;
  h.passes(3s);
  h.open.clear();
  h.store.put(held_by(other));
  h.sees(h.store.put(ours));
  h.passes_answering_reads(3s - 1ms);
  CHECK_FALSE(h.writes());
  h.passes_answering_reads(1ms);
  CHECK(h.write().claim.term == 6);
}

TEST_CASE("after a jump of the wall clock nobody knows how long its last record has been valid: it is not kept") {
  lease_harness h;
  h.becomes_leader();
  h.wall_jumps(600ms);
  h.sees(touch(h));
  CHECK_FALSE(h.machine.holds());
}

TEST_CASE("an earlier record of its own, or one that claims less, is none that was touched") {
  lease_harness h;
  h.becomes_leader();
  const lease_claim first = h.store.now().claim;
  h.works(750ms);
  lease_claim shorter = h.store.now().claim;
  shorter.duration = 2s;
  lease_claim freed = h.store.now().claim;
  freed.mode = lease_mode::released;
  for (const lease_claim& each : {first, shorter, freed}) {
    lease_harness again;
    again.becomes_leader();
    again.works(750ms);
    again.sees(again.store.put(each));
    CHECK_FALSE(again.leads());
    CHECK_FALSE(again.machine.holds());
  }
}

TEST_CASE("a record made again by hand after a removal is another incarnation: it is not kept") {
  lease_harness h;
  h.becomes_leader();
  const lease_claim ours = h.store.now().claim;
  h.passes(100ms);
  h.store.remove();
  h.sees(h.store.put(ours));
  while (h.reads()) h.store_answers_read();
  CHECK_FALSE(h.machine.holds());
}

TEST_CASE("a seizer's record that was touched is not kept: the last holder may have gone on in between") {
  lease_harness h;
  h.wants();
  h.store_answers_all();
  REQUIRE(h.status() == lease_status::silent);
  h.passes(500ms);
  h.sees(touch(h));
  CHECK_FALSE(h.machine.holds());
  h.passes_answering_reads(3s - 1ms);
  CHECK_FALSE(h.writes());
}

TEST_CASE("what a seizer wrote during its silence entitles to nothing: the record may have been put back since") {
  lease_harness h;
  h.wants();
  h.store_answers_all();
  h.works(2900ms);
  REQUIRE(h.store.now().claim.mode == lease_mode::waiting);
  h.passes(1s);  // the silence is over, and nothing is answered
  CHECK_FALSE(h.leads());
  while (!h.writes()) h.passes(10ms);
  CHECK(h.write().claim.mode == lease_mode::held);
  h.store_answers_write();
  CHECK(h.leads(1));
  CHECK(h.last_event() == lease_event{lease_change::gained, lease_reason::missing, 1, {}});
}

TEST_CASE("a renewal that was given up for a release is taken for what was put back once its time is over") {
  lease_harness h{profiles::standard, 8s};
  h.becomes_leader();
  h.passes(750ms);
  const lease_claim renewed = h.write().claim;
  h.store_writes_unseen();
  h.gives_up();
  h.passes(2200ms);
  REQUIRE(h.status() == lease_status::releasing);
  h.store_swallows();
  h.store.put(held_by(other));
  h.sees(h.store.put(renewed));
  CHECK_FALSE(h.machine.holds());
  h.passes(5s);
  CHECK(h.open.empty());
}

// ---- Handing over to a named node ----

TEST_CASE("a note that names another makes the leader lower, then release for that one, and stay out") {
  lease_harness h;
  h.becomes_leader();
  h.passes(100ms);
  const lease_sight asked = annotate(h, third);
  h.sees(asked);
  CHECK_FALSE(h.leads());
  CHECK(h.status() == lease_status::releasing);
  CHECK(h.last_event() == lease_event{lease_change::lost, lease_reason::handed_over, 5, {}});
  CHECK(h.write().expected == asked.at);
  CHECK(h.write().claim.mode == lease_mode::released);
  CHECK(h.write().claim.heir == third);
  h.store_answers_write();
  CHECK(h.status() == lease_status::following);
  h.passes_answering_reads(out_for - 1ms);
  CHECK_FALSE(h.writes());
  h.passes_answering_reads(1ms);
  CHECK(h.writes());  // the heir has not come
}

TEST_CASE("a note that names its holder asks for nothing, and is gone with the next renewal") {
  lease_harness h;
  h.becomes_leader();
  h.passes(100ms);
  h.sees(annotate(h, us));
  CHECK(h.leads(5));
  h.works(700ms);
  CHECK(h.leads(5));
  CHECK(h.store.now().claim.heir == node_id{});
}

TEST_CASE("a note that crosses a renewal is obeyed, whichever news comes first") {
  for (const bool conflict_first : {false, true}) {
    CAPTURE(conflict_first);
    lease_harness h;
    h.becomes_leader();
    h.passes(750ms);
    const lease_request renewal = h.write();
    const lease_sight asked = annotate(h, third);
    h.sees(asked);
    if (conflict_first) h.responds(h.store.answer(renewal));
    CHECK_FALSE(h.leads());
    const lease_request release = h.open.back();
    CHECK(release.claim.mode == lease_mode::released);
    CHECK(release.claim.heir == third);
    CHECK(release.expected == asked.at);
    if (!conflict_first) h.responds(h.store.answer(renewal));
    h.responds(h.store.answer(release));
    CHECK(h.machine.idle());
    CHECK(h.store.now().claim.heir == third);
  }
}

TEST_CASE("who is about to release for anybody does so for whom a note names") {
  lease_harness h;
  h.becomes_leader();
  h.passes(100ms);
  h.gives_up();
  const lease_request first = h.write();
  CHECK(first.claim.heir == node_id{});
  h.sees(annotate(h, third));
  h.responds(h.store.answer(first));
  const lease_request second = h.write();
  CHECK(second.claim.mode == lease_mode::released);
  CHECK(second.claim.heir == third);
  h.store_answers_write();
  CHECK(h.machine.idle());
}

TEST_CASE("a release that may have been done is not made again over a record that says it is held") {
  lease_harness h;
  h.becomes_leader();
  const lease_claim ours = h.store.now().claim;
  h.gives_up();
  const lease_request release = h.write();
  h.passes(234ms);
  const lease_request copy = h.open.back();
  h.store.answer(release);  // others lead from now on
  h.store.put(held_by(other));
  h.sees(h.store.put(ours));
  h.responds(h.store.answer(copy));
  CHECK_FALSE(h.machine.holds());
  CHECK(h.machine.idle());
}

TEST_CASE("an heir is forgotten when the record is taken again") {
  lease_harness h;
  h.becomes_leader();
  h.passes(100ms);
  h.sees(annotate(h, third));
  h.store_answers_write();
  h.passes_answering_reads(out_for);
  h.store_answers_write();
  REQUIRE(h.leads());
  h.passes(100ms);
  h.gives_up();
  CHECK(h.write().claim.mode == lease_mode::released);
  CHECK(h.write().claim.heir == node_id{});
}

// ---- Heirs ----

TEST_CASE("the heir takes a release at once, whatever its hold-off; others leave it a head start beyond theirs") {
  struct row {
    node_id heir;
    nanoseconds hold_off, waited;
  };
  for (const row& each : {row{us, 60ms, 0ms}, row{third, 0ms, 300ms}, row{third, 60ms, 360ms}}) {
    lease_harness h;
    h.store.put(held_by(other));
    h.wants(each.hold_off);
    h.store_answers();
    h.passes(700ms);
    h.sees(h.store.put(released_for(each.heir)));
    if (each.waited > 0ms) {
      h.passes(each.waited - 1ms);
      CHECK_FALSE(h.writes());
      h.passes(1ms);
    }
    REQUIRE(h.writes());
    CHECK(h.write().claim.heir == node_id{});
    h.store_answers_write();
    CHECK(h.leads(5));
  }
}

TEST_CASE("an heir that has just released itself does not stay out") {
  lease_harness h;
  h.becomes_leader();
  h.hands_over();
  h.store_answers_write();
  h.passes(100ms);
  h.sees(h.store.put(held_by(other)));
  h.passes(100ms);
  h.sees(h.store.put(released_for(us)));
  CHECK(h.writes());
}

TEST_CASE("an heir waits for a mark that it has not seen coming like anybody else") {
  lease_harness h;
  h.store.put(released_for(us));
  h.wants();
  h.store_answers();
  h.passes_answering_reads(3s - 1ms);
  CHECK_FALSE(h.writes());
  h.passes_answering_reads(1ms);
  CHECK(h.writes());
}

TEST_CASE("a note on a record that is held by another gives its heir nothing") {
  lease_harness h;
  h.follows();
  h.passes(1s);
  h.sees(annotate(h, us));
  h.passes_answering_reads(3s - 1ms);
  CHECK_FALSE(h.writes());
}

TEST_CASE("a note that is added to a released record names no heir of it: nobody has let go for that one") {
  lease_harness h;
  h.follows();
  h.set_candidacy({true, false, 10s});
  h.passes(100ms);
  h.sees(h.store.put(released_by(other)));
  lease_sight noted = h.store.now();
  noted.claim.heir = us;
  ++noted.at.number;
  h.sees(noted);
  h.passes_answering_reads(3s - 1ms);
  CHECK_FALSE(h.writes());
}
