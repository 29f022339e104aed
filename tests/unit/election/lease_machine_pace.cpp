// SPDX-License-Identifier: BSL-1.0

// How often a machine asks the store, above all when the store does not do what is asked.

#include "lease_harness.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace {

using namespace std::chrono_literals;
using namespace isat::test;

// Lets a minute pass in steps of 5 ms; `act` answers what is open after each. How many requests were sent per second.
template <class Act>
std::size_t requests_per_second(lease_harness& h, const Act& act) {
  const std::size_t before = h.sent;
  for (int i = 0; i < 12'000; ++i) {
    h.passes(5ms);
    act();
  }
  return (h.sent - before + 59) / 60;
}

}  // namespace

// ---- After failures ----

TEST_CASE("retries come after a growing pause, from 50 ms to 400 ms, give or take a quarter") {
  lease_harness h;
  h.becomes_leader();
  h.passes(750ms);
  nanoseconds expected = 50ms;
  for (int i = 0; i < 8; ++i) {
    h.store_says(lease_outcome::refused);
    nanoseconds waited{0};
    for (; !h.writes() && waited < 1s; waited += 1ms) h.passes(1ms);
    CHECK(waited >= expected * 3 / 4);
    CHECK(waited <= expected * 5 / 4 + 1ms);
    expected = std::min<nanoseconds>(2 * expected, 400ms);
  }
}

TEST_CASE("a success ends the growth of the pauses") {
  lease_harness h;
  h.becomes_leader();
  h.passes(750ms);
  for (int i = 0; i < 3; ++i) {
    h.store_says(lease_outcome::refused);
    while (!h.writes()) h.passes(1ms);
  }
  h.store_answers_write();
  while (!h.writes()) h.passes(1ms);
  h.store_says(lease_outcome::refused);
  h.passes(63ms);
  CHECK(h.writes());
}

TEST_CASE("a leader does not obey a store that asks it to wait longer than its lease can bear") {
  lease_harness h;
  h.becomes_leader();
  h.passes(750ms);
  h.store_says(lease_outcome::refused, 5s);
  h.passes(63ms);
  REQUIRE(h.writes());
  h.store_answers_write();
  CHECK(h.leads(5));
}

TEST_CASE("a follower obeys a store that asks it to wait") {
  lease_harness h;
  h.wants();
  h.store_says(lease_outcome::unknown, 2s);
  h.passes(2s - 1ms);
  CHECK(h.open.empty());
  h.passes(1ms);
  CHECK(h.reads());
}

TEST_CASE("nobody obeys a store that asks for a day") {
  lease_harness h;
  h.wants();
  h.store_says(lease_outcome::refused, 24h);
  h.passes(5s);
  CHECK(h.reads());
}

TEST_CASE("a leader whose reads fail for ever, but not its writes, leads on, however short its leases") {
  for (const nanoseconds lasting : {nanoseconds{100ms}, nanoseconds{400ms}, nanoseconds{3s}}) {
    lease_harness h{lease_timing::derived_from(lasting)};
    h.becomes_leader();
    h.loses_watch();
    for (nanoseconds passed{0}; passed < 20 * lasting; passed += lasting / 100) {
      h.passes(lasting / 100);
      while (!h.open.empty()) {
        h.open.front().operation == lease_operation::load ? h.store_says(lease_outcome::refused) : h.store_answers();
      }
      REQUIRE(h.leads(5));
    }
  }
}

TEST_CASE("a sound timing, however short, survives one renewal that fails, in whatever way") {
  for (const nanoseconds lasting : {nanoseconds{100ms}, nanoseconds{200ms}, nanoseconds{1200ms}, nanoseconds{3s}}) {
    for (const auto how : {lease_outcome::refused, lease_outcome::unknown, lease_outcome::none}) {
      CAPTURE(lasting);
      CAPTURE(static_cast<int>(how));
      lease_harness h{lease_timing::derived_from(lasting)};
      h.becomes_leader();
      h.passes(lasting / 4);
      how == lease_outcome::none ? h.store_swallows() : h.store_says(how);
      for (int i = 0; i < 200; ++i) {
        h.passes(lasting / 100);
        h.store_answers_all();
        REQUIRE(h.leads(5));
      }
    }
  }
}

TEST_CASE("a read that fails is not repeated by who is not willing any more") {
  for (const auto how : {lease_outcome::refused, lease_outcome::none}) {
    lease_harness h;
    h.wants();
    h.gives_up();
    if (how != lease_outcome::none) h.store_says(how);
    h.passes(1h);
    CHECK(h.sent == 1);
    h.wants();
    CHECK(h.sent == 2);
  }
}

TEST_CASE("who gives up while nothing is answered is idle when its lease has ended for all others, too") {
  for (const nanoseconds before : {nanoseconds{100ms}, nanoseconds{800ms}, nanoseconds{1500ms}}) {
    lease_harness h;
    h.becomes_leader();
    h.passes(before);
    h.gives_up();
    h.passes(3s + 800ms - before);
    CHECK(h.machine.idle());
  }
}

// ---- A bound in every mode of failure ----

TEST_CASE("whatever one outcome a store tells for ever, a machine asks it at most 45 times a second") {
  struct row {
    const char* name;
    lease_outcome write, read;
  };
  using enum lease_outcome;
  for (const row& each :
       {row{"refuses writes", refused, done}, row{"refuses everything", refused, refused},
        row{"knows nothing", unknown, unknown}, row{"loses writes", unknown, done},
        row{"conflicts with everything", conflict, done}, row{"conflicts, no reads", conflict, refused},
        row{"answers nothing", none, none}, row{"answers reads only", none, done}}) {
    for (const bool leading : {false, true}) {
      for (const bool leaving : {false, true}) {
        CAPTURE(each.name);
        CAPTURE(leading);
        CAPTURE(leaving);
        lease_harness h;
        leading ? h.becomes_leader() : h.follows();
        if (leaving) h.hands_over();
        const auto rate = requests_per_second(h, [&] {
          while (!h.open.empty()) {
            const lease_request asked = h.open.front();
            const lease_outcome how = asked.operation == lease_operation::load ? each.read : each.write;
            if (how == done) {
              h.store_answers();
            } else if (how == none) {
              std::erase_if(h.open, [&](const auto& one) { return one.id == asked.id; });
            } else {
              h.store_says(how);
            }
          }
        });
        CHECK(rate <= 45);
        CHECK(rate >= 1);
        CHECK_FALSE(h.leads());
      }
    }
  }
}

TEST_CASE("a store that fails in the ways that real ones do is asked at most six times a second") {
  for (const auto how : {lease_outcome::refused, lease_outcome::unknown, lease_outcome::none}) {
    lease_harness h;
    h.becomes_leader();
    const auto rate = requests_per_second(h, [&] {
      while (how != lease_outcome::none && !h.open.empty()) h.store_says(how);
    });
    CHECK(rate <= 6);
  }
}

TEST_CASE("interruptions, however many, do not make a holder write without a rest") {
  lease_harness h;
  h.becomes_leader();
  CHECK(requests_per_second(h, [&] {
          h.is_interrupted();
          h.store_answers_all();
        }) <= 20);
}

TEST_CASE("a wall clock that jumps all the time does not make a holder write without a rest") {
  lease_harness h;
  h.becomes_leader();
  CHECK(requests_per_second(h, [&] {
          h.wall_jumps(1h);
          h.store_answers_all();
        }) <= 20);
}

TEST_CASE("a watch that is lost all the time does not make a machine read without a rest") {
  lease_harness h;
  h.becomes_leader();
  CHECK(requests_per_second(h, [&] {
          h.loses_watch();
          h.store_answers_all();
        }) <= 23);
  CHECK(h.leads(5));
}

TEST_CASE("a watch that is stuck in another incarnation does not make a machine read without a rest") {
  lease_harness h;
  h.becomes_leader();
  CHECK(requests_per_second(h, [&] {
          h.sees({{99, 9}, true, held_by(other), false});
          h.store_answers_all();
        }) <= 23);
  CHECK(h.leads(5));
}

TEST_CASE("somebody who spoils the record all the time does not make a machine write without a rest") {
  for (const auto& spoilt : {lease_claim{}, claim_of(lease_mode::vacant, {})}) {
    for (const bool gone : {false, true}) {
      lease_harness h;
      h.becomes_leader();
      CHECK(requests_per_second(h, [&] {
              h.sees(gone ? h.store.remove() : h.store.put(spoilt));
              h.store_answers_all();
            }) <= 23);
    }
  }
}

// ---- Waking ----

TEST_CASE("an unwilling machine that holds nothing need not be woken for long") {
  lease_harness h;
  CHECK(h.machine.wake_in(h.now) >= 1h);
  h.becomes_leader();
  h.gives_up();
  h.store_answers_all();
  CHECK(h.machine.wake_in(h.now) >= 1h);
}

TEST_CASE("a machine that wakes late catches up") {
  lease_harness h;
  h.becomes_leader();
  h.now = h.now + 2s;
  h.ticks();
  REQUIRE(h.writes());
  h.store_answers_write();
  CHECK(h.leads(5));
  CHECK(h.valid_for() == 2950ms);
}

TEST_CASE("a machine that was paused for longer than its lease does not answer when it wakes") {
  lease_harness h;
  h.becomes_leader();
  h.now = h.now + 1min;
  CHECK_FALSE(h.leads());
  h.sees(h.store.put(held_by(other)));
  CHECK(h.status() == lease_status::following);
}

TEST_CASE("someone who gives up and changes its mind in a pause does not wake its driver all the time") {
  lease_harness h;
  h.acquires();
  h.store_says(lease_outcome::unknown, 5s);
  h.gives_up();
  h.passes(2s);
  h.wants();
  h.passes(2s);
  h.passes(2s);
  CHECK_FALSE(h.open.empty());
}
