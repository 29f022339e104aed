// SPDX-License-Identifier: BSL-1.0

// Planned changes of the holder: what a releaser writes and when, who may take what was released, and the proof that a
// holder's process has ended, which counts as a release.

#include "lease_harness.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace isat::test;

constexpr nanoseconds out_for = profiles::standard.duration + lease_machine::hold_down;

}  // namespace

// ---- The releaser ----

TEST_CASE("a leader that is no longer willing lowers, then writes a marked release over its last version") {
  lease_harness h;
  h.becomes_leader();
  const auto attempt = h.store.now().claim.attempt;
  h.gives_up();
  CHECK_FALSE(h.leads());
  CHECK(h.status() == lease_status::releasing);
  CHECK(h.last_event() == lease_event{lease_change::lost, lease_reason::unwilling, 5, {}});
  const lease_request release = h.write();
  CHECK(release.expected == h.store.now().at);
  CHECK(release.claim.mode == lease_mode::released);
  CHECK(release.claim.node == us);
  CHECK(release.claim.term == 5);
  CHECK(release.claim.attempt > attempt);
  h.store_answers_write();
  CHECK(h.status() == lease_status::following);
  CHECK(h.machine.idle());
  CHECK(h.last_event() == lease_event{lease_change::released, lease_reason::none, 5, {}});
  h.passes(1h);
  CHECK(h.open.empty());
}

TEST_CASE("a hand-over releases although the machine is willing") {
  lease_harness h;
  h.becomes_leader();
  h.hands_over();
  CHECK(h.told(lease_change::lost, lease_reason::handed_over));
  CHECK(h.write().claim.mode == lease_mode::released);
  h.store_answers_write();
  CHECK(h.status() == lease_status::following);
}

TEST_CASE("a hand-over of nothing is none") {
  lease_harness h;
  h.follows();
  h.hands_over();
  h.passes_answering_reads(3s);
  h.store_answers_write();
  CHECK(h.leads());
}

TEST_CASE("the releaser stays out for its duration and the hold-down, then may lead again") {
  lease_harness h;
  h.becomes_leader();
  h.hands_over();
  h.store_answers_write();
  h.passes_answering_reads(out_for - 1ms);
  CHECK_FALSE(h.writes());
  h.passes_answering_reads(1ms);
  REQUIRE(h.writes());
  h.store_answers_write();
  CHECK(h.leads(6));
}

TEST_CASE("the only candidate need not stay out") {
  lease_harness h;
  h.becomes_leader();
  h.hands_over();
  h.store_answers_write();
  h.wants_alone();
  REQUIRE(h.writes());
  h.store_answers_write();
  CHECK(h.leads(6));
}

TEST_CASE("who stays out does so for every way in which the record becomes free") {
  lease_harness h;
  h.becomes_leader();
  h.hands_over();
  h.store_answers_write();
  h.sees(h.store.put(held_by(other, 1s)));
  h.passes_answering_reads(2s);
  CHECK_FALSE(h.writes());
  h.sees(h.store.orphan());
  CHECK_FALSE(h.writes());
  h.sees(h.store.remove());
  CHECK_FALSE(h.writes());
}

TEST_CASE("a release waits for the renewal that is on its way, and is written over what that made") {
  lease_harness h;
  h.becomes_leader();
  h.passes(750ms);
  h.gives_up();
  CHECK(h.open_writes() == 1);
  CHECK_FALSE(h.leads());
  h.store_answers_write();
  CHECK_FALSE(h.leads());
  const lease_request release = h.write();
  CHECK(release.claim.mode == lease_mode::released);
  CHECK(release.expected == h.store.now().at);
  h.store_answers_write();
  CHECK(h.machine.idle());
}

TEST_CASE("a renewal that is lost, and was applied, does not keep the record from being released") {
  lease_harness h;
  h.becomes_leader();
  h.passes(750ms);
  h.store_writes_unseen();
  h.gives_up();
  h.passes(700ms);  // the copies are given up
  h.open.clear();
  for (int i = 0; i < 200 && !h.machine.idle(); ++i) {
    h.passes(10ms);
    while (!h.open.empty()) h.store_answers();
  }
  CHECK(h.machine.idle());
  CHECK(h.store.now().claim.mode == lease_mode::released);
  CHECK(h.told(lease_change::released, lease_reason::none));
  CHECK_FALSE(h.leads());
}

TEST_CASE("what was given up for a release is remembered when the machine has changed its mind twice since") {
  lease_harness h;
  h.becomes_leader();
  h.passes(750ms);
  const lease_request first = h.write();
  h.store_says(lease_outcome::unknown);
  h.gives_up();  // the renewal may yet be applied
  h.wants();
  h.passes(63ms);
  h.store_says(lease_outcome::refused);
  h.gives_up();
  h.store.answer(first);
  for (int i = 0; i < 200 && !h.machine.idle(); ++i) {
    h.passes(10ms);
    while (!h.open.empty()) h.store_answers();
  }
  CHECK(h.store.now().claim.mode == lease_mode::released);
}

TEST_CASE("a release by its own name that a machine has not sent ends its leadership: it frees the record for others") {
  for (const bool has_lost_before : {false, true}) {
    CAPTURE(has_lost_before);
    lease_harness h;
    h.becomes_leader();
    for (int renewals = 0; renewals < 3; ++renewals) {
      h.passes(750ms);
      h.store_answers_write();
    }
    lease_claim copied = h.store.now().claim;
    if (has_lost_before) {
      h.is_interrupted();
      h.passes(750ms);
      h.store_answers_write();
      REQUIRE(h.leads());
    }
    copied = h.store.now().claim;
    copied.mode = lease_mode::released;
    ++copied.attempt;
    h.sees(h.store.put(copied));
    CHECK_FALSE(h.leads());
    CHECK_FALSE(h.machine.holds());
  }
}

TEST_CASE("a release of unknown outcome is sent again, and the own nonce tells that it was written") {
  lease_harness h;
  h.becomes_leader();
  h.gives_up();
  h.store_writes_unseen();
  h.passes(234ms);
  CHECK(h.write().repeated);
  h.store_answers_write();
  CHECK(h.status() == lease_status::releasing);
  h.store_answers_read();
  CHECK(h.machine.idle());
  CHECK(h.told(lease_change::released, lease_reason::none));
}

TEST_CASE("a release that was sent ends the term for good: only the success of a later write entitles again") {
  lease_harness h;
  h.becomes_leader();
  h.gives_up();
  const lease_request release = h.write();
  h.store_swallows();
  h.passes(100ms);
  h.wants();
  h.sees(h.store.now());
  h.loses_watch();
  h.store_answers_read();  // our own record, as it was before the release
  CHECK_FALSE(h.leads());
  h.passes(1500ms);
  CHECK_FALSE(h.leads());
  for (const lease_request& each : h.open) {
    if (each.operation == lease_operation::cas) CHECK(each.claim == release.claim);
  }
  h.responds(h.store.answer(release));
  CHECK_FALSE(h.leads());
  CHECK(h.status() == lease_status::following);
}

TEST_CASE("who is willing again after its release was refused renews, and leads with the next term") {
  lease_harness h;
  h.becomes_leader();
  h.works(100ms);
  h.gives_up();
  h.store_says(lease_outcome::refused);
  h.wants();
  CHECK_FALSE(h.leads());
  h.passes(63ms);
  REQUIRE(h.writes());
  CHECK(h.write().claim.mode == lease_mode::held);
  CHECK(h.write().claim.term == 6);
  h.store_answers_write();
  CHECK(h.leads(6));
}

TEST_CASE("a release that is applied long after it was given up does no harm") {
  lease_harness h;
  h.becomes_leader();
  h.hands_over();
  const lease_request release = h.write();
  for (int i = 0; i < 40; ++i) {
    h.store_swallows();
    h.passes(100ms);
  }
  CHECK(h.machine.idle());
  CHECK(h.told(lease_change::lost, lease_reason::handed_over));
  h.store_swallows();
  h.wants_alone();
  while (!h.writes()) h.passes(10ms);
  h.store.answer(release);
  h.store_answers_write();
  CHECK_FALSE(h.leads());
  while (!h.reads()) h.passes(10ms);
  CHECK_FALSE(h.leads());
  h.store_answers_read();
  CHECK_FALSE(h.leads());
  h.works(3s);  // too long deaf to trust the mark, although it is its own
  CHECK(h.leads(6));
}

TEST_CASE("when the duration has passed the release is no longer tried: others need it no more") {
  lease_harness h;
  h.becomes_leader();
  h.gives_up();
  for (int i = 0; i < 29; ++i) {
    h.store_swallows();
    h.passes(100ms);
    REQUIRE(h.status() == lease_status::releasing);
  }
  for (int i = 0; i < 15; ++i) {
    h.store_swallows();
    h.passes(100ms);
  }
  CHECK(h.machine.idle());
  const auto sent = h.sent;
  h.passes(1h);
  CHECK(h.sent == sent);
}

TEST_CASE("a release that meets another's version is over") {
  lease_harness h;
  h.becomes_leader();
  h.gives_up();
  h.store.put(held_by(other));
  h.store_answers_write();
  CHECK(h.machine.idle());
  CHECK_FALSE(h.told(lease_change::released, lease_reason::none));
}

TEST_CASE("a leader without a willingness that changes in the middle of its acquisition releases what it gets") {
  lease_harness h;
  h.acquires();
  h.gives_up();
  h.store_answers_write();
  CHECK_FALSE(h.leads());
  CHECK(h.write().claim.mode == lease_mode::released);
  h.store_answers_write();
  CHECK(h.machine.idle());
}

// ---- The successor ----

TEST_CASE("a marked release that follows a version seen frees at once; the others come after the hold-off") {
  for (const nanoseconds hold_off : {nanoseconds{0}, nanoseconds{60ms}}) {
    lease_harness h;
    h.store.put(held_by(other));
    h.wants(hold_off);
    h.store_answers();
    h.passes(700ms);
    h.sees(h.store.put(released_by(other)));
    h.passes(hold_off);
    REQUIRE(h.writes());
    CHECK(h.write().claim.mode == lease_mode::held);
    h.store_answers_write();
    CHECK(h.leads(5));
    CHECK(h.last_event().why == lease_reason::released);
  }
}

TEST_CASE("a mark that is first seen at the start frees nothing: it may be older than the last holder") {
  lease_harness h{profiles::standard, 8s};
  h.store.put(released_by(other));
  h.wants();
  h.store_answers();
  h.passes_answering_reads(8s - 1ms);
  CHECK_FALSE(h.writes());
  h.passes_answering_reads(1ms);
  CHECK(h.writes());
}

TEST_CASE("a mark that is seen after a long deafness frees nothing") {
  lease_harness h;
  h.follows(20s);
  h.passes(1s);
  h.store_swallows();
  h.passes(5s);
  h.sees(h.store.put(released_by(other)));
  CHECK_FALSE(h.writes());
}

TEST_CASE("a mark in another incarnation frees nothing") {
  lease_harness h;
  h.follows();
  h.passes(100ms);
  h.store.remove();
  h.sees(h.store.put(released_by(other)));
  REQUIRE(h.reads());
  h.store_answers_read();
  CHECK_FALSE(h.writes());
  h.passes_answering_reads(3s - 1ms);
  CHECK_FALSE(h.writes());
}

TEST_CASE("a mark that was put back over another's record frees nothing: its writer was not the last holder") {
  lease_harness h;
  const lease_sight backup = h.store.put(released_by(other));
  h.follows();
  h.passes(100ms);
  lease_sight put_back = h.store.put(held_by(node_id{3}));
  h.sees(put_back);
  put_back.claim = backup.claim;  // in all its parts, at a new version
  ++put_back.at.number;
  h.sees(put_back);
  CHECK_FALSE(h.writes());
}

TEST_CASE("a release frees at once also when renewals before it were not told") {
  lease_harness h;
  h.follows();
  h.store.put(held_by(other));
  h.store.put(held_by(other));
  h.passes(700ms);
  h.sees(h.store.put(released_by(other)));
  CHECK(h.writes());
}

// ---- Proof of death ----

TEST_CASE("proof that the holder's process has ended frees a held record, after the hold-off since the proof") {
  lease_harness h;
  h.store.put(held_by(other));
  h.wants(90ms);
  h.store_answers();
  h.passes(1s);
  h.sees(h.store.orphan());
  h.passes(89ms);
  CHECK_FALSE(h.writes());
  h.passes(1ms);
  REQUIRE(h.writes());
  h.store_answers_write();
  CHECK(h.leads(5));
  CHECK(h.last_event().why == lease_reason::orphaned);
}

TEST_CASE("an orphan that is found at the start is free, too") {
  lease_harness h;
  h.store.put(held_by(other));
  h.store.orphan();
  h.wants();
  h.store_answers();
  CHECK(h.writes());
}

TEST_CASE("the proof frees neither a waiting record nor one without a mark or from before the start") {
  for (const auto mode : {lease_mode::waiting, lease_mode::vacant, lease_mode::released}) {
    lease_harness h;
    h.store.put(claim_of(mode, other, 3s));
    h.store.orphan();
    h.wants();
    h.store_answers();
    h.passes_answering_reads(3s - 1ms);
    CHECK_FALSE(h.writes());
  }
}

TEST_CASE("a proof about an older version says nothing about the newer one") {
  lease_harness h;
  h.follows();
  lease_sight dead = h.store.now();
  dead.orphaned = true;
  h.sees(h.store.put(held_by(node_id{3})));
  h.sees(dead);
  CHECK_FALSE(h.writes());
}
