// SPDX-License-Identifier: BSL-1.0

#include "isat/election/layout_rules.hpp"
#include "readings.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>

namespace {

using namespace std::chrono_literals;
using isat::election::era_of;
using isat::election::generation_of;
using isat::election::layout_phase;
using isat::election::layout_rules;
using isat::election::lease_timing;
using isat::test::reading;

}  // namespace

TEST_CASE("a read lets answer from its sending on, for less than the time that others wait") {
  static_assert(layout_rules::valid_from(reading(1s), reading(2s)) == reading(1s));
  constexpr lease_timing timing;
  CHECK(layout_rules::validity(timing, 3s) == 3s - 30ms - 20ms);
  CHECK(layout_rules::validity(timing, 15s) == 15s - 150ms - 20ms);
  CHECK(layout_rules::validity(timing, 3s) < layout_rules::open_after(3s));
}

TEST_CASE("only an open layout lets answer, and every layout starts as opening") {
  static_assert(layout_rules::entitles(layout_phase::open));
  static_assert(!layout_rules::entitles(layout_phase::opening));
  static_assert(!layout_rules::entitles(layout_phase::none));
  CHECK(layout_rules::first_phase() == layout_phase::opening);
}

TEST_CASE("an opening layout is opened no sooner than the last answer by another has become impossible") {
  // Two clocks whose rates lie epsilon apart: the opener's runs fast, the answerer's slow.
  constexpr lease_timing timing;
  constexpr auto waited = layout_rules::open_after(15s);
  constexpr auto answered = layout_rules::validity(timing, 15s) * (1'000'000 + timing.drift_ppm) / 1'000'000;
  CHECK(answered < waited);
}

TEST_CASE("eras and writers are always new, and an era is of a later generation than the one before it") {
  const std::uint64_t first = layout_rules::next_era(0, ~std::uint64_t{0});
  const std::uint64_t second = layout_rules::next_era(first, 0);
  CHECK(generation_of(first) == 1);
  CHECK(generation_of(second) == 2);
  CHECK(layout_rules::next_era(first, 1U << 30U) != second);
  CHECK(layout_rules::is_over(first, 2));
  CHECK_FALSE(layout_rules::is_over(second, 2));
  CHECK_FALSE(layout_rules::is_over(second, 1));
  CHECK(layout_rules::next_writer(5, 9) == 9);
}

TEST_CASE("the last generation is followed by itself, and never by the first one") {
  const std::uint64_t last = era_of(~std::uint64_t{0}, 0);
  CHECK(generation_of(layout_rules::next_era(last, ~std::uint64_t{0})) == generation_of(last));
}

TEST_CASE("a read takes back only what was known before it was sent") {
  static_assert(layout_rules::is_fresh(6, 5));
  static_assert(!layout_rules::is_fresh(5, 5));
  CHECK_FALSE(layout_rules::is_fresh(4, 5));
}
