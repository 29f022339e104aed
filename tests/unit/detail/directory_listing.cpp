// SPDX-License-Identifier: BSL-1.0

#include "isat/detail/directory_listing.hpp"
#include "isat/detail/file_descriptor.hpp"
#include "temporary_directory.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

using isat::detail::directory_listing;
using isat::detail::file_descriptor;
using isat::test::temporary_directory;
using isat::test::write_file;

namespace {

file_descriptor open(const std::string& path) {
  return file_descriptor{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
}

std::set<std::string> names(const directory_listing& listing) {
  std::set<std::string> found;
  listing.for_each([&](std::string_view name) { CHECK(found.insert(std::string{name}).second); });
  return found;
}

}  // namespace

TEST_CASE("a listing holds all names, of any length and number, each time anew") {
  const temporary_directory directory;
  const auto descriptor = open(directory.path().string());
  directory_listing listing;
  CHECK(names(listing).empty());
  REQUIRE_FALSE(listing.read(descriptor.get()));
  CHECK(names(listing).empty());
  std::set<std::string> made{std::string(255, 'x'), "...", "a b"};
  for (int i = 0; i < 300; ++i) made.insert(std::to_string(i));
  for (const auto& name : made) write_file(directory / name, "");
  REQUIRE_FALSE(listing.read(descriptor.get()));
  CHECK(names(listing) == made);
  std::filesystem::remove(directory / "7");
  made.erase("7");
  REQUIRE_FALSE(listing.read(descriptor.get()));
  CHECK(names(listing) == made);
}

TEST_CASE("a directory that was removed is an error, and so is what is none") {
  const temporary_directory directory;
  std::filesystem::create_directory(directory / "a");
  const auto descriptor = open(directory / "a");
  std::filesystem::remove(directory / "a");
  directory_listing listing;
  CHECK(listing.read(descriptor.get()).value() == ENOENT);
  CHECK(names(listing).empty());
  write_file(directory / "b", "");
  const file_descriptor file{::open((directory / "b").c_str(), O_RDONLY | O_CLOEXEC)};
  CHECK(listing.read(file.get()).value() == ENOTDIR);
}
