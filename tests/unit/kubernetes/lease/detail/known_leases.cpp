// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/lease/detail/known_leases.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

using isat::kubernetes::detail::known_leases;
using isat::kubernetes::detail::lease_object;

namespace {

lease_object object(std::uint64_t incarnation, std::uint64_t number, const std::string& name = "a") {
  lease_object made;
  made.found = {name, {incarnation, number}, isat::election::record{}, false};
  made.uid = "u" + std::to_string(incarnation);
  return made;
}

}  // namespace

TEST_CASE("of one object the latest version is known, in whatever order versions are learnt") {
  known_leases known;
  known.learn(object(1, 5));
  known.learn(object(1, 7));
  known.learn(object(1, 6));
  REQUIRE(known.find("a", 1) != nullptr);
  CHECK(known.find("a", 1)->found.at.number == 7);
  CHECK(known.find("a", 2) == nullptr);
  CHECK(known.find("b", 1) == nullptr);
}

TEST_CASE("late news of an object that was removed do not replace the one that came after it") {
  known_leases known;
  known.learn(object(1, 5));
  known.learn(object(2, 9));
  known.learn(object(1, 6));
  CHECK(known.find("a", 2)->found.at.number == 9);
  CHECK(known.find("a", 1)->uid == "u1");
}

TEST_CASE("a name that is made again and again is remembered by its last objects only") {
  known_leases known;
  for (std::uint64_t i = 1; i <= known_leases::objects_max + 1; ++i) known.learn(object(i, i));
  CHECK(known.find("a", 1) == nullptr);
  CHECK(known.find("a", 2) != nullptr);
  known.forget("a");
  CHECK(known.find("a", 2) == nullptr);
}

TEST_CASE("what a server has just shown counts, also if it lies before what was known") {
  known_leases known;
  known.learn(object(1, 5));
  known.learn(object(2, 9));
  known.correct(object(2, 7), known.version_of("a", 2));
  CHECK(known.find("a", 2)->found.at.number == 7);
  CHECK(known.find("a", 1)->found.at.number == 5);
  known.correct(object(3, 1), known.version_of("a", 3));
  CHECK(known.find("a", 3)->found.at.number == 1);
}

TEST_CASE("an answer does not replace what was learnt while it was on its way, unless it is newer") {
  known_leases known;
  known.learn(object(1, 5));
  const auto before = known.version_of("a", 1);
  CHECK(before == isat::election::version{1, 5});
  known.learn(object(1, 7));
  known.correct(object(1, 6), before);
  CHECK(known.find("a", 1)->found.at.number == 7);
  known.correct(object(1, 8), before);
  CHECK(known.find("a", 1)->found.at.number == 8);
  const auto none = known.version_of("a", 2);
  CHECK(none == isat::election::version{});
  known.learn(object(2, 2));
  known.correct(object(2, 1), none);
  CHECK(known.find("a", 2)->found.at.number == 2);
}
