// SPDX-License-Identifier: BSL-1.0

#include "isat/election/directory_watch.hpp"
#include "temporary_directory.hpp"
#include "watch_events.hpp"

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
using isat::election::directory_change;
using isat::election::directory_event;
using isat::election::directory_watch;
using isat::test::temporary_directory;
using isat::test::write_file;
using events = std::vector<directory_event>;

}  // namespace

TEST_CASE("closing a file that was open for writing is told, with its name") {
  const temporary_directory directory;
  asio::io_context context;
  directory_watch watch{context.get_executor()};
  std::optional<std::ofstream> file{directory / "a"};
  REQUIRE_FALSE(watch.open(directory.path().string()));
  CHECK(watch.is_open());
  std::optional<error_code> woken;
  watch.async_wait([&](error_code error) { woken = error; });
  *file << "writing alone wakes nobody" << std::flush;
  context.poll();
  CHECK_FALSE(woken);
  file.reset();
  context.restart();
  context.run_for(5s);
  CHECK(woken == error_code{});
  CHECK(watch.take() == events{{directory_change::closed, "a"}});
  CHECK(watch.take().empty());
}

TEST_CASE("reading a file wakes nobody") {
  const temporary_directory directory;
  write_file(directory / "a", "x");
  asio::io_context context;
  directory_watch watch{context.get_executor()};
  REQUIRE_FALSE(watch.open(directory.path().string()));
  CHECK(isat::test::read_file(directory / "a") == "x");
  CHECK(watch.take().empty());
}

TEST_CASE("a name that means another file is told, whichever way that came about") {
  const temporary_directory directory;
  const temporary_directory elsewhere;
  write_file(directory / "a", "x");
  write_file(elsewhere / "b", "x");
  asio::io_context context;
  directory_watch watch{context.get_executor()};
  REQUIRE_FALSE(watch.open(directory.path().string()));
  SUBCASE("removed") { fs::remove(directory / "a"); }
  SUBCASE("moved away") { fs::rename(directory / "a", elsewhere / "c"); }
  SUBCASE("another moved here") { fs::rename(elsewhere / "b", directory / "a"); }
  CHECK(watch.take() == events{{directory_change::replaced, "a"}});
}

TEST_CASE("the loss of the directory is told") {
  const temporary_directory directory;
  const std::string path = directory / "d";
  fs::create_directory(path);
  asio::io_context context;
  directory_watch watch{context.get_executor()};
  REQUIRE_FALSE(watch.open(path));
  SUBCASE("removed") { fs::remove(path); }
  SUBCASE("moved") { fs::rename(path, directory / "e"); }
  CHECK(watch.take() == events{{directory_change::directory_lost, ""}});
}

TEST_CASE("what happens to a file without a name is not told") {
  const temporary_directory directory;
  asio::io_context context;
  directory_watch watch{context.get_executor()};
  std::optional<std::ofstream> file{directory / "a"};
  fs::remove(directory / "a");
  REQUIRE_FALSE(watch.open(directory.path().string()));
  file.reset();
  CHECK(watch.take().empty());
}

TEST_CASE("more changes than the kernel keeps are told as an overflow") {
  const temporary_directory directory;
  const int events_max = isat::test::watch_events_max();
  REQUIRE(events_max > 0);
  asio::io_context context;
  directory_watch watch{context.get_executor()};
  REQUIRE_FALSE(watch.open(directory.path().string()));
  isat::test::make_watch_events(directory / "a", directory / "b", events_max + 10);
  bool overflow = false;
  for (events next = watch.take(); !next.empty() && !overflow; next = watch.take()) {
    CHECK(next.size() <= 4096 / 16);
    overflow = next.back().change == directory_change::overflow;
  }
  CHECK(overflow);
}

TEST_CASE("closing the watch ends a wait, and another directory can be watched then") {
  const temporary_directory first;
  const temporary_directory second;
  asio::io_context context;
  directory_watch watch{context.get_executor()};
  REQUIRE_FALSE(watch.open(first.path().string()));
  std::optional<error_code> woken;
  watch.async_wait([&](error_code error) { woken = error; });
  watch.close();
  CHECK_FALSE(watch.is_open());
  context.run_for(5s);
  CHECK(woken == error_code{asio::error::operation_aborted});
  REQUIRE_FALSE(watch.open(second.path().string()));
  write_file(first / "a", "");
  write_file(second / "b", "");
  CHECK(watch.take() == events{{directory_change::closed, "b"}});
}

TEST_CASE("only a directory can be watched") {
  const temporary_directory directory;
  write_file(directory / "a", "");
  asio::io_context context;
  directory_watch watch{context.get_executor()};
  CHECK(watch.open(directory / "a").value() == ENOTDIR);
  CHECK(watch.open(directory / "missing").value() == ENOENT);
  CHECK_FALSE(watch.is_open());
}
