// SPDX-License-Identifier: BSL-1.0

#include "isat/detail/unreachable.hpp"
#include "skip.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdio>
#include <sys/wait.h>
#include <unistd.h>

namespace {

// How a child process ends that runs into the end of a closed switch.
int status_of_a_child_that_gets_there() {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // doctest's handler would report a failed test
    if (std::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(1);
    isat::detail::unreachable();
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("a switch over a closed set that falls through is our mistake and ends the process by an assertion") {
#ifdef NDEBUG
  return isat::test::skip("assertions are compiled out (NDEBUG)");
#endif
  const int status = status_of_a_child_that_gets_there();
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}
