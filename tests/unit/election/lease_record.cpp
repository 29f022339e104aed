// SPDX-License-Identifier: BSL-1.0

#include "isat/election/lease_record.hpp"

#include <doctest/doctest.h>

using isat::election::entry;
using isat::election::record;
using isat::election::version;

TEST_CASE("of two versions of one incarnation the one with the higher number is newer") {
  static_assert(version{3, 5}.newer_than({3, 4}));
  static_assert(!version{3, 4}.newer_than({3, 5}));
  static_assert(!version{3, 5}.newer_than({3, 5}));
}

TEST_CASE("of two incarnations neither is newer, whatever their numbers") {
  static_assert(!version{4, 9}.newer_than({3, 5}));
  static_assert(!version{3, 5}.newer_than({4, 9}));
  static_assert(!version{1, 1}.newer_than({}));
}

TEST_CASE("versions are equal only in both parts, records and entries in all") {
  static_assert(version{3, 5} == version{3, 5});
  static_assert(version{3, 5} != version{4, 5});
  static_assert(version{3, 5} != version{3, 6});
  const record one{"a", "n", std::chrono::seconds{3}, 7, {{"mode", "held"}}};
  record changed = one;
  CHECK(changed == one);
  changed.notes["mode"] = "waiting";
  CHECK_FALSE(changed == one);
  CHECK_FALSE(entry{"lease", {1, 1}, one, false} == entry{"lease", {1, 1}, one, true});
}

TEST_CASE("an entry without a value is not one with an empty value") {
  CHECK_FALSE(entry{"lease", {}, {}, false} == entry{"lease", {}, record{}, false});
}
