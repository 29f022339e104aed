// SPDX-License-Identifier: BSL-1.0
#include "isat/detail/file_descriptor.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>
#include <utility>

using isat::detail::file_descriptor;

namespace {

bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) != -1; }
int open_something() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

TEST_SUITE("detail/file_descriptor") {
  TEST_CASE("a descriptor is closed with its owner, by whichever way that was reached") {
    const int first = open_something();
    const int second = open_something();
    REQUIRE(first >= 0);
    REQUIRE(second >= 0);
    {
      file_descriptor owner{first};
      file_descriptor other{second};
      CHECK(owner);
      CHECK(owner.get() == first);
      owner = std::move(other);
      CHECK(!is_open(first));
      CHECK(is_open(second));
      const file_descriptor last{std::move(owner)};
      CHECK(last.get() == second);
    }
    CHECK(!is_open(second));
  }

  TEST_CASE("none is no descriptor, and a released one stays open") {
    file_descriptor none;
    CHECK(!none);
    CHECK(none.release() == -1);
    const int raw = open_something();
    REQUIRE(raw >= 0);
    file_descriptor owner{raw};
    CHECK(owner.release() == raw);
    CHECK(!owner);
    owner = file_descriptor{};
    CHECK(is_open(raw));
    CHECK(::close(raw) == 0);
  }
}
