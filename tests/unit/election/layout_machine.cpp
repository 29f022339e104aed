// SPDX-License-Identifier: BSL-1.0

#include "isat/election/layout_machine.hpp"
#include "readings.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace isat::election;
using isat::lease_time;

constexpr layout eight{grouping::shards, 8, 3s};
constexpr layout sixteen{grouping::shards, 16, 3s};
constexpr auto validity = 3s;                                     // L
constexpr auto valid = profiles::standard.validity_of(validity);  // L(1 - epsilon) - margin

constexpr layout_claim opening(std::uint64_t era, const layout& shape = eight) {
  return {layout_phase::opening, shape, era};
}
constexpr layout_claim open(std::uint64_t era, const layout& shape = eight) { return {layout_phase::open, shape, era}; }

// One machine, its requests and its clock, driven by hand.
class bench {
 public:
  explicit bench(const lease_timing& timing = profiles::standard) : machine{eight, timing, validity, 42} { tick(); }

  layout_machine machine;
  lease_time now = isat::test::reading(100s);
  std::vector<layout_request> requests;  // all that were taken, the oldest first

  void collect() {
    while (auto request = machine.take_request()) requests.push_back(*request);
  }
  void tick() {
    machine.tick(now);
    collect();
  }
  // Ticks as often as the machine wants to be woken, which must be a reasonable number of times.
  void pass(std::chrono::nanoseconds how_long) {
    const lease_time end = now + how_long;
    for (int at_once = 0; now.boot < end.boot;) {
      auto left = machine.wake_in(now);
      at_once = left <= 0ns ? at_once + 1 : 0;
      REQUIRE(at_once < 5);
      if (left < 0ns) left = 0ns;
      if (now.boot + left > end.boot) left = end.boot - now.boot;
      now = now + left;
      tick();
    }
  }
  void see(const isat::election::version& at, const std::optional<layout_claim>& claim) {
    machine.on_sight(now, sight(at, claim));
    collect();
  }
  void answer(const layout_request& request, const isat::election::version& at,
              const std::optional<layout_claim>& claim) {
    machine.on_response(now, {request.id, lease_outcome::done, sight(at, claim), {}});
    collect();
  }
  void answer(const layout_request& request, lease_outcome outcome) {
    machine.on_response(now, {request.id, outcome, {}, {}});
    collect();
  }
  // Answers the load in flight, after letting it be sent.
  void read(const isat::election::version& at, const std::optional<layout_claim>& claim) {
    answer(next_load(), at, claim);
  }
  layout_request next_load() { return next(lease_operation::load); }
  layout_request next_write() { return next(lease_operation::cas); }
  layout_request next(lease_operation operation) {
    for (int step = 0; step < 100; ++step) {
      if (!requests.empty() && requests.back().operation == operation) {
        const layout_request found = requests.back();
        requests.clear();
        return found;
      }
      pass(10ms);
    }
    FAIL("no such request");
    return {};
  }
  void read_always(bool reading) {
    machine.set_reading(now, reading);
    collect();
  }
  bool may_answer() const { return before_for_holder(now, machine.valid_until()); }

 private:
  static layout_sight sight(const isat::election::version& at, const std::optional<layout_claim>& claim) {
    return {at, claim.has_value(), claim.value_or(layout_claim{}), false};
  }
};

// A machine that may answer by era 7, which is open at version 2; read at the present moment.
bench reading_open() {
  bench result;
  result.read({1, 2}, open(7));
  result.read_always(true);
  result.read({1, 2}, open(7));
  REQUIRE(result.may_answer());
  return result;
}

}  // namespace

TEST_CASE("an unknown layout is read first, and nobody answers by it") {
  bench bench;
  REQUIRE(bench.requests.size() == 1);
  CHECK(bench.requests[0].operation == lease_operation::load);
  CHECK_FALSE(bench.machine.adopted());
  CHECK_FALSE(bench.may_answer());
  CHECK(bench.machine.valid_until() == lease_time{});
}

TEST_CASE("a missing layout is created as opening, with the own wish and a new era") {
  bench bench;
  bench.read({1, 4}, std::nullopt);
  const layout_request write = bench.next_write();
  CHECK(write.expected == isat::election::version{1, 4});
  CHECK(write.claim.phase == layout_phase::opening);
  CHECK(write.claim.shape == eight);
  CHECK(write.claim.era != 0);
  CHECK_FALSE(bench.machine.adopted());
}

TEST_CASE("an unreadable layout is written over like a missing one") {
  bench bench;
  bench.read({1, 4}, layout_claim{});
  const layout_request write = bench.next_write();
  CHECK(write.expected == isat::election::version{1, 4});
  CHECK(write.claim.phase == layout_phase::opening);
  CHECK(write.claim.shape == eight);
}

TEST_CASE("an era that is known to be over does not come back, though its record is the newest") {
  bench bench;
  bench.read({1, 4}, open(era_of(7, 1)));
  bench.read_always(true);
  bench.read({1, 5}, open(era_of(8, 2), sixteen));
  bench.read({1, 6}, open(era_of(7, 1)));
  CHECK_FALSE(bench.machine.adopted());
  CHECK_FALSE(bench.may_answer());
  const layout_request write = bench.next_write();
  CHECK(write.expected == isat::election::version{1, 6});
  CHECK(write.claim.phase == layout_phase::opening);
  CHECK(generation_of(write.claim.era) == 9);
}

TEST_CASE("an era is known to be over also by an old sight of a later one") {
  bench bench;
  bench.read({2, 4}, open(era_of(7, 1)));
  bench.see({1, 9}, open(era_of(8, 2)));
  bench.read({2, 4}, open(era_of(7, 1)));
  CHECK(generation_of(bench.next_write().claim.era) == 9);
}

TEST_CASE("a past era that was put back is known for what it is as soon as news of the later one arrive behind it") {
  bench bench;
  bench.read({1, 4}, open(era_of(7, 1)));
  bench.read_always(true);
  bench.read({1, 7}, open(era_of(7, 1)));
  REQUIRE(bench.may_answer());
  bench.see({1, 5}, open(era_of(8, 2), sixteen));
  CHECK_FALSE(bench.machine.adopted());
  CHECK_FALSE(bench.may_answer());
  bench.read({1, 7}, open(era_of(7, 1)));
  CHECK_FALSE(bench.may_answer());
  CHECK(generation_of(bench.next_write().claim.era) == 9);
}

TEST_CASE("a layout that cannot be followed is left alone, read now and then, and nobody answers by it") {
  bench bench;
  bench.read({1, 4}, open(7));
  bench.read_always(true);
  bench.read({1, 4}, open(7));
  REQUIRE(bench.may_answer());
  bench.see({1, 5}, layout_claim{layout_phase::foreign, {}, 0});
  CHECK(bench.machine.is_foreign());
  CHECK_FALSE(bench.machine.adopted());
  CHECK_FALSE(bench.may_answer());
  bench.requests.clear();
  bench.pass(30s);
  for (const layout_request& each : bench.requests) CHECK(each.operation == lease_operation::load);
  CHECK(bench.requests.size() <= 30);
  bench.read({1, 6}, open(8));
  CHECK(bench.machine.adopted() == open(8));
  CHECK_FALSE(bench.machine.is_foreign());
}

TEST_CASE("a doubt lasts until a read that was sent after it") {
  bench bench;
  const layout_request before = bench.next_load();
  bench.machine.doubt(bench.now);
  bench.collect();
  bench.answer(before, {1, 4}, open(7));
  CHECK(bench.machine.doubtful());
  bench.read({1, 4}, open(7));
  CHECK_FALSE(bench.machine.doubtful());
}

TEST_CASE("an unsound layout counts as missing, whatever wrote it") {
  for (const layout& shape :
       {layout{grouping::shards, 0, 3s}, layout{grouping::shards, 257, 3s}, layout{grouping::single, 2, 3s},
        layout{grouping::none, 1, 3s}, layout{grouping::single, 1, 1ms}, layout{grouping::single, 1, 2h}}) {
    bench bench;
    bench.read({1, 4}, open(7, shape));
    CHECK_FALSE(bench.machine.adopted());
    CHECK(bench.next_write().claim.shape == eight);
  }
}

TEST_CASE("every layout that a machine creates has another era") {
  bench bench;
  bench.read({1, 4}, std::nullopt);
  const layout_request first = bench.next_write();
  bench.answer(first, lease_outcome::unknown);
  bench.read({1, 4}, std::nullopt);
  const layout_request second = bench.next_write();
  CHECK(second.claim.era != first.claim.era);
}

TEST_CASE("a write entitles to nothing, neither to answer nor to an era; it is read back") {
  bench bench;
  bench.read({1, 4}, std::nullopt);
  const layout_request write = bench.next_write();
  bench.answer(write, {1, 5}, std::nullopt);
  CHECK_FALSE(bench.machine.adopted());
  bench.read({1, 5}, write.claim);
  CHECK(bench.machine.adopted() == write.claim);
  CHECK_FALSE(bench.may_answer());
}

TEST_CASE("an opening layout is adopted at once and answers nothing, also when it is read") {
  bench bench;
  bench.read({1, 1}, opening(7));
  CHECK(bench.machine.adopted() == opening(7));
  CHECK_FALSE(bench.may_answer());
}

TEST_CASE("an opening layout is opened when this very version has been known for L, and not earlier") {
  bench bench;
  bench.pass(20ms);
  bench.see({1, 1}, opening(7));
  const lease_time first = bench.now;
  bench.pass(1s);
  bench.read({1, 1}, opening(7));  // seen again: that starts nothing anew
  bench.pass(first.boot + validity - bench.now.boot - 1ms);
  for (const layout_request& each : bench.requests) CHECK(each.operation == lease_operation::load);
  bench.requests.clear();
  bench.pass(1ms);
  const layout_request write = bench.next_write();
  CHECK(bench.now.boot - first.boot < validity + 20ms);
  CHECK(write.expected == isat::election::version{1, 1});
  CHECK(write.claim == open(7));
}

TEST_CASE("the wait before the opening starts anew with every version, also of the same era") {
  bench bench;
  bench.read({1, 1}, opening(7));
  bench.pass(2900ms);
  bench.see({1, 2}, opening(7));
  bench.requests.clear();
  bench.pass(2990ms);
  CHECK(bench.requests.empty());
  CHECK(bench.next_write().expected == isat::election::version{1, 2});
}

TEST_CASE("the wait before the opening is counted by the slower clock") {
  bench bench;
  bench.read({1, 1}, opening(7));
  bench.requests.clear();
  bench.now.boot += 10s;
  bench.now.raw += 2900ms;
  bench.now.suspended += 7s;
  bench.tick();
  for (const layout_request& each : bench.requests) CHECK(each.operation == lease_operation::load);
}

TEST_CASE("validity is counted from the sending of the read, whenever it is answered") {
  bench bench;
  bench.read({1, 2}, open(7));
  bench.read_always(true);
  const layout_request load = bench.next_load();
  const lease_time sent = bench.now;
  bench.now = bench.now + 650ms;
  bench.answer(load, {1, 2}, open(7));
  CHECK(bench.machine.valid_until() == sent + valid);
}

TEST_CASE("the read that adopts an open layout lets answer by it, too") {
  bench bench;
  const lease_time sent = bench.now;
  bench.now = bench.now + 30ms;
  bench.read({1, 2}, open(7));
  CHECK(bench.machine.valid_until() == sent + valid);
}

TEST_CASE("a watch event lets nobody answer and prolongs nothing") {
  bench bench;
  bench.see({1, 2}, open(7));
  CHECK(bench.machine.adopted() == open(7));
  CHECK_FALSE(bench.may_answer());
  bench.read({1, 2}, open(7));
  const lease_time until = bench.machine.valid_until();
  bench.now = bench.now + 500ms;
  bench.see({1, 3}, open(7));
  CHECK(bench.machine.valid_until() == until);
}

TEST_CASE("a read that is answered after the time-out counts for nothing") {
  bench bench = reading_open();
  const lease_time until = bench.machine.valid_until();
  bench.pass(1s);
  const layout_request load = bench.next_load();
  bench.now = bench.now + 700ms;
  bench.tick();
  bench.answer(load, {1, 2}, open(7));
  CHECK(bench.machine.valid_until() == until);
}

TEST_CASE("another era ends the validity at once, and a late read of the old one does not bring it back") {
  bench bench = reading_open();
  bench.pass(1s);
  const layout_request load = bench.next_load();
  bench.see({1, 3}, opening(8));
  CHECK(bench.machine.adopted() == opening(8));
  CHECK_FALSE(bench.may_answer());
  bench.answer(load, {1, 2}, open(7));  // sent before the change was seen
  CHECK(bench.machine.adopted() == opening(8));
  CHECK_FALSE(bench.may_answer());
  bench.see({1, 4}, open(8));
  CHECK(bench.machine.adopted() == open(8));
  CHECK_FALSE(bench.may_answer());
  bench.read({1, 4}, open(8));
  CHECK(bench.may_answer());
}

TEST_CASE("another shape under the same era ends the validity, too") {
  bench bench = reading_open();
  bench.see({1, 3}, open(7, sixteen));
  CHECK_FALSE(bench.may_answer());
}

TEST_CASE("the own era seen opening again ends the validity and nothing else") {
  bench bench = reading_open();
  bench.see({1, 3}, opening(7));
  CHECK_FALSE(bench.may_answer());
  REQUIRE(bench.machine.adopted());
  CHECK(bench.machine.adopted()->era == 7);
  bench.see({1, 4}, open(7));
  bench.read({1, 4}, open(7));
  CHECK(bench.may_answer());
}

TEST_CASE("a layout that is gone is no longer adopted, and is created anew over what is there") {
  bench bench = reading_open();
  bench.see({1, 3}, std::nullopt);
  CHECK_FALSE(bench.machine.adopted());
  CHECK_FALSE(bench.may_answer());
  const layout_request write = bench.next_write();
  CHECK(write.expected == isat::election::version{1, 3});
  CHECK(write.claim.phase == layout_phase::opening);
  CHECK(write.claim.era != 7);
}

TEST_CASE("a store that went back is noticed by a read that was sent later, and its layout counts as missing") {
  bench bench = reading_open();
  bench.see({1, 5}, open(7));
  bench.requests.clear();
  bench.read({1, 2}, open(7));
  CHECK_FALSE(bench.machine.adopted());
  CHECK_FALSE(bench.may_answer());
  const layout_request write = bench.next_write();
  CHECK(write.expected == isat::election::version{1, 2});
  CHECK(write.claim.phase == layout_phase::opening);
  CHECK(write.claim.era != 7);
}

TEST_CASE("an older version in the watch, or in a read that was under way, is no sign that the store went back") {
  bench bench = reading_open();
  bench.pass(1s);
  const layout_request load = bench.next_load();
  bench.see({1, 5}, open(7));
  bench.answer(load, {1, 2}, open(7));
  CHECK(bench.machine.adopted() == open(7));
  bench.see({1, 1}, opening(6));
  CHECK(bench.machine.adopted() == open(7));
  CHECK(bench.may_answer());
}

TEST_CASE("a record made again has no order to the old one: only a read tells") {
  bench bench = reading_open();
  bench.requests.clear();
  bench.see({2, 1}, opening(9));
  CHECK(bench.machine.adopted() == open(7));
  bench.read({2, 1}, opening(9));
  CHECK(bench.machine.adopted() == opening(9));
  CHECK_FALSE(bench.may_answer());
}

TEST_CASE("who leads reads every third of L, and who does not leads never reads") {
  bench bench = reading_open();
  bench.requests.clear();
  std::size_t reads = 0;
  for (int step = 0; step < 1000; ++step) {
    bench.pass(10ms);
    if (bench.requests.empty()) continue;
    CHECK(bench.requests.size() == 1);
    ++reads;
    bench.read({1, 2}, open(7));
    CHECK(bench.may_answer());
  }
  CHECK(reads >= 9);
  CHECK(reads <= 10);
  bench.read_always(false);
  bench.requests.clear();
  bench.pass(60s);
  CHECK(bench.requests.empty());
  CHECK_FALSE(bench.may_answer());
}

TEST_CASE("who is about to lead reads at once, also beside a read that was sent before") {
  bench bench;
  const layout_request load = bench.next_load();
  bench.read_always(true);
  bench.answer(load, {1, 2}, open(7));
  bench.pass(50ms);
  REQUIRE(bench.requests.size() == 1);
  CHECK(bench.requests[0].operation == lease_operation::load);
}

TEST_CASE("a jump of the wall clock ends the validity, and a read that was under way does not bring it back") {
  bench bench = reading_open();
  bench.pass(1s);
  const layout_request load = bench.next_load();
  bench.now.wall += 600ms;
  bench.tick();
  CHECK(bench.machine.valid_until() == lease_time{});
  bench.answer(load, {1, 2}, open(7));
  CHECK_FALSE(bench.may_answer());
  bench.read({1, 2}, open(7));
  CHECK(bench.may_answer());
}

TEST_CASE("a jump back to where the wall clock was is a jump, too") {
  bench bench = reading_open();
  bench.now.wall -= 300ms;
  bench.tick();
  CHECK(bench.may_answer());
  bench.requests.clear();
  bench.pass(100ms);
  CHECK(bench.requests.empty());
  bench.now.wall += 600ms;
  bench.tick();
  CHECK(bench.machine.valid_until() == lease_time{});
  REQUIRE(bench.requests.size() == 1);
  CHECK(bench.requests[0].operation == lease_operation::load);
}

TEST_CASE("the validity ends by itself, by whichever clock is ahead") {
  bench bench = reading_open();
  bench.now.boot += 1s;
  bench.now.suspended += 1s;
  CHECK(bench.machine.wake_in(bench.now) <= valid - 1s);
  bench.now.raw += 2s;
  CHECK_FALSE(bench.may_answer());
  bench.tick();
  CHECK(bench.machine.valid_until() == lease_time{});
}

TEST_CASE("what all wish replaces an open layout by another era, which answers as before until it is seen") {
  bench bench = reading_open();
  bench.requests.clear();
  bench.machine.set_consensus(bench.now, sixteen);
  bench.collect();
  const layout_request write = bench.next_write();
  CHECK(write.expected == isat::election::version{1, 2});
  CHECK(write.claim.phase == layout_phase::opening);
  CHECK(write.claim.shape == sixteen);
  CHECK(write.claim.era != 7);
  CHECK(bench.may_answer());
  bench.answer(write, {1, 3}, std::nullopt);
  bench.read({1, 3}, write.claim);
  CHECK(bench.machine.adopted() == write.claim);
  CHECK_FALSE(bench.may_answer());
}

TEST_CASE("no wish, or one that is fulfilled, writes nothing") {
  bench bench = reading_open();
  bench.read_always(false);
  bench.requests.clear();
  bench.machine.set_consensus(bench.now, std::nullopt);
  bench.machine.set_consensus(bench.now, eight);
  bench.collect();
  bench.pass(60s);
  CHECK(bench.requests.empty());
}

TEST_CASE("a wish that arises while a layout is opening waits until it is open") {
  bench bench;
  bench.read({1, 1}, opening(7));
  bench.machine.set_consensus(bench.now, sixteen);
  bench.collect();
  bench.requests.clear();
  bench.pass(2900ms);
  CHECK(bench.requests.empty());
  const layout_request write = bench.next_write();
  CHECK(write.claim == open(7));
}

TEST_CASE("a write that met another version, was refused or got no answer is followed by a read, not by itself") {
  for (const lease_outcome outcome : {lease_outcome::conflict, lease_outcome::refused, lease_outcome::unknown}) {
    CAPTURE(static_cast<int>(outcome));
    bench bench;
    bench.read({1, 4}, std::nullopt);
    const layout_request write = bench.next_write();
    bench.answer(write, outcome);
    bench.pass(100ms);
    REQUIRE(bench.requests.size() == 1);
    CHECK(bench.requests[0].operation == lease_operation::load);
    bench.read({1, 5}, opening(9));
    CHECK(bench.machine.adopted() == opening(9));
  }
}

TEST_CASE("a write that is applied late is adopted like a stranger's") {
  bench bench;
  bench.read({1, 4}, std::nullopt);
  const layout_request write = bench.next_write();
  bench.pass(700ms);  // counts as unknown
  bench.read({1, 4}, std::nullopt);
  const layout_request second = bench.next_write();
  bench.see({1, 5}, write.claim);
  CHECK(bench.machine.adopted() == write.claim);
  bench.answer(second, lease_outcome::conflict);
  bench.read({1, 5}, write.claim);
  CHECK_FALSE(bench.may_answer());
  bench.requests.clear();
  bench.pass(2s);
  for (const layout_request& each : bench.requests) CHECK(each.operation == lease_operation::load);
}

TEST_CASE("a response to nothing that is in flight changes nothing") {
  bench bench = reading_open();
  const lease_time until = bench.machine.valid_until();
  bench.machine.on_response(bench.now, {0, lease_outcome::done, {{1, 9}, true, opening(9), false}, {}});
  bench.machine.on_response(bench.now, {4711, lease_outcome::done, {{1, 9}, true, opening(9), false}, {}});
  CHECK(bench.machine.valid_until() == until);
  CHECK(bench.machine.adopted() == open(7));
}

TEST_CASE("however a store fails, the rate of requests is bounded") {
  struct failure {
    const char* name;
    std::optional<lease_outcome> load;
    std::optional<lease_outcome> write;
  };
  const failure failures[] = {{"no answers", std::nullopt, std::nullopt},
                              {"all refused", lease_outcome::refused, lease_outcome::refused},
                              {"all unknown", lease_outcome::unknown, lease_outcome::unknown},
                              {"writes refused", lease_outcome::done, lease_outcome::refused},
                              {"writes unanswered", lease_outcome::done, std::nullopt},
                              {"writes in conflict", lease_outcome::done, lease_outcome::conflict},
                              {"writes lost", lease_outcome::done, lease_outcome::done}};
  for (const failure& each : failures) {
    CAPTURE(std::string{each.name});
    bench bench;
    bench.read_always(true);
    std::size_t count = 0;
    for (int step = 0; step < 1000; ++step) {
      bench.pass(10ms);
      const std::vector<layout_request> asked = std::exchange(bench.requests, {});
      count += asked.size();
      for (const layout_request& request : asked) {
        const auto& outcome = request.operation == lease_operation::load ? each.load : each.write;
        if (!outcome) continue;
        bench.machine.on_response(bench.now, {request.id, *outcome, {{1, 4}, false, {}, false}, {}});
        bench.collect();
      }
    }
    CHECK(count >= 10);   // it goes on
    CHECK(count <= 120);  // in ten seconds
  }
}

TEST_CASE("a lost watch, told again and again, costs at most one read per pause") {
  bench bench;
  bench.read({1, 2}, open(7));
  std::size_t count = 0;
  for (int step = 0; step < 1000; ++step) {
    bench.now = bench.now + 1ms;
    bench.machine.on_watch_lost(bench.now);
    bench.collect();
    for (const layout_request& request : std::exchange(bench.requests, {})) {
      ++count;
      bench.answer(request, {1, 2}, open(7));
    }
  }
  CHECK(count <= 21);
}

TEST_CASE("one lost read does not end the validity, even of a process whose attempts may take as long as L") {
  bench bench{profiles::lean};
  bench.read({1, 2}, open(7));
  bench.read_always(true);
  bench.read({1, 2}, open(7));
  bench.requests.clear();
  bench.pass(1s);
  (void)bench.next_load();  // lost
  const layout_request second = bench.next_load();
  bench.now = bench.now + 300ms;
  bench.answer(second, {1, 2}, open(7));
  CHECK(bench.may_answer());
  CHECK(elapsed_for_holder(bench.now, bench.machine.valid_until()) > 2s);
}
