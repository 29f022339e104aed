// SPDX-License-Identifier: BSL-1.0

#include "child_process.hpp"
#include "isat/election/liveness_lock.hpp"
#include "temporary_directory.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using isat::election::liveness_lock;
using isat::election::writer_mark;
using isat::test::child_process;
using isat::test::shared_memory;
using isat::test::temporary_directory;
using isat::test::write_file;

struct place {
  place() {
    fs::create_directory(folder);
    fs::create_directory(workshop);
  }
  bool has_died(const writer_mark& mark) const { return liveness_lock::has_died(folder, mark); }

  temporary_directory root;
  std::string folder = root / "alive";
  std::string workshop = root / "tmp";
};

std::uint64_t inode_of(const std::string& path) {
  struct ::stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

/// A process that holds a lock until it is killed.
class holder {
 public:
  explicit holder(const place& at)
      : child_{[&](child_process::door& door) {
          liveness_lock lock{at.folder, at.workshop};
          if (lock.hold()) return;
          lock.mark().file.copy(shared_->file.data(), shared_->file.size());
          shared_->inode = lock.mark().inode;
          door.report();
          for (;;) ::pause();
        }} {
    REQUIRE(child_.reports(5s));
  }
  writer_mark mark() const { return {{shared_->file.data(), shared_->file.size()}, shared_->inode}; }
  ::pid_t pid() const { return child_.pid(); }
  void kill() { child_.kill(); }

 private:
  struct told {
    std::array<char, 16> file{};
    std::uint64_t inode{};
  };
  shared_memory<told> shared_;
  child_process child_;
};

}  // namespace

TEST_CASE("who holds the lock lives, also if it is asked by the same process") {
  const place at;
  liveness_lock lock{at.folder, at.workshop};
  CHECK(lock.mark() == writer_mark{});
  REQUIRE_FALSE(lock.hold());
  const writer_mark mark = lock.mark();
  const std::string path = at.folder + '/' + mark.file;
  CHECK(inode_of(path) == mark.inode);
  CHECK_FALSE(at.has_died(mark));
  CHECK(liveness_lock::dead_in(at.folder).empty());
  REQUIRE_FALSE(lock.hold());
  CHECK(lock.mark() == mark);
  CHECK(fs::is_empty(at.workshop));
  struct ::stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("a process that was killed has died, one that was stopped has not") {
  const place at;
  holder other{at};
  CHECK_FALSE(at.has_died(other.mark()));
  ::kill(other.pid(), SIGSTOP);
  CHECK_FALSE(at.has_died(other.mark()));
  other.kill();
  CHECK(at.has_died(other.mark()));
  CHECK(at.has_died(other.mark()));  // looking changes nothing
  CHECK(liveness_lock::dead_in(at.folder) == std::vector{other.mark()});
}

TEST_CASE("who signs off removes its file and proves nothing") {
  const place at;
  std::optional<liveness_lock> lock{std::in_place, at.folder, at.workshop};
  REQUIRE_FALSE(lock->hold());
  const writer_mark mark = lock->mark();
  lock.reset();
  CHECK_FALSE(at.has_died(mark));
  CHECK(fs::is_empty(at.folder));
}

TEST_CASE("only the very inode that was named proves a death") {
  const place at;
  holder other{at};
  const writer_mark mark = other.mark();
  other.kill();
  const std::string path = at.folder + '/' + mark.file;
  REQUIRE(at.has_died(mark));
  SUBCASE("another inode") { CHECK_FALSE(at.has_died({mark.file, mark.inode + 1})); }
  SUBCASE("no name") { CHECK_FALSE(at.has_died({"", mark.inode})); }
  SUBCASE("a name that leads elsewhere") { CHECK_FALSE(at.has_died({"../alive/" + mark.file, mark.inode})); }
  SUBCASE("removed") {
    fs::remove(path);
    CHECK_FALSE(at.has_died(mark));
  }
  SUBCASE("replaced") {
    fs::rename(path, at.root / "kept");  // keeps its inode from being used again
    write_file(path, "");
    CHECK_FALSE(at.has_died(mark));
  }
  SUBCASE("a symbolic link to it") {
    fs::rename(path, at.root / "kept");
    fs::create_symlink(at.root / "kept", path);
    CHECK_FALSE(at.has_died(mark));
  }
}

TEST_CASE("a file that was removed is made again under another name") {
  const place at;
  liveness_lock lock{at.folder, at.workshop};
  REQUIRE_FALSE(lock.hold());
  const writer_mark first = lock.mark();
  SUBCASE("removed") {
    fs::remove(at.folder + '/' + first.file);
    REQUIRE_FALSE(lock.hold());
    CHECK_FALSE(at.has_died(first));
  }
  SUBCASE("moved away with its directory, where it goes on living") {
    fs::rename(at.folder, at.root / "moved");
    fs::create_directory(at.folder);
    REQUIRE_FALSE(lock.hold());
    CHECK_FALSE(liveness_lock::has_died(at.root / "moved", first));
  }
  CHECK(lock.mark().file != first.file);
  CHECK_FALSE(at.has_died(lock.mark()));
}

TEST_CASE("without its directories it cannot be held") {
  const place at;
  liveness_lock lock{at.folder, at.workshop};
  SUBCASE("no folder") { fs::remove(at.folder); }
  SUBCASE("no workshop") { fs::remove(at.workshop); }
  CHECK(lock.hold().value() == ENOENT);
  CHECK(lock.mark() == writer_mark{});
}
