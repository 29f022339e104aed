// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/lease/detail/watch_progress.hpp"

#include <doctest/doctest.h>

#include <chrono>

using isat::kubernetes::detail::watch_progress;
using namespace std::chrono_literals;

namespace {

constexpr watch_progress::time_point start{1h};

}  // namespace

TEST_CASE("a watch that has told everything is alive, however long it is silent") {
  watch_progress progress;
  CHECK_FALSE(progress.is_dead(start + 1h));
  progress.told(5);
  progress.owes(5, start);
  progress.owes(4, start);
  CHECK_FALSE(progress.is_dead(start + 1h));
}

TEST_CASE("a watch that owes a version for too long is dead, from when it owed it first") {
  watch_progress progress;
  progress.told(5);
  progress.owes(6, start);
  progress.owes(7, start + 1s);
  CHECK_FALSE(progress.is_dead(start + watch_progress::patience - 1ms));
  CHECK(progress.is_dead(start + watch_progress::patience));
  SUBCASE("and then it has as long again") {
    CHECK_FALSE(progress.is_dead(start + 2 * watch_progress::patience - 1ms));
    CHECK(progress.is_dead(start + 2 * watch_progress::patience));
  }
  SUBCASE("unless it tells in time") {
    progress.told(6);
    CHECK_FALSE(progress.is_dead(start + 1h));
  }
}

TEST_CASE("another watch owes nothing yet") {
  watch_progress progress;
  progress.owes(6, start);
  progress.begin();
  CHECK_FALSE(progress.is_dead(start + 1h));
}
