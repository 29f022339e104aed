// SPDX-License-Identifier: BSL-1.0

#include "isat/lease_clock.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <ctime>

using isat::lease_clock;

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
