// SPDX-License-Identifier: BSL-1.0

#include "isat/election/record_files.hpp"
#include "temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using isat::election::entry;
using isat::election::found_record;
using isat::election::record;
using isat::election::record_files;
using isat::test::temporary_directory;

record sample(const std::string& nonce) {
  record made;
  made.nonce = nonce;
  return made;
}

}  // namespace

TEST_CASE("loading makes nothing: where there is no directory there is no record") {
  const temporary_directory directory;
  record_files files{directory / "run"};
  found_record found;
  CHECK_FALSE(files.load("a", found));
  CHECK(found.what == entry{"a", {}, {}, false});
  CHECK_FALSE(fs::exists(files.root()));
  std::vector<std::string> names;
  CHECK(files.names(names).value() == ENOENT);
  CHECK(files.failure().message().find("cannot read " + files.root()) == 0);
}

TEST_CASE("writing makes the directories, and makes them again") {
  const temporary_directory directory;
  record_files files{directory / "run"};
  entry next{"a b", {}, sample("1"), false};
  REQUIRE_FALSE(files.cas(next));
  CHECK(next.at.number == 1);
  CHECK(fs::is_directory(files.path_of("a b")));
  const entry first = next;
  SUBCASE("nothing was removed") {
    REQUIRE_FALSE(files.cas(next));
    CHECK(next.at.newer_than(first.at));
  }
  SUBCASE("the place for files on their way was removed") {
    fs::remove_all(files.root() + "/.tmp");
    REQUIRE_FALSE(files.cas(next));
    CHECK(next.at.newer_than(first.at));
  }
  SUBCASE("all was removed") {
    fs::remove_all(files.root());
    CHECK(files.cas(next) == isat::error::version_conflict);
    next.at = {};
    REQUIRE_FALSE(files.cas(next));
    CHECK(next.at.incarnation != first.at.incarnation);
  }
  found_record found;
  REQUIRE_FALSE(files.load("a b", found));
  CHECK(found.what == next);
  CHECK(fs::exists(files.alive() + '/' + found.writer.file));
}

TEST_CASE("names are those of records, removed ones too, in order") {
  const temporary_directory directory;
  record_files files{directory / "run"};
  for (const char* name : {"c", "", "a/b"}) {
    entry next{name, {}, sample("1"), false};
    REQUIRE_FALSE(files.cas(next));
  }
  entry gone{"b", {}, {}, false};
  REQUIRE_FALSE(files.cas(gone));
  std::vector<std::string> names;
  REQUIRE_FALSE(files.names(names));
  CHECK(names == std::vector<std::string>{"", "a/b", "b", "c"});
}

TEST_CASE("nobody has died as long as this one lives, and a name that is no file's proves nothing") {
  const temporary_directory directory;
  record_files files{directory / "run"};
  REQUIRE_FALSE(files.prepare());
  const std::string own = fs::directory_iterator { files.alive() } -> path().filename();
  CHECK_FALSE(files.has_died(own));
  CHECK_FALSE(files.has_died("missing"));
  CHECK_FALSE(files.has_died(""));
  CHECK_FALSE(files.has_died("../.tmp"));
  files.sweep();
  CHECK(fs::exists(files.alive() + '/' + own));
}
