// SPDX-License-Identifier: BSL-1.0

#include "isat/version.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_CASE("the text of the version is made of its three numbers") {
  const std::string text = std::to_string(isat::version_major) + "." + std::to_string(isat::version_minor) + "." +
                           std::to_string(isat::version_patch);
  CHECK(isat::version == text);
}

TEST_CASE("the version that CMake and pkg-config hand out is the header's") {
  CHECK(isat::version == ISAT_TEST_PROJECT_VERSION);
}

TEST_CASE("the preprocessor can compare versions") {
  CHECK(ISAT_VERSION == isat::version_major * 10000 + isat::version_minor * 100 + isat::version_patch);
}
