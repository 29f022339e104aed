// SPDX-License-Identifier: BSL-1.0

#include "isat/election/lock_file.hpp"
#include "temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/stat.h>

namespace {

using isat::error_code;
using isat::election::lock_file;
using isat::election::lock_record;
using isat::test::read_file;
using isat::test::temporary_directory;
using isat::test::write_file;

}  // namespace

TEST_CASE("a record reads back as it was written") {
  for (const auto& record : {lock_record{}, lock_record{7, {}, 0}, lock_record{1, "node-a", 42},
                             lock_record{18446744073709551614U, "a b=c: d", 1}}) {
    CHECK(lock_record::from_text(record.to_text()) == record);
  }
}

TEST_CASE("a record is three lines that people can read, a released one keeps the term") {
  CHECK(lock_record{3, "node-a", 42}.to_text() == "term 3\nnode node-a\npid 42\n");
  CHECK(lock_record{3, {}, 0}.to_text() == "term 3\n");
}

TEST_CASE("a node's name cannot forge a line, nor grow the file") {
  CHECK(lock_record{3, "a\nterm 9\x7f\r", 42}.to_text() == "term 3\nnode a?term 9??\npid 42\n");
  const std::string text = lock_record{18446744073709551614U, std::string(5000, 'x'), -9223372036854775807}.to_text();
  CHECK(text.size() <= lock_record::size_max);
  CHECK(lock_record::from_text(text).term == 18446744073709551614U);
}

TEST_CASE("text that is no record counts as term 0 and nobody") {
  struct row {
    const char* name;
    std::string text;
  };
  for (const auto& [name, text] :
       {row{"empty", ""}, row{"no newline", "term 5"}, row{"other key", "turn 5\n"}, row{"no number", "term \n"},
        row{"trailing garbage", "term 5x\n"}, row{"negative", "term -5\n"}, row{"leading space", " term 5\n"},
        row{"too large", "term 18446744073709551616\n"},
        row{"largest: has no successor", "term 18446744073709551615\n"}, row{"zeros", std::string(64, '\0')},
        row{"binary", "\xff\xfe\x01term 5\n"}}) {
    CAPTURE(name);
    CHECK(lock_record::from_text(text) == lock_record{});
  }
}

TEST_CASE("a good term is kept whatever follows it") {
  for (const std::string rest : {"", "node \npid 1\n", "node a\n", "node a\npid x\n", "pid 1\nnode a\n", "\xff\n"}) {
    CAPTURE(rest);
    CHECK(lock_record::from_text("term 5\n" + rest) == lock_record{5, {}, 0});
  }
  CHECK(lock_record::from_text("term 5\nnode a\npid 1\nleft over from a longer record") == lock_record{5, "a", 1});
}

TEST_CASE("a record cut anywhere never gives a wrong term or holder") {
  const lock_record record{1234, "node-a", 42};
  const std::string text = record.to_text();
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    const auto read = lock_record::from_text(text.substr(0, size));
    CHECK((read.term == 0 || read.term == 1234));
    CHECK(read.node.empty());
  }
}

TEST_CASE("a missing file is made, an existing one keeps its contents") {
  const temporary_directory directory;
  const std::string path = directory / "a.lock";
  lock_file file{path};
  CHECK_FALSE(file.is_open());
  REQUIRE_FALSE(file.open());
  CHECK(file.is_open());
  CHECK(file.read() == lock_record{});
  file.close();
  write_file(path, "term 9\n");
  REQUIRE_FALSE(file.open());
  CHECK(file.read().term == 9);
  struct ::stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777 & ~0644U) == 0);
}

TEST_CASE("one lock at a time, also within one process, until the holder closes") {
  const temporary_directory directory;
  lock_file first{directory / "a.lock"};
  lock_file second{directory / "a.lock"};
  error_code error;
  REQUIRE_FALSE(first.open());
  REQUIRE_FALSE(second.open());
  CHECK(first.try_lock(error));
  CHECK(first.is_locked());
  CHECK_FALSE(second.try_lock(error));
  CHECK_FALSE(error);
  CHECK_FALSE(second.is_locked());
  first.close();
  CHECK_FALSE(first.is_locked());
  CHECK(second.try_lock(error));
}

TEST_CASE("a shorter record replaces a longer one wholly") {
  const temporary_directory directory;
  lock_file file{directory / "a.lock"};
  error_code error;
  REQUIRE_FALSE(file.open());
  REQUIRE(file.try_lock(error));
  CHECK_FALSE(file.write({1, "a-long-name", 123456}));
  CHECK_FALSE(file.write({2, {}, 0}));
  CHECK(read_file(file.path()) == "term 2\n");
  CHECK(lock_file::read_at(file.path()) == lock_record{2, {}, 0});
}

TEST_CASE("a file that was removed, replaced or moved is not named any more") {
  const temporary_directory directory;
  lock_file file{directory / "a.lock"};
  REQUIRE_FALSE(file.open());
  CHECK(file.still_named());
  SUBCASE("removed") { std::filesystem::remove(file.path()); }
  SUBCASE("replaced") {
    write_file(directory / "b", "x");
    std::filesystem::rename(directory / "b", file.path());
  }
  SUBCASE("moved") { std::filesystem::rename(file.path(), directory / "b"); }
  SUBCASE("moved, with a symbolic link to it in its place") {
    std::filesystem::rename(file.path(), directory / "b");
    std::filesystem::create_symlink("b", file.path());
  }
  CHECK_FALSE(file.still_named());
}

TEST_CASE("what is no lock file is refused and left alone") {
  const temporary_directory directory;
  lock_file file{directory / "a.lock"};
  SUBCASE("a symbolic link") {
    write_file(directory / "precious", "data");
    std::filesystem::create_symlink("precious", file.path());
    CHECK(file.open().value() == ELOOP);
    CHECK(read_file(directory / "precious") == "data");
  }
  SUBCASE("a fifo, without blocking") {
    REQUIRE(::mkfifo(file.path().c_str(), 0600) == 0);
    CHECK(file.open().value() == EINVAL);
  }
  SUBCASE("a directory") {
    std::filesystem::create_directory(file.path());
    CHECK(file.open().value() == EISDIR);
  }
  SUBCASE("a path through a missing directory") {
    lock_file elsewhere{directory / "missing/a.lock"};
    CHECK(elsewhere.open().value() == ENOENT);
  }
  CHECK_FALSE(file.is_open());
}

TEST_CASE("reading by path gives no value where there is no file") {
  const temporary_directory directory;
  CHECK_FALSE(lock_file::read_at(directory / "missing").has_value());
}
