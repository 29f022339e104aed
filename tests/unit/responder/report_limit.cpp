// SPDX-License-Identifier: BSL-1.0

#include "isat/responder/report_limit.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace {

using namespace std::chrono_literals;
using isat::responder::report_limit;

}  // namespace

TEST_CASE("the first report passes at once, whatever time it is") {
  for (const auto now : {0ns, 1ns, std::chrono::nanoseconds{1h}}) {
    report_limit limit;
    CHECK(limit.pass(now) == 0U);
  }
}

TEST_CASE("within a period reports are folded, and the next that passes tells how many") {
  report_limit limit{10s};
  CHECK(limit.pass(100s) == 0U);
  CHECK(limit.pass(100s) == std::nullopt);
  CHECK(limit.pass(105s) == std::nullopt);
  CHECK(limit.pass(110s - 1ns) == std::nullopt);
  CHECK(limit.pass(110s) == 3U);
  CHECK(limit.pass(111s) == std::nullopt);
  CHECK(limit.pass(500s) == 1U);
  CHECK(limit.pass(600s) == 0U);
}

TEST_CASE("a folded report does not put off the next that passes") {
  report_limit limit{10s};
  std::uint64_t passed = 0;
  std::uint64_t told = 0;
  for (auto now = 0ms; now < 100s; now += 1ms) {
    if (const auto folded = limit.pass(now)) {
      ++passed;
      told += *folded + 1;
    }
  }
  CHECK(passed == 10);
  CHECK(told == 90'001);
}

TEST_CASE("the default period is ten seconds") {
  report_limit limit;
  CHECK(limit.pass(0s) == 0U);
  CHECK(limit.pass(10s - 1ns) == std::nullopt);
  CHECK(limit.pass(10s) == 1U);
}

TEST_CASE("without a period every report passes") {
  report_limit limit{0ns};
  CHECK(limit.pass(1s) == 0U);
  CHECK(limit.pass(1s) == 0U);
}
