// SPDX-License-Identifier: BSL-1.0

#include "isat/lease_clock.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <ctime>
#include <functional>

using isat::lease_clock;
using namespace std::chrono_literals;

namespace {

// A host that is up for 100 s and was never suspended; each read of a clock takes 30 ns, the one numbered `held_up_at`
// 2 s. From `always` on, each takes 2 s.
struct slow_host {
  int held_up_at = -1;
  bool always = false;
  std::chrono::nanoseconds up = 100s;
  int reads = 0;

  std::chrono::nanoseconds operator()(clockid_t clock) {
    up += always || reads++ == held_up_at ? std::chrono::nanoseconds{2s} : 30ns;
    return clock == CLOCK_REALTIME ? up + 1000h : up;
  }
};

}  // namespace

TEST_CASE("a process that is held up between two clocks reads them again: they belong to one moment") {
  for (int at = 0; at < 8; ++at) {
    CAPTURE(at);
    slow_host host{at};
    const isat::lease_time now = lease_clock::now_by(std::ref(host));
    CHECK(now.suspended <= 1ms);
    CHECK(now.wall - 1000h <= 1ms);
    CHECK(now.boot - now.raw <= 1ms);
  }
}

TEST_CASE("a process that is held up always gets a reading all the same") {
  slow_host host{-1, true};
  const isat::lease_time now = lease_clock::now_by(std::ref(host));
  CHECK(now.boot > 100s);
}

TEST_CASE("readings never go backwards") {
  auto last = lease_clock::now();
  for (int i = 0; i < 10000; ++i) {
    const auto next = lease_clock::now();
    REQUIRE(next.boot >= last.boot);
    REQUIRE(next.raw >= last.raw);
    last = next;
  }
}

TEST_CASE("a reading lies between the kernel's clocks before and after it") {
  const auto read = [](clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
  };
  const auto raw = read(CLOCK_MONOTONIC_RAW);
  const auto boot = read(CLOCK_BOOTTIME);
  const auto now = lease_clock::now();
  CHECK(now.raw >= raw);
  CHECK(now.raw <= read(CLOCK_MONOTONIC_RAW));
  CHECK(now.boot >= boot);
  CHECK(now.boot <= read(CLOCK_BOOTTIME));
}

TEST_CASE("a reading carries how far the wall clock is ahead of BOOTTIME") {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  const auto before = std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
  const auto now = lease_clock::now();
  CHECK(now.wall + now.boot >= before);
  CHECK(now.wall + now.boot < before + std::chrono::seconds{60});
  CHECK(now.wall > std::chrono::hours{24} * 365 * 30);  // the epoch of REALTIME is 1970, this is later than 2000
}

TEST_CASE("the wall clock of a host that is left alone does not jump between two readings") {
  const auto first = lease_clock::now();
  CHECK_FALSE(jumped(first, lease_clock::now()));
}
