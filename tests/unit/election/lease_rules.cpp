// SPDX-License-Identifier: BSL-1.0

#include "isat/election/lease_rules.hpp"
#include "isat/election/placement.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using isat::lease_time;
using isat::election::lease_claim;
using isat::election::lease_mode;
using isat::election::lease_rules;
using isat::election::lease_sight;
using isat::election::lease_timing;
using isat::election::node_id;
using std::chrono::nanoseconds;
namespace profiles = isat::election::profiles;

constexpr lease_time early{1s, 1s, {}, {}};
constexpr lease_time late{2s, 2s, {}, {}};
constexpr lease_time latest{3s, 3s, {}, {}};

constexpr lease_sight sight(lease_mode mode, nanoseconds lasting, bool orphaned = false) {
  return {{1, 1}, true, {mode, node_id{1}, 2, 3, 4, 5, lasting}, orphaned};
}

}  // namespace

TEST_CASE("a validity begins at the first send, not at a later one, nor at the confirmation") {
  static_assert(lease_rules::valid_from(early, late, latest) == early);
}

TEST_CASE("a validity lasts by the own duration, and never by more than the record told the others") {
  static_assert(lease_rules::validity(profiles::standard, 3s) == 2950ms);
  static_assert(lease_rules::validity(profiles::standard, 8s) == 2950ms);
  static_assert(lease_rules::validity(profiles::standard, 1s) == 970ms);
}

TEST_CASE("no validity lasts longer than others believe a record that asks them to wait") {
  static_assert(lease_rules::validity(lease_timing::derived_from(2h), 2h) ==
                profiles::standard.validity_of(lease_rules::plausible(2h, 3s)));
}

TEST_CASE("no attempt from before the latest loss entitles") {
  static_assert(!lease_rules::entitles(4, 5));
  static_assert(lease_rules::entitles(5, 5));
  static_assert(lease_rules::entitles(6, 5));
}

TEST_CASE("a holder goes on with a record that was touched as long as what it says is valid, and no longer") {
  static_assert(lease_rules::keeps_touched(true));
  static_assert(!lease_rules::keeps_touched(false));
}

TEST_CASE("how long others wait, by what the record says, whether it was seen to follow, and the proof of death") {
  struct row {
    const char* name;
    lease_mode mode;
    bool followed, orphaned;
    nanoseconds carried, expected;
  };
  using enum lease_mode;
  for (const row& each : {
           row{"held", held, true, false, 3s, 3s},
           row{"held, not followed", held, false, false, 3s, 3s},
           row{"held by longer leases than any candidate's", held, true, false, 20s, 20s},
           row{"held, without a duration", held, true, false, 0s, 8s},
           row{"held, with a negative duration", held, true, false, -1s, 8s},
           row{"held, for a day", held, true, false, 24h, 1h},
           row{"held by a process that has ended", held, false, true, 3s, 0s},
           row{"waiting", waiting, true, false, 8s, 8s},
           row{"waiting, without a duration", waiting, true, false, 0s, 8s},
           row{"waiting, of a process that has ended", waiting, true, true, 8s, 8s},
           row{"released", released, true, false, 3s, 0s},
           row{"released, not followed", released, false, false, 3s, 8s},
           row{"released, not followed, by a process that has ended", released, false, true, 3s, 8s},
           row{"vacant", vacant, true, false, 1s, 8s},
           row{"vacant, for a day", vacant, true, false, 24h, 8s},
           row{"vacant, of a process that has ended", vacant, true, true, 1s, 8s},
           row{"unreadable", none, true, false, 1s, 8s},
       }) {
    CAPTURE(each.name);
    CHECK(lease_rules::wait(sight(each.mode, each.carried, each.orphaned), each.followed, 2s, 8s) == each.expected);
  }
}

TEST_CASE("a stranger's record is waited out for the longest duration at least, whatever it says") {
  lease_sight foreign = sight(lease_mode::held, 300ms);
  foreign.claim.writer = 0;
  CHECK(lease_rules::wait(foreign, true, 3s, 8s) == 8s);
  foreign.claim.duration = 20s;
  CHECK(lease_rules::wait(foreign, true, 3s, 8s) == 20s);
}

TEST_CASE("nobody waits shorter than the writer of a sound record may answer") {
  for (const lease_timing& each : {profiles::standard, profiles::fast, profiles::lean}) {
    for (const bool silent : {false, true}) {
      const nanoseconds carried = lease_rules::carried(silent, each.duration, 15s);
      const auto mode = lease_rules::mode(silent);
      CHECK(lease_rules::wait(sight(mode, carried), true, 1s, 15s) > lease_rules::validity(each, carried));
    }
  }
}

TEST_CASE("missing is what does not exist, cannot be read, or is of another era") {
  static_assert(lease_rules::is_missing({}, 4));
  static_assert(lease_rules::is_missing(sight(lease_mode::none, 3s), 4));
  static_assert(lease_rules::is_missing(sight(lease_mode::held, 3s), 5));
  static_assert(lease_rules::is_missing(sight(lease_mode::released, 3s), 0));
  static_assert(!lease_rules::is_missing(sight(lease_mode::held, 3s), 4));
  static_assert(!lease_rules::is_missing(sight(lease_mode::vacant, 3s), 4));
}

TEST_CASE("a seizer is silent for the longest duration, from the confirmation on; the longer of two silences counts") {
  static_assert(lease_rules::silence(3s, 8s) == 8s);
  static_assert(lease_rules::silent_from(early, late) == late);
  static_assert(lease_rules::longer_silence(3s, 8s) == 8s);
  static_assert(lease_rules::longer_silence(8s, 3s) == 8s);
  static_assert(lease_rules::longer_silence(-5s, 3s) == 3s);
}

TEST_CASE("a silent writer says that it waits, tells the longest duration, and releases nothing") {
  static_assert(lease_rules::mode(true) == lease_mode::waiting);
  static_assert(lease_rules::mode(false) == lease_mode::held);
  static_assert(lease_rules::carried(true, 3s, 8s) == 8s);
  static_assert(lease_rules::carried(false, 3s, 8s) == 3s);
  static_assert(!lease_rules::may_release(true));
  static_assert(lease_rules::may_release(false));
  static_assert(!lease_rules::waiting_entitles());
}

TEST_CASE("an heir is ahead of whom the placement would have go first by as much as that lets anybody wait") {
  static_assert(lease_rules::head_start >= isat::election::placement::bound_delay);
}

TEST_CASE("a version follows on one of the same writer's earlier attempts, and on nothing else") {
  constexpr lease_claim third{lease_mode::held, node_id{1}, 11, 3, 7, 1, 3s};
  lease_claim next = third;
  CHECK_FALSE(lease_rules::follows_on(third, next));
  next.attempt = 4;
  CHECK(lease_rules::follows_on(third, next));
  CHECK_FALSE(lease_rules::follows_on(next, third));
  next.writer = 12;
  CHECK_FALSE(lease_rules::follows_on(third, next));
}

TEST_CASE("only a read sent after the receipt of what is known is fresh") {
  static_assert(lease_rules::is_fresh(5, 4));
  static_assert(!lease_rules::is_fresh(4, 4));
  static_assert(!lease_rules::is_fresh(3, 4));
}

TEST_CASE("only unresolved copies of its own explain a conflict") {
  static_assert(lease_rules::conflict_may_be_own(true));
  static_assert(!lease_rules::conflict_may_be_own(false));
}

TEST_CASE("a store that asks for more than the usual pause is obeyed by all but a leader, for a few seconds") {
  static_assert(lease_rules::retry_delay(false, 100ms, 24h) == 5s);
  static_assert(lease_rules::retry_delay(true, 100ms, 5s) == 100ms);
  static_assert(lease_rules::retry_delay(false, 100ms, 5s) == 5s);
  static_assert(lease_rules::retry_delay(false, 100ms, 50ms) == 100ms);
  static_assert(lease_rules::retry_delay(false, 100ms, 0s) == 100ms);
}
