// SPDX-License-Identifier: BSL-1.0

// Records that are missing, or as good as missing: whoever finds one seizes it, then waits. And records that no
// machine wrote.

#include "lease_harness.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace isat::test;

// Finds nothing in the store and seizes the record; others may use leases of up to 8 s.
lease_harness seizer() {
  lease_harness h{profiles::standard, 8s};
  h.wants();
  h.store_answers();
  h.store_answers_write();
  return h;
}

lease_harness leader() {
  lease_harness h{profiles::standard, 8s};
  h.becomes_leader();
  return h;
}

}  // namespace

// ---- Seize, then wait ----

TEST_CASE("a missing record is created at once, marked as waiting and with the longest duration") {
  lease_harness h{profiles::standard, 8s};
  h.wants();
  h.store_answers();
  REQUIRE(h.writes());
  CHECK(h.status() == lease_status::acquiring);
  CHECK(h.write().expected == isat::election::version{});
  CHECK(h.write().claim.mode == lease_mode::waiting);
  CHECK(h.write().claim.duration == 8s);
  h.store_answers_write();
  CHECK(h.status() == lease_status::silent);
  CHECK_FALSE(h.leads());
  CHECK(h.last_event() == lease_event{lease_change::seized, lease_reason::missing, 1, {}});
}

TEST_CASE("as soon as the silence is over the record says so, for the death of a writer that waits frees nothing") {
  lease_harness h = seizer();
  h.works(8s);
  REQUIRE(h.leads());
  h.works(60ms);
  CHECK(h.store.now().claim.mode == lease_mode::held);
  CHECK(h.store.now().claim.duration == 3s);
}

TEST_CASE("the hold-off delays a seizure, too") {
  lease_harness h;
  h.wants(90ms);
  h.store_answers();
  h.passes(89ms);
  CHECK_FALSE(h.writes());
  h.passes(1ms);
  CHECK(h.writes());
}

TEST_CASE("a seizer is silent for the longest duration after the confirmation, and renews meanwhile") {
  lease_harness h{profiles::standard, 8s};
  h.wants();
  h.store_answers();
  h.passes(200ms);
  h.store_answers_write();
  for (int i = 0; i < 79; ++i) {
    h.works(100ms);
    REQUIRE_FALSE(h.leads());
    REQUIRE(h.store.now().claim.mode == lease_mode::waiting);
    REQUIRE(h.store.now().claim.duration == 8s);
  }
  h.works(100ms - 1ns);
  CHECK_FALSE(h.leads());
  CHECK(h.machine.wake_in(h.now) == 1ns);
  h.passes(1ns);
  CHECK_FALSE(h.leads());
  h.store_answers_write();
  CHECK(h.leads(1));
  CHECK(h.valid_for() == 2950ms);
  CHECK(h.last_event() == lease_event{lease_change::gained, lease_reason::missing, 1, {}});
}

TEST_CASE("once its silence is over a seizer's record says that it is held, for as long as its leases last") {
  lease_harness h = seizer();
  h.works(10s);
  CHECK(h.store.now().claim.mode == lease_mode::held);
  CHECK(h.store.now().claim.duration == 3s);
  CHECK(h.leads(1));
}

TEST_CASE("the silence is counted by the slower clock") {
  lease_harness h = seizer();
  h.now.boot += 9s;
  h.now.raw += 1s;
  h.ticks();
  h.store_answers_all();
  CHECK_FALSE(h.leads());
}

TEST_CASE("a seizure that is confirmed late is silent from then on, however it became known") {
  for (const bool by_watch : {false, true}) {
    lease_harness h{profiles::standard, 8s};
    h.wants();
    h.store_answers();
    const auto answer = h.store.answer(h.write());
    h.store_swallows();
    h.passes(5s);
    h.open.clear();
    by_watch ? h.sees(h.store.now()) : h.responds(answer);
    if (by_watch) {  // which cannot tell that another incarnation is a newer one
      while (!h.reads()) h.passes(10ms);
      h.store_answers_read();
    }
    REQUIRE(h.status() == lease_status::silent);
    h.works(8s - 1ms);
    CHECK_FALSE(h.leads());
    h.works(1ms);
    CHECK(h.leads());
  }
}

TEST_CASE("a second seizure never shortens the silence that runs") {
  lease_harness h{profiles::standard, 8s};
  h.wants();
  h.store_answers();
  h.store_answers_write();
  h.machine.adopt(h.now, {us, 12, 8}, profiles::fast, 1200ms);  // an era of shorter leases
  h.timing = profiles::fast;
  h.wants();
  h.works(8s - 1ms);
  CHECK(h.store.now().claim.era == 8);
  CHECK_FALSE(h.leads());
  h.works(1ms);
  CHECK(h.leads());
}

TEST_CASE("a seizer that loses its record to another waits for that one, and its own silence goes on") {
  lease_harness h = seizer();
  h.works(1s);
  h.sees(h.store.put(held_by(other, 1s)));
  CHECK(h.status() == lease_status::following);
  h.passes_answering_reads(1s);
  REQUIRE(h.writes());
  CHECK(h.write().claim.mode == lease_mode::waiting);
  h.store_answers_all();
  h.works(6s - 1ms);
  CHECK_FALSE(h.leads());
  h.works(1ms);
  CHECK(h.leads());
}

TEST_CASE("a seizer that still waits and is no longer willing releases nothing") {
  lease_harness h = seizer();
  h.works(1s);
  const auto at = h.store.now().at;
  h.gives_up();
  CHECK(h.status() == lease_status::following);
  h.passes(1h);
  CHECK(h.open.empty());
  CHECK(h.store.now().at == at);
  CHECK(h.machine.idle());
}

TEST_CASE("a seizer that hands over while it waits releases nothing either") {
  lease_harness h = seizer();
  h.works(1s);
  h.hands_over();
  h.passes(7s);
  CHECK_FALSE(h.writes());
}

TEST_CASE("a seizer that gives up before its seizure is answered releases nothing") {
  lease_harness h{profiles::standard, 8s};
  h.wants();
  h.store_answers();
  h.gives_up();
  h.store_answers_write();
  CHECK_FALSE(h.writes());
  CHECK(h.machine.idle());
}

TEST_CASE("a record that waits is waited out for its own duration") {
  lease_harness h;
  h.store.put(claim_of(lease_mode::waiting, other, 8s));
  h.wants();
  h.store_answers();
  h.passes_answering_reads(8s - 1ms);
  CHECK_FALSE(h.writes());
  h.passes_answering_reads(1ms);
  CHECK(h.writes());
}

// ---- A leader whose record vanishes ----

TEST_CASE("a leader whose record is gone answers until its deadline and makes the record again") {
  lease_harness h = leader();
  h.sees(h.store.remove());
  CHECK(h.leads(5));
  REQUIRE(h.writes());
  CHECK(h.write().claim.mode == lease_mode::waiting);
  CHECK(h.write().claim.term == 6);
  h.store_answers_write();
  h.works(2950ms - 1ns);
  CHECK(h.leads(5));
  h.works(1ns);
  CHECK_FALSE(h.leads());
  CHECK(h.told(lease_change::lost, lease_reason::lapsed));
  h.works(8s - 2950ms - 1ms);
  CHECK_FALSE(h.leads());
  h.works(1ms);
  CHECK(h.leads(6));
}

TEST_CASE("a removal that the watch tells of another incarnation is checked by a read") {
  lease_harness h = leader();
  h.passes(100ms);
  h.sees({{}, false, {}, false});
  CHECK_FALSE(h.writes());
  REQUIRE(h.reads());
  h.store_answers_read();
  CHECK(h.leads(5));
  CHECK_FALSE(h.writes());
}

TEST_CASE("a renewal that is applied before the removal, and answered after it was seen, does not prolong anything") {
  lease_harness h = leader();
  h.passes(750ms);
  const auto answer = h.store.answer(h.write());
  h.sees(h.store.remove());
  h.responds(answer);
  CHECK(h.leads(5));
  CHECK(h.valid_for() == 2200ms);
}

TEST_CASE("a leader that is no longer willing when its record is gone just stops") {
  lease_harness h = leader();
  h.gives_up();
  h.sees(h.store.remove());
  h.passes(1h);
  CHECK_FALSE(h.leads());
  CHECK(h.machine.idle());
}

// ---- The store goes back ----

TEST_CASE(
    "a fresh read of an older version means a restored store: the leader stops and the record counts as missing") {
  lease_harness h = leader();
  const lease_sight backup = h.store.now();
  h.works(2s);
  h.passes(100ms);
  h.loses_watch();
  h.store.restore(backup);
  h.store_answers_read();
  CHECK_FALSE(h.leads());
  REQUIRE(h.writes());
  CHECK(h.write().expected == backup.at);
  CHECK(h.write().claim.mode == lease_mode::waiting);
  h.store_answers_write();
  CHECK(h.status() == lease_status::silent);
  h.works(8s - 1ms);
  CHECK_FALSE(h.leads());
  h.works(1ms);
  CHECK(h.leads());
}

TEST_CASE("a released record from a backup frees nothing") {
  lease_harness h{profiles::standard, 8s};
  const lease_sight backup = h.store.put(released_by(other));
  h.store.put(held_by(node_id{3}));
  h.wants();
  h.store_answers();
  h.passes(100ms);
  h.store.restore(backup);
  h.loses_watch();
  h.store_answers_read();
  h.store_answers_all();
  CHECK(h.status() == lease_status::silent);
  h.works(8s - 1ms);
  CHECK_FALSE(h.leads());
}

TEST_CASE("the watch alone takes nothing back: an older version that it shows is old news") {
  lease_harness h = leader();
  const lease_sight before = h.store.now();
  h.works(2s);
  h.sees(before);
  CHECK(h.leads(5));
  CHECK(h.open.empty());
}

// ---- Foreign and edited records ----

TEST_CASE("a duration that is absent or negative counts as the longest, one above an hour as an hour") {
  struct row {
    const char* name;
    nanoseconds carried, waited;
  };
  for (const row& each : {row{"absent", 0s, 8s}, row{"negative", -5s, 8s}, row{"longer than any candidate's", 20s, 20s},
                          row{"shorter than any candidate's", 1s, 1s}, row{"a year", 24h * 365, 1h}}) {
    CAPTURE(each.name);
    lease_harness h{profiles::standard, 8s};
    h.follows(each.carried);
    h.passes_answering_reads(each.waited - 1ms);
    CHECK_FALSE(h.writes());
    h.passes_answering_reads(1ms);
    CHECK(h.writes());
  }
}

TEST_CASE("a record that cannot be read, or is of another era, counts as missing, guarded by its version") {
  lease_claim unreadable;
  lease_claim of_another_era = held_by(other);
  of_another_era.era = 6;
  for (const lease_claim& each : {unreadable, of_another_era}) {
    lease_harness h{profiles::standard, 8s};
    h.store.put(each);
    h.wants();
    h.store_answers();
    REQUIRE(h.writes());
    CHECK(h.write().expected == h.store.now().at);
    CHECK(h.write().claim.mode == lease_mode::waiting);
    h.store_answers_write();
    CHECK(h.status() == lease_status::silent);
  }
}

TEST_CASE("an edit of its record lowers a leader, whatever the edit says") {
  lease_claim unreadable;
  lease_claim ours{lease_mode::held, us, 11, 1, era, 5, 1s};
  lease_claim other_process{lease_mode::held, us, 99, 1, era, 5, 3s};
  lease_claim other_era{lease_mode::held, us, 11, 1, 6, 5, 3s};
  lease_claim never_written{lease_mode::held, us, 11, 99, era, 5, 3s};
  for (const lease_claim& each :
       {unreadable, ours, other_process, other_era, never_written, claim_of(lease_mode::vacant, {})}) {
    lease_harness h = leader();
    h.sees(h.store.put(each));
    CHECK_FALSE(h.leads());
    CHECK(h.told(lease_change::lost, lease_reason::superseded));
  }
}

TEST_CASE("a record that names nobody and bears no mark is waited out for the longest duration, whatever it says") {
  lease_harness h{profiles::standard, 8s};
  h.follows();
  h.sees(h.store.put(claim_of(lease_mode::vacant, {}, 1s)));
  h.passes_answering_reads(8s - 1ms);
  CHECK_FALSE(h.writes());
  h.passes_answering_reads(1ms);
  h.store_answers_write();
  CHECK(h.leads(5));
  CHECK(h.last_event().why == lease_reason::vacant);
}

TEST_CASE("the same node's record of an earlier process is a stranger's") {
  lease_harness h;
  h.store.put({lease_mode::held, us, 10, 1, era, 4, 3s});
  h.wants();
  h.store_answers();
  CHECK_FALSE(h.leads());
  h.passes_answering_reads(3s - 1ms);
  CHECK_FALSE(h.writes());
}

TEST_CASE("without a layout a seizer waits for the longest duration that it has ever seen, in an era for the era's") {
  for (const std::uint64_t in : {std::uint64_t{0}, era}) {
    CAPTURE(in);
    lease_harness h;
    h.adopts(in, 11);
    lease_claim slow = held_by(other, 15s);
    slow.era = in;
    h.store.put(slow);
    h.wants();
    h.store_answers();
    h.sees(h.store.remove());
    const nanoseconds longest = in == 0 ? 15s : 3s;
    CHECK(h.write().claim.duration == longest);
    h.store_answers_write();
    h.works(longest - 1ms);
    CHECK_FALSE(h.leads());
    h.works(1ms);
    CHECK(h.leads());
  }
}
