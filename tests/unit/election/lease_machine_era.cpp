// SPDX-License-Identifier: BSL-1.0

// A machine goes over to another era: like a restart with a new nonce, but no silence ends for it.

#include "lease_harness.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace isat::test;

}  // namespace

TEST_CASE("another era lowers, and what was held counts as missing") {
  lease_harness h;
  h.becomes_leader();
  h.adopts(8, 12);
  CHECK_FALSE(h.leads());
  CHECK(h.told(lease_change::lost, lease_reason::era_changed));
  CHECK_FALSE(h.writes());  // not before it is said to be a candidate in the new era, too
  h.wants();
  REQUIRE(h.writes());
  const lease_request seizure = h.write();
  CHECK(seizure.claim.mode == lease_mode::waiting);
  CHECK(seizure.claim.era == 8);
  CHECK(seizure.claim.writer == 12);
  CHECK(seizure.claim.term == 6);
  CHECK(seizure.expected == h.store.now().at);
  h.store_answers_write();
  h.works(3s - 1ms);
  CHECK_FALSE(h.leads());
  h.works(1ms);
  CHECK(h.leads(6));
}

TEST_CASE("what was on its way when the era changed is a stranger's, whatever became of it") {
  for (const auto outcome : {lease_outcome::done, lease_outcome::conflict, lease_outcome::refused}) {
    lease_harness h;
    h.becomes_leader();
    h.passes(750ms);
    const lease_request old = h.write();
    h.gives_up();
    h.adopts(8, 12);
    const auto sent = h.sent;
    auto answer = h.store.answer(old);
    answer.outcome = outcome;
    h.responds(answer);
    CHECK_FALSE(h.leads());
    CHECK(h.status() == lease_status::following);
    CHECK(h.sent == sent);
  }
}

TEST_CASE("back in an era that it knew, a machine takes its own older record for a stranger's") {
  lease_harness h;
  h.becomes_leader();
  h.gives_up();
  h.store_swallows();
  h.adopts(8, 12);
  h.adopts(era, 13);
  h.wants();
  CHECK_FALSE(h.leads());
  CHECK(h.status() == lease_status::following);
  h.passes_answering_reads(2999ms);
  CHECK_FALSE(h.writes());
}

TEST_CASE("a late seizure of an earlier era neither ends nor shortens a silence") {
  lease_harness h;
  h.wants();
  h.store_answers();
  const lease_request late = h.write();
  h.passes(100ms);
  h.adopts(8, 12);
  h.wants();
  h.store.answer(late);
  h.store_answers_write();
  CHECK(h.status() != lease_status::leading);
  h.store_answers_all();
  h.works(1s);
  h.store_answers_all();
  CHECK_FALSE(h.leads());
  h.works(3s);
  CHECK(h.leads());
}

TEST_CASE("no adoption, of any number, ends a silence") {
  lease_harness h;
  h.wants();
  h.store_answers_all();
  REQUIRE(h.status() == lease_status::silent);
  for (std::uint64_t i = 0; i < 5; ++i) {
    h.works(500ms);
    h.adopts(8 + i % 2, 12 + i);
    h.wants();
    h.store_answers_all();
    REQUIRE_FALSE(h.leads());
  }
  h.works(2999ms);
  CHECK_FALSE(h.leads());
}

TEST_CASE("an era that comes in the middle of a hand-over does not keep the machine out for ever") {
  lease_harness h;
  h.becomes_leader();
  h.hands_over();
  CHECK(h.status() == lease_status::releasing);
  h.adopts(8, 12);
  h.store_swallows();
  h.wants();
  h.works(60s);
  CHECK(h.leads());
}

TEST_CASE("a record that vanishes in the middle of a hand-over does not keep the machine out for ever") {
  lease_harness h;
  h.becomes_leader();
  h.hands_over();
  h.store_swallows();
  h.sees(h.store.remove());
  h.works(60s);
  CHECK(h.leads());
}

TEST_CASE("an era that comes in the middle of a pause does not wake the driver all the time") {
  lease_harness h;
  h.becomes_leader();
  h.passes(2s);
  h.store_swallows();
  h.gives_up();
  h.passes(2s);
  h.store_swallows();
  h.adopts(8, 12);
  h.wants_alone();
  h.passes(10s);
  CHECK(h.writes());
}

TEST_CASE("two eras that take each other's record for missing do not write without end") {
  lease_harness h;
  h.wants();
  h.store_answers();
  lease_claim rival = claim_of(lease_mode::waiting, other);
  rival.era = 8;
  const auto sent = h.sent;
  for (int i = 0; i < 1000; ++i) {  // the rival overwrites at once, with a round trip of 10 ms
    h.passes(5ms);
    if (h.writes()) h.store_answers_write();
    if (h.store.now().claim.writer == 11) h.sees(h.store.put(rival));
    if (h.reads()) h.store_answers_read();
    h.passes(5ms);
  }
  CHECK(h.sent - sent <= 60);
}
