// SPDX-License-Identifier: BSL-1.0

// When a plugin runs and what serves meanwhile, all in virtual time.
#include "isat/kubernetes/config/detail/plugin_schedule.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>

namespace {

using isat::kubernetes::detail::plugin_answer;
using isat::kubernetes::detail::plugin_schedule;
using namespace std::chrono_literals;

/// A schedule and its two clocks.
struct laboratory {
  plugin_schedule schedule;
  plugin_schedule::time_point now{1h};
  plugin_schedule::wall_time wall{std::chrono::hours{480'000}};

  void pass(std::chrono::milliseconds span) {
    now += span;
    wall += span;
  }
  bool is_due() const { return schedule.is_due(now, wall); }
  plugin_answer answer() const { return schedule.answer(wall); }
  void give(std::optional<std::chrono::seconds> life = {}) {
    schedule.begin();
    schedule.succeed(now, wall, life ? std::optional{wall + *life} : std::nullopt);
  }
  void fail() {
    schedule.begin();
    schedule.fail(now);
  }
  /// How long the plugin is left alone from now on, in steps of 10 ms.
  std::chrono::milliseconds pause() {
    const auto begin = now;
    while (!is_due()) {
      pass(10ms);
      REQUIRE(now - begin < 2h);
    }
    return std::chrono::duration_cast<std::chrono::milliseconds>(now - begin);
  }
};

TEST_CASE("the first question waits for the first run") {
  laboratory at;
  CHECK(at.is_due());
  at.schedule.begin();
  CHECK_FALSE(at.is_due());
  CHECK(at.answer() == plugin_answer::later);
  at.schedule.succeed(at.now, at.wall, {});
  CHECK(at.answer() == plugin_answer::given);
  at.pass(100h);
  CHECK_FALSE(at.is_due());
}

TEST_CASE("what has an end is renewed a minute before it, and serves until then") {
  laboratory at;
  at.give(1h);
  CHECK(at.pause() == 59min);
  at.schedule.begin();
  CHECK(at.answer() == plugin_answer::given);
  at.pass(59'999ms);
  CHECK(at.answer() == plugin_answer::given);
  at.pass(1ms);
  CHECK(at.answer() == plugin_answer::later);
}

TEST_CASE("what ends soon is renewed when three quarters of its time are over, at most once in a second") {
  laboratory at;
  at.give(20s);
  CHECK(at.pause() == 15s);
  at.give(1s);
  CHECK(at.pause() == 1s);
  at.give(-5s);
  CHECK(at.answer() == plugin_answer::given);
  CHECK(at.pause() == 1s);
}

TEST_CASE("a plugin that fails beside what still works is tried again after longer and longer pauses") {
  laboratory at;
  at.give(10min);
  at.pass(9min);
  for (const auto expected : {1s, 2s, 4s, 8s}) {
    REQUIRE(at.is_due());
    at.fail();
    CHECK(at.answer() == plugin_answer::given);
    CHECK(at.pause() == expected);
  }
}

TEST_CASE("a plugin that has given nothing is tried again after pauses, in which its failure is the answer") {
  laboratory at;
  for (const auto expected : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    at.fail();
    CHECK(at.answer() == plugin_answer::failure);
    CHECK(at.pause() == expected);
  }
}

TEST_CASE("a refusal is followed by a run at once, and by pauses if what that gives is refused, too") {
  laboratory at;
  at.give();
  at.pass(10min);
  at.schedule.refuse(at.now);
  CHECK(at.pause() == 0s);
  for (const auto expected : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    at.schedule.begin();
    CHECK(at.answer() == plugin_answer::later);
    at.schedule.succeed(at.now, at.wall, {});
    for (int request = 0; request < 10; ++request) at.schedule.refuse(at.now);
    CHECK(at.answer() == plugin_answer::given);
    CHECK(at.pause() == expected);
  }
  at.give();
  at.pass(61s);
  at.schedule.refuse(at.now);
  CHECK(at.pause() == 0s);  // what is accepted for a minute was good
}

TEST_CASE("a pause after a refusal is counted from the run, not from the refusal") {
  laboratory at;
  at.give();
  at.schedule.refuse(at.now);
  at.give();
  at.pass(700ms);
  at.schedule.refuse(at.now);
  CHECK(at.pause() == 300ms);
}

TEST_CASE("what was refused does not serve beside a plugin that fails") {
  laboratory at;
  at.give();
  at.schedule.refuse(at.now);
  at.fail();
  CHECK(at.answer() == plugin_answer::failure);
}

TEST_CASE("a run that was broken off is as good as none") {
  laboratory at;
  at.schedule.begin();
  at.schedule.abandon();
  CHECK(at.is_due());
}

TEST_CASE("a refusal while the plugin runs makes all wait for it") {
  laboratory at;
  at.give(1h);
  at.pass(59min);
  at.schedule.begin();
  at.schedule.refuse(at.now);
  CHECK(at.answer() == plugin_answer::later);
  at.schedule.succeed(at.now, at.wall, {});
  CHECK(at.answer() == plugin_answer::given);
}

}  // namespace
