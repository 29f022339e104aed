// SPDX-License-Identifier: BSL-1.0

#include "isat/detail/new_file.hpp"
#include "temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <string>

namespace fs = std::filesystem;
using isat::error_code;
using isat::detail::new_file;
using isat::test::read_file;
using isat::test::temporary_directory;
using isat::test::write_file;

namespace {

struct place {
  place() { fs::create_directory(root / "tmp"); }
  temporary_directory root;
};

}  // namespace

TEST_CASE("a file is linked with all that it holds, and its own name goes") {
  const place at;
  {
    new_file file;
    REQUIRE_FALSE(file.make(at.root / "tmp", "owner"));
    REQUIRE_FALSE(file.write("text"));
    CHECK(fs::directory_iterator{at.root / "tmp"} -> path().filename().string().starts_with("owner-"));
    REQUIRE_FALSE(file.link_as(AT_FDCWD, at.root / "a"));
    CHECK(file.link_as(AT_FDCWD, at.root / "a").value() == EEXIST);
  }
  CHECK(fs::is_empty(at.root / "tmp"));
  CHECK(read_file(at.root / "a") == "text");
}

TEST_CASE("what is there is not replaced by a link") {
  const place at;
  write_file(at.root / "a", "old");
  new_file file;
  REQUIRE_FALSE(file.make(at.root / "tmp", "owner"));
  CHECK(file.link_as(AT_FDCWD, at.root / "a").value() == EEXIST);
  CHECK(read_file(at.root / "a") == "old");
}

TEST_CASE("a file that is moved is given away open, and stays") {
  const place at;
  error_code error;
  {
    new_file file;
    REQUIRE_FALSE(file.make(at.root / "tmp", "owner"));
    CHECK(file.move_to(at.root / "a", error));
    CHECK_FALSE(error);
  }
  CHECK(fs::exists(at.root / "a"));
  CHECK(fs::is_empty(at.root / "tmp"));
}

TEST_CASE("a file that cannot be made, linked or moved is an error") {
  const place at;
  error_code error;
  new_file nowhere;
  CHECK(nowhere.make(at.root / "missing", "owner").value() == ENOENT);
  new_file file;
  REQUIRE_FALSE(file.make(at.root / "tmp", "owner"));
  CHECK(file.link_as(AT_FDCWD, at.root / "missing/a").value() == ENOENT);
  CHECK_FALSE(file.move_to(at.root / "missing/a", error));
  CHECK(error.value() == ENOENT);
}
