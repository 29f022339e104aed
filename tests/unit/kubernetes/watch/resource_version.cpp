// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/watch/resource_version.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>

namespace {

using isat::kubernetes::resource_version;

}  // namespace

TEST_CASE("resource versions are ordered as numbers, however long they are") {
  const char* const rising[] = {"",
                                "1",
                                "2",
                                "9",
                                "10",
                                "99",
                                "100",
                                "18446744073709551615",
                                "18446744073709551616",
                                "99999999999999999999999999999999999998",
                                "99999999999999999999999999999999999999"};
  for (std::size_t one = 0; one < std::size(rising); ++one) {
    for (std::size_t other = 0; other < std::size(rising); ++other) {
      CAPTURE(rising[one]);
      CAPTURE(rising[other]);
      const resource_version left{rising[one]};
      const resource_version right{rising[other]};
      CHECK((left < right) == (one < other));
      CHECK((left == right) == (one == other));
      CHECK((left > right) == (one > other));
    }
  }
}

TEST_CASE("no version, and the wish for any, are older than every version") {
  CHECK(resource_version{}.empty());
  CHECK(resource_version{""}.empty());
  CHECK(resource_version{"0"}.empty());
  CHECK(resource_version{"0"} == resource_version{});
  CHECK(resource_version{"0"} < resource_version{"1"});
}

TEST_CASE("leading zeros do not make a version newer") {
  CHECK(resource_version{"007"} == resource_version{"7"});
  CHECK(resource_version{"007"} < resource_version{"10"});
}

TEST_CASE("a version of up to 64 bits is a number too, anything else is 0") {
  CHECK(resource_version{"1"}.number() == 1);
  CHECK(resource_version{"4711"}.number() == 4711);
  CHECK(resource_version{"18446744073709551615"}.number() == std::numeric_limits<std::uint64_t>::max());
  CHECK(resource_version{"18446744073709551616"}.number() == 0);
  CHECK(resource_version{""}.number() == 0);
  CHECK(resource_version{"abc"}.number() == 0);
  CHECK(resource_version{"12x"}.number() == 0);
  CHECK(resource_version{"-1"}.number() == 0);
  CHECK(resource_version{"+1"}.number() == 0);
}

TEST_CASE("a version is sent back as it came") { CHECK(resource_version{"4711"}.text() == "4711"); }
