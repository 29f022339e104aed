// SPDX-License-Identifier: BSL-1.0

#include "isat/election/store_failure.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <string_view>

using isat::election::store_failure;

namespace {

store_failure failed(std::string_view action, int number) {
  return {action, "/run/x", {number, boost::system::system_category()}};
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("where nothing failed there is no message") { CHECK(store_failure{}.message().empty()); }

TEST_CASE("a failure of a store names what failed, on which path and why") {
  CHECK(failed("write", EROFS).message() == "cannot write /run/x: Read-only file system");
}

TEST_CASE("a failure of a store with a known remedy tells it") {
  CHECK(contains(failed("write", EACCES).message(), "writable for the user"));
  CHECK(contains(failed("make the directory", EACCES).message(), "root too"));
  CHECK(contains(failed("make the directory", ENOENT).message(), "only the last directory"));
  CHECK(contains(failed("make the directory", ENOTDIR).message(), "must be a directory"));
  CHECK(contains(failed("watch the directory", EMFILE).message(), "fs.inotify.max_user_instances"));
  CHECK(contains(failed("watch the directory", ENOSPC).message(), "fs.inotify.max_user_watches"));
  CHECK(contains(failed("write", ENAMETOOLONG).message(), "too long"));
}

TEST_CASE("a file system that machines share is named as such, with a place to choose instead") {
  const store_failure shared{"keep leases in", "/mnt/x", isat::error::shared_file_system};
  CHECK(shared.message() ==
        "cannot keep leases in /mnt/x: machines share its file system (choose one of this host alone: a tmpfs, such as "
        "/run)");
}

TEST_CASE("a full disk is not taken for a full table of watches, nor a missing file for a missing parent") {
  CHECK(failed("write", ENOSPC).message() == "cannot write /run/x: No space left on device");
  CHECK(failed("write", ENOENT).message() == "cannot write /run/x: No such file or directory");
}
