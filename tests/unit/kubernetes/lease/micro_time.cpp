// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/lease/micro_time.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <set>

using namespace isat::kubernetes;
using namespace std::chrono_literals;

namespace {

constexpr micro_time at(std::chrono::year_month_day day, std::chrono::microseconds time) {
  return std::chrono::sys_days{day} + time;
}

}  // namespace

TEST_CASE("a MicroTime has six digits of fraction, whatever they are") {
  using namespace std::chrono;
  CHECK(to_text(at(2026y / November / 26, 19h + 52min + 6s + 1us)) == "2026-11-26T19:52:06.000001Z");
  CHECK(to_text(at(1970y / January / 1, 0us)) == "1970-01-01T00:00:00.000000Z");
  CHECK(to_text(at(2024y / February / 29, 23h + 59min + 59s + 999999us)) == "2024-02-29T23:59:59.999999Z");
  CHECK(to_text(at(2026y / March / 5, 1h + 2min + 3s + 120ms)) == "2026-03-05T01:02:03.120000Z");
  CHECK(to_text(micro_time{-1us}) == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("a write is dated by the wall clock") {
  writing_clock clock;
  CHECK(clock.next(micro_time{100s}, 5s) == micro_time{100s});
  CHECK(clock.next(micro_time{101s}, 6s) == micro_time{101s});
  CHECK(clock.next(micro_time{500s}, 7s) == micro_time{500s});
}

TEST_CASE("two writes never have the same date") {
  writing_clock clock;
  std::set<micro_time> dates;
  for (int i = 0; i < 10; ++i) dates.insert(clock.next(micro_time{100s}, 5s));
  CHECK(dates.size() == 10);
}

TEST_CASE("dates go on with the time that passes when the wall clock was set back") {
  writing_clock clock;
  clock.next(micro_time{10'000s}, 5s);
  CHECK(clock.next(micro_time{100s}, 5s + 750ms) == micro_time{10'000s + 750ms});
  CHECK(clock.next(micro_time{101s}, 6s + 500ms) == micro_time{10'001s + 500ms});
  SUBCASE("until it has come to where they are") { CHECK(clock.next(micro_time{20'000s}, 7s) == micro_time{20'000s}); }
}
