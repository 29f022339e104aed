// SPDX-License-Identifier: BSL-1.0

#include "isat/detail/backoff.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>

using isat::detail::doubled;
using isat::detail::spread;
using namespace std::chrono_literals;

TEST_CASE("a pause doubles with each failure up to its limit, also after very many") {
  CHECK(doubled(200ms, 0, 5s) == 200ms);
  CHECK(doubled(200ms, 1, 5s) == 400ms);
  CHECK(doubled(200ms, 4, 5s) == 3200ms);
  CHECK(doubled(200ms, 5, 5s) == 5s);
  CHECK(doubled(200ms, 4'000'000'000U, 5s) == 5s);
  CHECK(doubled(50ms, 0, 20ms) == 20ms);
}

TEST_CASE("a pause is spread over a quarter of it to either side") {
  CHECK(spread(400ms, 0) == 300ms);
  CHECK(spread(400ms, 512) == 400ms);
  CHECK(spread(400ms, 1023) < 500ms);
  CHECK(spread(400ms, 1023) > 499ms);
  CHECK(spread(400ms, ~std::uint64_t{0}) == spread(400ms, 1023));
}
