// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/detail/decimal.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>

using isat::kubernetes::detail::decimal;

TEST_CASE("all of a text is a number, or it is none") {
  CHECK(decimal<std::uint16_t>("0") == 0);
  CHECK(decimal<std::uint16_t>("0065535") == 65'535);
  CHECK(decimal<std::uint64_t>("18446744073709551615") == UINT64_MAX);
  for (const char* text : {"", " 1", "1 ", "+1", "-1", "0x1", "1.0", "1e3", "one"}) {
    CAPTURE(std::string{text});
    CHECK_FALSE(decimal<std::uint32_t>(text).has_value());
  }
}

TEST_CASE("a number that is too large for its type is none") {
  CHECK_FALSE(decimal<std::uint16_t>("65536").has_value());
  CHECK_FALSE(decimal<std::uint64_t>("18446744073709551616").has_value());
}
