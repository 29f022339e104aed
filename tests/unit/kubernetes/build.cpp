// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/build.hpp"

#include <doctest/doctest.h>

#include <string_view>

TEST_CASE("the generated header says how the component was built") {
  CHECK((ISAT_KUBERNETES_HEADER_ONLY != 0) == (std::string_view{ISAT_TEST_KUBERNETES_TYPE} == "INTERFACE_LIBRARY"));
}
