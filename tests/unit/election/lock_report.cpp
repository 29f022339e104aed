// SPDX-License-Identifier: BSL-1.0

#include "isat/election/lock_report.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <set>
#include <string>
#include <string_view>

using isat::election::lock_change;
using isat::election::lock_failure;

namespace {

lock_failure failed(std::string_view action, int number) {
  return {action, "/run/x", {number, boost::system::system_category()}};
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("every change has a name of its own") {
  std::set<std::string_view> names;
  for (const auto change : {lock_change::none, lock_change::acquired, lock_change::released, lock_change::file_replaced,
                            lock_change::directory_lost, lock_change::term_not_stored}) {
    names.insert(to_string(change));
  }
  CHECK(names.size() == 6);
  CHECK(to_string(lock_change::file_replaced) == "file_replaced");
}

TEST_CASE("no failure has no message") { CHECK(lock_failure{}.message().empty()); }

TEST_CASE("a failure names what failed, on which path and why") {
  CHECK(failed("open", EROFS).message() == "cannot open /run/x: Read-only file system");
}

TEST_CASE("a failure with a known remedy tells it") {
  CHECK(contains(failed("open", EACCES).message(), "writable for the user"));
  CHECK(contains(failed("make the directory", ENOENT).message(), "only the last directory"));
  CHECK(contains(failed("watch the directory", EMFILE).message(), "fs.inotify.max_user_instances"));
  CHECK(contains(failed("watch the directory", ENOSPC).message(), "fs.inotify.max_user_watches"));
  CHECK(contains(failed("open", EINVAL).message(), "not a regular file"));
  CHECK(contains(failed("open", ELOOP).message(), "symbolic link"));
}

TEST_CASE("a full disk is not taken for a full table of watches") {
  CHECK(failed("open", ENOSPC).message() == "cannot open /run/x: No space left on device");
}
