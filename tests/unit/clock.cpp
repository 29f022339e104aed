// SPDX-License-Identifier: BSL-1.0

#include "isat/clock.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <random>

namespace {

using namespace std::chrono_literals;
using isat::lease_time;

constexpr lease_time start{1000s, 990s, 40s};

// Constant expressions refuse signed overflow, so these prove that the last reading can be asked about safely.
static_assert(before_for_holder(start, lease_time::max()));
static_assert(before_for_holder({1'000'000h, 1'000h, 999'000h}, lease_time::max()));
static_assert(!before_for_holder(lease_time::max(), lease_time::max()));
static_assert(!before_for_holder(lease_time::max(), start));
static_assert(elapsed_for_holder({}, lease_time::max()) == std::chrono::nanoseconds::max());
static_assert(elapsed_for_follower({}, lease_time::max()) == std::chrono::nanoseconds::max());
static_assert(elapsed_for_holder(lease_time::max(), start) < 0s);
static_assert(lease_time::max() + std::chrono::nanoseconds{1} == lease_time::max());
static_assert(earlier(lease_time::max(), lease_time::max()) == lease_time::max());

// The same host with another wall clock.
constexpr lease_time with_wall(lease_time reading, std::chrono::nanoseconds wall) {
  reading.wall = wall;
  return reading;
}

// Moves a host through time at random: NTP slews BOOTTIME by up to a tenth, and it is suspended now and then.
struct host {
  lease_time now = start;
  std::mt19937_64 random;

  std::int64_t up_to(std::int64_t most) {
    return static_cast<std::int64_t>(random() % static_cast<unsigned>(most + 1));
  }

  void step() {
    const std::chrono::nanoseconds awake{up_to(1'000'000'000)};
    const std::chrono::nanoseconds asleep{random() % 8 == 0 ? up_to(2'000'000'000) : 0};
    now.raw += awake;
    now.boot += awake * (90 + up_to(20)) / 100 + asleep;
    now.suspended += asleep;
  }
};

}  // namespace

TEST_CASE("a holder counts the faster clock and a follower the slower one") {
  struct row {
    const char* name;
    lease_time passed;
    std::chrono::nanoseconds for_holder, for_follower;
  };
  for (const row& each : {
           row{"the clocks agree", {10s, 10s, 0s}, 10s, 10s},
           row{"no time has passed", {0s, 0s, 0s}, 0s, 0s},
           row{"NTP slows BOOTTIME", {9'990ms, 10s, 0s}, 10s, 9'990ms},
           row{"NTP hurries BOOTTIME", {10'010ms, 10s, 0s}, 10'010ms, 10s},
           row{"the host was suspended for a minute", {70s, 10s, 60s}, 70s, 10s},
           row{"suspended, and NTP slows BOOTTIME", {69'990ms, 10s, 60s}, 70s, 10s},
           row{"suspended, and NTP hurries BOOTTIME", {70'010ms, 10s, 60s}, 70'010ms, 10s},
       }) {
    CAPTURE(each.name);
    const lease_time now{start.boot + each.passed.boot, start.raw + each.passed.raw,
                         start.suspended + each.passed.suspended};
    CHECK(elapsed_for_holder(start, now) == each.for_holder);
    CHECK(elapsed_for_follower(start, now) == each.for_follower);
  }
}

TEST_CASE("a reading plus a duration is that much later on both clocks and leaves the time suspended alone") {
  const lease_time later = start + 3s;
  CHECK(later == lease_time{1003s, 993s, 40s});
  CHECK(elapsed_for_holder(start, later) == 3s);
  CHECK(elapsed_for_follower(start, later) == 3s);
}

TEST_CASE("a deadline ends a holder as soon as either clock reaches it") {
  const lease_time deadline = start + 3s;
  struct row {
    const char* name;
    lease_time now;
    bool before;
  };
  for (const row& each : {
           row{"at the start", start, true},
           row{"one nanosecond before", start + (3s - 1ns), true},
           row{"at the deadline", deadline, false},
           row{"after it", start + 4s, false},
           row{"BOOTTIME alone is there", {1003s, 992s, 40s}, false},
           row{"MONOTONIC_RAW alone is there", {1002s, 993s, 40s}, false},
           row{"a suspend brought it there", {1003s, 990s, 43s}, false},
           row{"a suspend brought it there while NTP slowed BOOTTIME", {1002s, 990s, 43s}, false},
           row{"a short suspend did not", {1001s, 991s, 41s}, true},
       }) {
    CAPTURE(each.name);
    CHECK(before_for_holder(each.now, deadline) == each.before);
  }
}

TEST_CASE("a deadline that never comes is after every reading, also after long suspends") {
  CHECK(before_for_holder({}, lease_time::max()));
  CHECK(before_for_holder(start, lease_time::max()));
  CHECK(before_for_holder({2'000'000h, 1'000'000h, 1'000'000h}, lease_time::max()));
}

TEST_CASE("a default reading is a deadline that has passed") {
  CHECK_FALSE(before_for_holder(lease_time{}, lease_time{}));
  CHECK_FALSE(before_for_holder(start, lease_time{}));
}

TEST_CASE("a holder is before its deadline exactly while it has counted less than the duration") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    host here{.random = std::mt19937_64{seed}};
    const lease_time sent = here.now;
    for (int i = 0; i < 40; ++i, here.step()) {
      REQUIRE(before_for_holder(here.now, sent + 10s) == (elapsed_for_holder(sent, here.now) < 10s));
    }
  }
}

TEST_CASE("a follower never counts more than the holder does, however the clocks are slewed and the host suspended") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    host here{.random = std::mt19937_64{seed}};
    for (int i = 0; i < 40; ++i) {
      here.step();
      REQUIRE(elapsed_for_follower(start, here.now) <= elapsed_for_holder(start, here.now));
    }
  }
}

TEST_CASE("what has been counted never shrinks and a deadline once reached stays reached") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    host here{.random = std::mt19937_64{seed}};
    lease_time last = here.now;
    for (int i = 0; i < 40; ++i, last = here.now) {
      here.step();
      REQUIRE(elapsed_for_holder(start, here.now) >= elapsed_for_holder(start, last));
      REQUIRE(elapsed_for_follower(start, here.now) >= elapsed_for_follower(start, last));
      const bool came_back = !before_for_holder(last, start + 10s) && before_for_holder(here.now, start + 10s);
      REQUIRE_FALSE(came_back);
    }
  }
}

TEST_CASE("the wall clock has jumped if it was moved by more than half a second, either way, against BOOTTIME") {
  constexpr auto wall = 400'000h;
  for (const auto by : {0ns, 500'000'000ns, -500'000'000ns}) {
    CHECK_FALSE(jumped(with_wall(start, wall), with_wall(start + 1h, wall + by)));
  }
  for (const auto by : {500'000'001ns, -500'000'001ns, 3'600'000'000'000ns}) {
    CHECK(jumped(with_wall(start, wall), with_wall(start, wall + by)));
  }
}

TEST_CASE("a jump of the wall clock ends every deadline but the one that never comes") {
  const lease_time deadline = with_wall(start, 400'000h) + 3s;
  CHECK(deadline.wall == 400'000h);
  CHECK(before_for_holder(with_wall(start, 400'000h + 500ms), deadline));
  CHECK_FALSE(before_for_holder(with_wall(start, 400'000h + 501ms), deadline));
  CHECK_FALSE(before_for_holder(with_wall(start, 400'000h - 501ms), deadline));
  CHECK(before_for_holder(with_wall(start, 400'000h), lease_time::max()));
}

TEST_CASE("the earlier of two deadlines has passed exactly when one of them has, whatever the clocks did") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    host here{.random = std::mt19937_64{seed}};
    const lease_time one = here.now + 8s;
    for (int i = 0; i < 4; ++i) here.step();
    const lease_time other = here.now + 6s;
    for (int i = 0; i < 20; ++i, here.step()) {
      const bool before = before_for_holder(here.now, one) && before_for_holder(here.now, other);
      REQUIRE(before_for_holder(here.now, earlier(one, other)) == before);
      REQUIRE(before_for_holder(here.now, earlier(other, one)) == before);
    }
  }
}

TEST_CASE("beside the deadline that never comes every other one is the earlier") {
  CHECK(earlier(start, lease_time::max()) == start);
  CHECK(earlier(lease_time::max(), start) == start);
}

TEST_CASE("a deadline from before a jump of the wall clock is not saved by one from after it") {
  const lease_time before = with_wall(start, 400'000h) + 3s;
  const lease_time after = with_wall(start, 400'001h) + 3s;
  for (const auto wall : {400'000h, 400'001h}) {
    CHECK_FALSE(before_for_holder(with_wall(start + 1s, wall), earlier(before, after)));
    CHECK_FALSE(before_for_holder(with_wall(start + 1s, wall), earlier(after, before)));
  }
}
