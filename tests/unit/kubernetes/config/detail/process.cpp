// SPDX-License-Identifier: BSL-1.0

// Real programs: /bin/sh with a line of script each.
#include "isat/kubernetes/config/detail/process.hpp"
#include "scoped_variable.hpp"
#include "store_contract.hpp"
#include "temporary_directory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/system/errc.hpp>
#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace isat::kubernetes::detail;
using namespace std::chrono_literals;
using isat::error_code;
using isat::test::run_until;

namespace {

program shell(std::string script) {
  program what;
  what.command = "/bin/sh";
  what.arguments = {"-c", std::move(script)};
  return what;
}

/// One run and its end.
struct trial {
  boost::asio::io_context context;
  std::optional<program_end> end;
  std::shared_ptr<program_run> run;

  error_code start(const program& what) {
    run = std::make_shared<program_run>(context.get_executor(), [this](program_end how) {
      end = std::move(how);
      run.reset();
    });
    return run->start(what);
  }

  const program_end& finish(const program& what) {
    REQUIRE_FALSE(start(what));
    CHECK_FALSE(end.has_value());
    REQUIRE(run_until(context, [this] { return end.has_value(); }));
    return *end;
  }
};

std::string output_of(const program& what) {
  trial one;
  const program_end& end = one.finish(what);
  CHECK(end.ending == ending::exited);
  CHECK(end.number == 0);
  return end.output;
}

bool has_no_child() { return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD; }

}  // namespace

TEST_CASE("a program's output and exit code are known at its end, and nothing is left of it") {
  trial one;
  const program_end& end = one.finish(shell("echo one; exit 3"));
  CHECK(end.ending == ending::exited);
  CHECK(end.number == 3);
  CHECK(end.output == "one\n");
  CHECK(has_no_child());
  one.context.run_for(1s);
  CHECK(one.context.stopped());  // nothing is pending
}

TEST_CASE("a program gets its arguments as they are") {
  program what = shell("for a; do printf '<%s>' \"$a\"; done");
  what.arguments.insert(what.arguments.end(), {"name", "a b", "", "$HOME;*"});
  CHECK(output_of(what) == "<a b><><$HOME;*>");
}

TEST_CASE("a program gets our environment, with what is added in place of what was there") {
  const isat::test::scoped_variable kept{"ISAT_TEST_KEPT", "kept"};
  const isat::test::scoped_variable replaced{"ISAT_TEST_REPLACED", "old"};
  program what = shell("env | grep ^ISAT_TEST_ | sort");
  what.environment = {{"ISAT_TEST_REPLACED", "first"}, {"ISAT_TEST_NEW", "a=b c"}, {"ISAT_TEST_REPLACED", "new"}};
  CHECK(output_of(what) == "ISAT_TEST_KEPT=kept\nISAT_TEST_NEW=a=b c\nISAT_TEST_REPLACED=new\n");
}

TEST_CASE("a program is searched in PATH") {
  program what;
  what.command = "echo";
  what.arguments = {"found"};
  CHECK(output_of(what) == "found\n");
}

TEST_CASE("a program that is not there, or is none, is an error at once") {
  const isat::test::temporary_directory directory;
  isat::test::write_file(directory / "text", "text");
  program what;
  trial one;
  what.command = "isat-there-is-no-such-program";
  CHECK(one.start(what) == boost::system::errc::no_such_file_or_directory);
  what.command = directory / "text";
  CHECK(one.start(what) == boost::system::errc::permission_denied);
  CHECK(has_no_child());
  one.context.run();
  CHECK_FALSE(one.end.has_value());
}

TEST_CASE("a program has nothing to read and none of our descriptors") {
  const int leaking = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC, as a careless host opens files
  REQUIRE(leaking > 2);
  CHECK(output_of(shell("cat; cd /proc/$$/fd; for f in *; do [ -e $f ] && [ $f -lt 10 ] && echo $f; done; exit 0")) ==
        "0\n1\n2\n");
  ::close(leaking);
}

TEST_CASE("a program starts with no signal blocked, and neither SIGPIPE nor SIGCHLD ignored") {
  ::sigset_t all;
  ::sigset_t before;
  ::sigfillset(&all);
  REQUIRE(::sigprocmask(SIG_SETMASK, &all, &before) == 0);
  const auto pipe_before = ::signal(SIGPIPE, SIG_IGN);
  trial one;
  const error_code error = one.start(shell("grep -E '^Sig(Blk|Ign)' /proc/self/status"));
  ::signal(SIGPIPE, pipe_before);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  REQUIRE_FALSE(error);
  REQUIRE(run_until(one.context, [&] { return one.end.has_value(); }));
  unsigned long long blocked = 1;
  unsigned long long ignored = 0;
  REQUIRE(std::sscanf(one.end->output.c_str(), "SigBlk: %llx SigIgn: %llx", &blocked, &ignored) == 2);
  CHECK(blocked == 0);
  CHECK((ignored >> (SIGPIPE - 1) & 1) == 0);
  CHECK((ignored >> (SIGCHLD - 1) & 1) == 0);
}

TEST_CASE("a program that takes too long is killed with all that it has started") {
  const isat::test::temporary_directory directory;
  const std::string pipe = directory / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  REQUIRE(reader >= 0);
  // Both hold the pipe open until they die.
  program what = shell("exec 3>'" + pipe + "'; echo begun; cat /dev/zero >/dev/null & wait");
  what.timeout = 60ms;
  trial one;
  const auto begin = std::chrono::steady_clock::now();
  const program_end& end = one.finish(what);
  CHECK(end.ending == ending::timed_out);
  CHECK(std::chrono::steady_clock::now() - begin >= 60ms);
  CHECK(has_no_child());
  ::pollfd closed{reader, 0, 0};
  CHECK(::poll(&closed, 1, 2000) == 1);
  CHECK((closed.revents & POLLHUP) != 0);
  ::close(reader);
}

TEST_CASE("a program that writes too much is killed") {
  program what = shell("cat /dev/zero");
  what.output_max = 100'000;
  trial one;
  CHECK(one.finish(what).ending == ending::too_long);
  what = shell("printf 12345");
  what.output_max = 5;
  CHECK(output_of(what) == "12345");
  what.output_max = 4;
  trial other;
  CHECK(other.finish(what).ending == ending::too_long);
}

TEST_CASE("output far larger than a pipe arrives whole") {
  CHECK(output_of(shell("head -c 300000 /dev/zero")) == std::string(300'000, '\0'));
}

TEST_CASE("a program that kills itself is told as killed") {
  trial one;
  const program_end& end = one.finish(shell("kill -9 $$"));
  CHECK(end.ending == ending::killed);
  CHECK(end.number == SIGKILL);
}

TEST_CASE("the end of a program counts, even if something that it has started holds its output open") {
  const isat::test::temporary_directory directory;
  REQUIRE(::mkfifo((directory / "pipe").c_str(), 0600) == 0);
  const int keeper = ::open((directory / "pipe").c_str(), O_RDWR);
  REQUIRE(keeper >= 0);
  CHECK(output_of(shell("exec 3<'" + (directory / "pipe") + "'; echo here; cat <&3 & exit 0")) == "here\n");
  REQUIRE(::write(keeper, "x", 1) == 1);  // and what was started ends at its end
  ::close(keeper);
}

TEST_CASE("a program that closes its output runs on to its end") {
  trial one;
  CHECK(one.finish(shell("exec >&-; exit 4")).number == 4);
}

TEST_CASE("destroying a run kills the program and calls nobody") {
  trial one;
  REQUIRE_FALSE(one.start(shell("cat /dev/zero >/dev/null")));
  one.run.reset();
  CHECK(has_no_child());
  one.context.run();
  CHECK_FALSE(one.end.has_value());
}

TEST_CASE("a context that dies takes the program with it") {
  auto one = std::make_unique<trial>();
  REQUIRE_FALSE(one->start(shell("cat /dev/zero >/dev/null")));
  one.reset();
  CHECK(has_no_child());
}

TEST_CASE("in a host that ignores its children the output is there without an exit code") {
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  trial one;
  const error_code error = one.start(shell("echo there; exit 0"));
  if (!error) run_until(one.context, [&] { return one.end.has_value(); });
  ::signal(SIGCHLD, before);
  if (error == boost::system::errc::no_such_process) return;  // it was over before it could be waited for
  REQUIRE_FALSE(error);
  REQUIRE(one.end.has_value());
  CHECK(one.end->ending == ending::unknown);
  CHECK(one.end->output == "there\n");
}
