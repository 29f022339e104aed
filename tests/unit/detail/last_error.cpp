// SPDX-License-Identifier: BSL-1.0

#include "isat/detail/last_error.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <unistd.h>

TEST_CASE("the error of a system call that has just failed is told as the system's") {
  REQUIRE(::close(-1) != 0);
  const isat::error_code error = isat::detail::last_error();
  CHECK(error == isat::error_code{EBADF, boost::system::system_category()});
  CHECK(error.category() == boost::system::system_category());
}
