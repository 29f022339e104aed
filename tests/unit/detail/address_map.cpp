// SPDX-License-Identifier: BSL-1.0

#include "allocation_count.hpp"
#include "isat/detail/address_map.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <unordered_map>
#include <vector>

namespace {

using isat::ipv4_address;

struct entry {
  ipv4_address address;
  std::uint32_t value{};
};

using map_type = isat::detail::address_map<entry>;
using oracle_type = std::unordered_map<std::uint32_t, std::uint32_t>;

bool holds(const map_type& map, std::uint32_t bits, std::uint32_t value) {
  const entry* found = map.find(ipv4_address{bits});
  return found != nullptr && found->address.bits() == bits && found->value == value;
}

// Both hold the same entries, asked by look-up over `universe` and by visiting.
bool agree(const map_type& map, const oracle_type& oracle, const std::vector<std::uint32_t>& universe) {
  if (map.size() != oracle.size()) return false;
  for (const auto bits : universe) {
    const auto known = oracle.find(bits);
    if (known == oracle.end() ? map.find(ipv4_address{bits}) != nullptr : !holds(map, bits, known->second))
      return false;
  }
  std::size_t visited = 0;
  bool same = true;
  map.for_each([&](const entry& each) {
    const auto known = oracle.find(each.address.bits());
    same = same && known != oracle.end() && known->second == each.value;
    ++visited;
  });
  return same && visited == oracle.size();
}

// Inserts, replaces, erases and finds at random, and compares with the oracle after every operation.
bool agrees_under_random_operations(std::uint64_t seed, const std::vector<std::uint32_t>& universe,
                                    std::size_t size_max, int operations) {
  std::mt19937_64 random{seed};
  map_type map;
  oracle_type oracle;
  for (int i = 0; i < operations; ++i) {
    const auto bits = universe[random() % universe.size()];
    const auto value = static_cast<std::uint32_t>(random());
    const bool known = oracle.contains(bits);
    if (random() % 2 == 0 && (known || oracle.size() < size_max)) {
      if (map.insert({ipv4_address{bits}, value}) == known) return false;
      oracle[bits] = value;
    } else {
      if (map.erase(ipv4_address{bits}) != known) return false;
      oracle.erase(bits);
    }
    if (!agree(map, oracle, universe)) return false;
  }
  return true;
}

std::vector<std::uint32_t> addresses(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random{seed};
  std::vector<std::uint32_t> all;
  while (all.size() < count) {
    if (const auto bits = static_cast<std::uint32_t>(random()); bits != 0) all.push_back(bits);
  }
  return all;
}

}  // namespace

TEST_CASE("an empty map finds nothing and erases nothing") {
  map_type map;
  CHECK(map.size() == 0);
  CHECK(map.find(ipv4_address{1}) == nullptr);
  CHECK(map.find(ipv4_address{}) == nullptr);
  CHECK_FALSE(map.erase(ipv4_address{1}));
  map.for_each([](const entry&) { FAIL("an entry in an empty map"); });
}

TEST_CASE("an insert says whether the address is new and replaces what was there") {
  map_type map;
  CHECK(map.insert({ipv4_address{7}, 1}));
  CHECK_FALSE(map.insert({ipv4_address{7}, 2}));
  CHECK(map.size() == 1);
  CHECK(holds(map, 7, 2));
  map.find(ipv4_address{7})->value = 3;
  CHECK(holds(map, 7, 3));
  CHECK(map.erase(ipv4_address{7}));
  CHECK_FALSE(map.erase(ipv4_address{7}));
  CHECK(map.size() == 0);
  CHECK(map.find(ipv4_address{7}) == nullptr);
}

TEST_CASE("the unspecified address is never found, also where a free slot stands in for it") {
  map_type map;
  for (std::uint32_t bits = 1; bits <= 100; ++bits) {
    map.insert({ipv4_address{bits}, bits});
    REQUIRE(map.find(ipv4_address{}) == nullptr);
    REQUIRE_FALSE(map.erase(ipv4_address{}));
  }
  CHECK(map.size() == 100);
}

TEST_CASE("random operations on the smallest table, full of clusters that wrap around, agree with an unordered_map") {
  // Five entries in eight slots: with hundreds of universes every pattern of homes and gaps comes up.
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    REQUIRE(agrees_under_random_operations(seed, addresses(8, seed), 5, 100));
  }
}

TEST_CASE("random operations on a growing table agree with an unordered_map") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    REQUIRE(agrees_under_random_operations(seed, addresses(150, seed), 150, 600));
  }
}

TEST_CASE("random operations on neighbouring addresses agree with an unordered_map") {
  std::vector<std::uint32_t> dense;
  for (std::uint32_t i = 0; i < 256; ++i) dense.push_back(0x0a4d0000 + i + 1);
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    REQUIRE(agrees_under_random_operations(seed, dense, 256, 600));
  }
}

TEST_CASE("addresses at any regular distance from each other are all found") {
  for (const std::uint32_t stride : {1U, 2U, 3U, 255U, 256U, 4096U, 65'536U, 1U << 20}) {
    CAPTURE(stride);
    map_type map;
    const std::uint32_t count = 4'000;
    for (std::uint32_t i = 1; i <= count; ++i) map.insert({ipv4_address{i * stride}, i});
    REQUIRE(map.size() == count);
    bool all = true;
    for (std::uint32_t i = 1; i <= count; ++i) all = all && holds(map, i * stride, i);
    CHECK(all);
    CHECK(map.find(ipv4_address{(count + 1) * stride}) == nullptr);
  }
}

TEST_CASE("a million entries are found, and half of them after the other half went") {
  constexpr std::uint32_t count = 1'000'000;
  constexpr std::uint32_t first = 0x0a000001;
  map_type map;
  map.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) map.insert({ipv4_address{first + i}, i});
  REQUIRE(map.size() == count);
  std::uint32_t found = 0;
  for (std::uint32_t i = 0; i < count; ++i) found += holds(map, first + i, i) ? 1U : 0U;
  CHECK(found == count);
  CHECK(map.find(ipv4_address{first - 1}) == nullptr);
  CHECK(map.find(ipv4_address{first + count}) == nullptr);

  std::uint32_t erased = 0;
  for (std::uint32_t i = 0; i < count; i += 2) erased += map.erase(ipv4_address{first + i}) ? 1U : 0U;
  CHECK(erased == count / 2);
  CHECK(map.size() == count / 2);
  std::uint32_t right = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    right += (i % 2 == 1 ? holds(map, first + i, i) : map.find(ipv4_address{first + i}) == nullptr) ? 1U : 0U;
  }
  CHECK(right == count);
}

TEST_CASE("what was reserved is there: adding, replacing, erasing and finding that many allocate nothing") {
  for (const std::uint32_t count : {1U, 5U, 6U, 10U, 11U, 1'000U}) {
    CAPTURE(count);
    map_type map;
    map.reserve(count);
    CHECK(isat::test::allocations_of([&] {
            for (std::uint32_t i = 1; i <= count; ++i) map.insert({ipv4_address{i}, i});
            for (std::uint32_t i = 1; i <= count; ++i) map.insert({ipv4_address{i}, i + 1});
            for (std::uint32_t i = 1; i <= 2 * count; ++i) map.find(ipv4_address{i});
            for (std::uint32_t i = 1; i <= count; ++i) map.erase(ipv4_address{i});
          }) == 0);
    CHECK(map.size() == 0);
  }
}

TEST_CASE("coming and going without end neither allocates nor loses an entry") {
  map_type map;
  map.reserve(101);
  for (std::uint32_t i = 1; i <= 100; ++i) map.insert({ipv4_address{i}, i});
  bool all = true;
  CHECK(isat::test::allocations_of([&] {
          for (std::uint32_t i = 101; i <= 100'000; ++i) {
            all = all && map.insert({ipv4_address{i}, i}) && map.erase(ipv4_address{i - 100});
            all = all && holds(map, i, i) && holds(map, i - 99, i - 99);
          }
        }) == 0);
  CHECK(all);
  CHECK(map.size() == 100);
}
