// SPDX-License-Identifier: BSL-1.0

#include "isat/detail/build.hpp"

#include <doctest/doctest.h>

#include <string_view>

TEST_CASE("the generated header says how the components were built") {
  CHECK((ISAT_HEADER_ONLY != 0) == (std::string_view{ISAT_TEST_NET_TYPE} == "INTERFACE_LIBRARY"));
}
