// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/config/detail/watched_file.hpp"
#include "temporary_directory.hpp"

#include <boost/system/errc.hpp>
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace isat::kubernetes::detail;
namespace errc = boost::system::errc;
using isat::test::temporary_directory;
using isat::test::write_file;

namespace {

/// Makes the file look as if it had been written `seconds` ago.
void age(const std::string& path, long seconds) {
  const std::timespec then{std::time(nullptr) - seconds, 0};
  const std::timespec times[] = {then, then};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

}  // namespace

TEST_CASE("a watched file is read at first, and after each kind of change") {
  const temporary_directory directory;
  const std::string path = directory / "f";
  write_file(path, "one");
  age(path, 100);
  watched_file file{path};
  CHECK(file.text().empty());
  CHECK_FALSE(file.refresh());
  CHECK(file.text() == "one");

  write_file(path, "two");  // of the same size
  CHECK_FALSE(file.refresh());
  CHECK(file.text() == "two");

  write_file(directory / "g", "six");
  age(directory / "g", 100);
  std::filesystem::rename(directory / "g", path);
  CHECK_FALSE(file.refresh());
  CHECK(file.text() == "six");
}

TEST_CASE("a file that was written a moment ago is read again, for its timestamps are too coarse to trust") {
  const temporary_directory directory;
  const std::string path = directory / "f";
  write_file(path, "one");
  struct ::stat before{};
  REQUIRE(::stat(path.c_str(), &before) == 0);
  watched_file file{path};
  CHECK_FALSE(file.refresh());
  for (const char* text : {"two", "six", "ten"}) {
    write_file(path, text);  // maybe within one grain of the clock
    CHECK_FALSE(file.refresh());
    CHECK(file.text() == text);
  }
}

TEST_CASE("a file behind a link is another one when the link is") {
  const temporary_directory directory;
  for (const char* name : {"1", "2"}) {
    std::filesystem::create_directory(directory / name);
    write_file((directory / name) + "/f", name);
    age((directory / name) + "/f", 100);
  }
  std::filesystem::create_directory_symlink("1", directory / "data");
  watched_file file{(directory / "data") + "/f"};
  CHECK_FALSE(file.refresh());
  CHECK(file.text() == "1");
  std::filesystem::create_directory_symlink("2", directory / "next");
  std::filesystem::rename(directory / "next", directory / "data");
  CHECK_FALSE(file.refresh());
  CHECK(file.text() == "2");
}

TEST_CASE("a file that is gone leaves the text, and is read when it is there again") {
  const temporary_directory directory;
  const std::string path = directory / "f";
  write_file(path, "one");
  age(path, 100);
  watched_file file{path};
  CHECK_FALSE(file.refresh());
  std::filesystem::rename(path, directory / "away");
  CHECK(file.refresh() == errc::no_such_file_or_directory);
  CHECK(file.text() == "one");
  std::filesystem::rename(directory / "away", path);
  CHECK_FALSE(file.refresh());
  CHECK(file.text() == "one");
}

TEST_CASE("no file is missed if none is named") {
  watched_file none;
  CHECK_FALSE(none.refresh());
  CHECK(none.text().empty());
}

TEST_CASE("a whole file is read up to the limit, and nothing of a longer one") {
  const temporary_directory directory;
  const std::string path = directory / "f";
  const std::string text(10'000, 'x');
  write_file(path, text);
  std::string into = "before";
  CHECK(read_whole_file(path, into, text.size() - 1) == errc::file_too_large);
  CHECK(into == "before");
  CHECK_FALSE(read_whole_file(path, into, text.size()));
  CHECK(into == text);
}

TEST_CASE("a directory is no file, and a pipe that nobody writes to does not stop the reader") {
  const temporary_directory directory;
  std::string into;
  CHECK(read_whole_file(directory.path().string(), into) == errc::is_a_directory);
  REQUIRE(::mkfifo((directory / "pipe").c_str(), 0600) == 0);
  CHECK_FALSE(read_whole_file(directory / "pipe", into));
  CHECK(into.empty());
}

TEST_CASE("a pipe is read to its end") {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const std::string path = "/proc/self/fd/" + std::to_string(pipe[0]);
  std::string into;
  std::thread writer{[&] {
    CHECK(::write(pipe[1], "text", 4) == 4);
    ::close(pipe[1]);
  }};
  CHECK_FALSE(read_whole_file(path, into));
  writer.join();
  ::close(pipe[0]);
  CHECK(into == "text");
}
