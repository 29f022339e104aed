// SPDX-License-Identifier: BSL-1.0

#include "isat/election/watch_set.hpp"
#include "temporary_directory.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace {

namespace asio = isat::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using isat::error_code;
using isat::election::watch_change;
using isat::election::watch_event;
using isat::election::watch_set;
using isat::test::temporary_directory;
using isat::test::write_file;
using events = std::vector<watch_event>;

/// A set that watches two directories.
struct scene {
  scene() {
    fs::create_directory(root / "a");
    fs::create_directory(root / "b");
    REQUIRE_FALSE(set.open());
    error_code error;
    a = set.add(root / "a", error);
    REQUIRE_FALSE(error);
    b = set.add(root / "b", error);
    REQUIRE_FALSE(error);
  }
  temporary_directory root;
  asio::io_context context;
  watch_set set{context.get_executor()};
  int a = -1;
  int b = -1;
};

}  // namespace

TEST_CASE("each change is told with the number of its directory") {
  scene s;
  CHECK(s.a != s.b);
  error_code error;
  CHECK(s.set.add(s.root / "a", error) == s.a);
  CHECK(s.set.take().empty());
  std::ofstream file{s.root / "a/x"};
  CHECK(s.set.take() == events{{s.a, watch_change::appeared, "x"}});
  file.close();
  CHECK(s.set.take() == events{{s.a, watch_change::closed, "x"}});
  fs::create_hard_link(s.root / "a/x", s.root / "b/y");
  CHECK(s.set.take() == events{{s.b, watch_change::appeared, "y"}});
  fs::rename(s.root / "a/x", s.root / "b/x");
  CHECK(s.set.take() == events{{s.a, watch_change::vanished, "x"}, {s.b, watch_change::appeared, "x"}});
  fs::remove(s.root / "b/y");
  CHECK(s.set.take() == events{{s.b, watch_change::vanished, "y"}});
}

TEST_CASE("a file that was moved here while it was open tells its close here") {
  scene s;
  std::ofstream file{s.root / "a/x"};
  fs::rename(s.root / "a/x", s.root / "b/x");
  s.set.take();
  file.close();
  CHECK(s.set.take() == events{{s.b, watch_change::closed, "x"}});
}

TEST_CASE("reading a file wakes nobody") {
  scene s;
  write_file(s.root / "a/x", "x");
  s.set.take();
  CHECK(isat::test::read_file(s.root / "a/x") == "x");
  CHECK(s.set.take().empty());
}

TEST_CASE("a directory that is removed or moved away is lost, the other one is not") {
  scene s;
  SUBCASE("removed") { fs::remove(s.root / "a"); }
  SUBCASE("moved") { fs::rename(s.root / "a", s.root / "c"); }
  CHECK(s.set.take() == events{{s.a, watch_change::lost, ""}});
  for (const char* path : {"a", "c"}) {
    fs::create_directory(s.root / path);
    write_file(s.root / (std::string{path} + "/x"), "");
  }
  fs::create_directory(s.root / "b/x");
  const auto later = s.set.take();
  REQUIRE_FALSE(later.empty());
  CHECK(later.back() == watch_event{s.b, watch_change::appeared, "x"});
  for (const auto& event : later) CHECK((event.directory == s.b || event.change == watch_change::lost));
  error_code error;
  CHECK(s.set.add(s.root / "a", error) > s.b);
}

TEST_CASE("a wait ends with the first change, or when it is cancelled") {
  scene s;
  std::optional<error_code> woken;
  s.set.async_wait([&](error_code error) { woken = error; });
  s.context.poll();
  CHECK_FALSE(woken);
  SUBCASE("a change") {
    write_file(s.root / "a/x", "");
    s.context.restart();
    s.context.run_for(5s);
    CHECK(woken == error_code{});
  }
  SUBCASE("cancelled") {
    s.set.cancel();
    s.context.restart();
    s.context.run_for(5s);
    CHECK(woken == asio::error::operation_aborted);
    CHECK(s.set.is_open());
  }
  SUBCASE("closed") {
    s.set.close();
    s.context.restart();
    s.context.run_for(5s);
    CHECK(woken == asio::error::operation_aborted);
    CHECK_FALSE(s.set.is_open());
    CHECK_FALSE(s.set.open());
  }
}

TEST_CASE("what is no directory cannot be watched") {
  scene s;
  error_code error;
  CHECK(s.set.add(s.root / "missing", error) == -1);
  CHECK(error.value() == ENOENT);
  write_file(s.root / "file", "");
  CHECK(s.set.add(s.root / "file", error) == -1);
  CHECK(error.value() == ENOTDIR);
}
