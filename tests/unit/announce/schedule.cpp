// SPDX-License-Identifier: BSL-1.0

#include "isat/announce/schedule.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <vector>

using namespace std::chrono_literals;
using isat::announce::schedule;

TEST_CASE("by default a VIP is announced at once and then after 100 ms, 500 ms, 1.1 s, 2.2 s and 5 s") {
  CHECK(schedule{}.offsets == std::vector<std::chrono::milliseconds>{0ms, 100ms, 500ms, 1100ms, 2200ms, 5000ms});
}

TEST_CASE("by default at most 128 announcements leave per millisecond") {
  CHECK(schedule{}.burst == 128);
  CHECK(schedule{}.window == 1ms);
}

TEST_CASE(
    "by default there are two announcements at least 1 s apart, for neighbours that lock a fresh entry that long") {
  const auto offsets = schedule{}.offsets;
  CHECK(std::is_sorted(offsets.begin(), offsets.end()));
  CHECK(std::any_of(offsets.begin(), offsets.end(), [&](auto offset) { return offset > offsets.front() + 1s; }));
}
