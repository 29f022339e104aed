// SPDX-License-Identifier: BSL-1.0

#include "isat/detail/mix.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>

namespace {

using isat::detail::id_sequence;
using isat::detail::mix;
using namespace std::string_view_literals;

}  // namespace

TEST_CASE("the mixer gives the published numbers of SplitMix64, so that all versions agree on every hash") {
  static_assert(mix(std::uint64_t{0}) == 0xe220a8397b1dcdafU);
  static_assert(mix(std::uint64_t{0x9e3779b97f4a7c15U}) == 0x6e789e6aa1b965f4U);
  static_assert(mix(2 * std::uint64_t{0x9e3779b97f4a7c15U}) == 0x06c45d188009454fU);
  CHECK(mix(std::uint64_t{1}) != mix(std::uint64_t{2}));
}

TEST_CASE("every bit of a number changes about half the bits of its mixture") {
  for (std::uint64_t value = 0; value < 16; ++value) {
    int changed = 0;
    for (int bit = 0; bit < 64; ++bit) {
      const int flipped = std::popcount(mix(value) ^ mix(value ^ (std::uint64_t{1} << bit)));
      CHECK(flipped >= 10);
      changed += flipped;
    }
    CHECK(changed > 64 * 29);
    CHECK(changed < 64 * 35);
  }
}

TEST_CASE("texts that differ in a byte, in their order or in their length have other hashes") {
  const std::set<std::uint64_t> hashes{mix(""sv),   mix("\0"sv), mix("\0\0"sv), mix("a"sv),      mix("b"sv),
                                       mix("ab"sv), mix("ba"sv), mix("a\0"sv),  mix("node-1"sv), mix("node-2"sv)};
  CHECK(hashes.size() == 10);
  static_assert(mix("\xff"sv) == mix(std::uint64_t{1} ^ 0xffU));  // bytes are unsigned everywhere
}

TEST_CASE("a sequence of ids never repeats, is never zero, and depends on its seed alone") {
  id_sequence one{7};
  id_sequence same{7};
  id_sequence other{8};
  std::set<std::uint64_t> seen;
  for (int step = 0; step < 1000; ++step) {
    const std::uint64_t id = one.next();
    CHECK(id == same.next());
    CHECK(id != 0);
    seen.insert(id);
    seen.insert(other.next());
  }
  CHECK(seen.size() == 2000);
}

TEST_CASE("the one seed whose first id would be zero starts with the next") {
  // mix is a bijection: this is the number that it takes to zero.
  constexpr std::uint64_t before_zero = 0 - std::uint64_t{0x9e3779b97f4a7c15U};
  static_assert(mix(before_zero) == 0);
  id_sequence ids{before_zero};
  CHECK(ids.next() == mix(std::uint64_t{0}));
}
