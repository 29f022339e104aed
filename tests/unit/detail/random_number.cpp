// SPDX-License-Identifier: BSL-1.0

#include "isat/detail/random_number.hpp"

#include <doctest/doctest.h>

TEST_CASE("random numbers differ and are never zero") {
  const auto first = isat::detail::random_number();
  const auto second = isat::detail::random_number();
  CHECK(first != 0);
  CHECK(second != 0);
  CHECK(first != second);
}

TEST_CASE("a number is 16 hexadecimal digits, which sort as numbers do") {
  CHECK(isat::detail::hex_text(0) == "0000000000000000");
  CHECK(isat::detail::hex_text(0x1f) == "000000000000001f");
  CHECK(isat::detail::hex_text(0xfedcba9876543210) == "fedcba9876543210");
  CHECK(isat::detail::hex_text(9) < isat::detail::hex_text(10));
}
