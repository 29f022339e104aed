// SPDX-License-Identifier: BSL-1.0

// Writers that are stopped at any point of a write, by taking its steps one by one; and real processes that race.
#include "child_process.hpp"
#include "isat/detail/random_number.hpp"
#include "isat/election/record_directory.hpp"
#include "temporary_directory.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using isat::error;
using isat::error_code;
using isat::election::record_directory;
using isat::election::version;
using isat::test::child_process;
using isat::test::shared_memory;
using isat::test::temporary_directory;
using isat::test::write_file;

/// A place for one record and for files on their way.
struct place {
  place() { fs::create_directory(root / "tmp"); }
  record_directory writer() const { return {root / "a", root / "tmp", "owner"}; }

  version latest() const {
    auto reader = writer();
    version at;
    REQUIRE_FALSE(reader.open());
    REQUIRE_FALSE(reader.latest(at));
    return at;
  }
  std::optional<std::string> text() const {
    auto reader = writer();
    version at;
    std::optional<std::string> found;
    REQUIRE_FALSE(reader.open());
    REQUIRE_FALSE(reader.read(at, found));
    return found;
  }
  /// Writes one more version as a writer does that nobody disturbs.
  version write(const std::string& what) const {
    auto next = writer();
    version written;
    REQUIRE_FALSE(next.compare_and_swap(fs::exists(root / "a") ? latest() : version{}, what, written));
    return written;
  }
  std::string path_of(const std::string& file) const { return root / ("a/" + file); }
  bool holds(std::uint64_t number) const { return fs::exists(path_of(isat::detail::hex_text(number))); }

  temporary_directory root;
};

/// A writer that has made sure of `seen` and is stopped before it links its successor.
record_directory stopped_before_link(const place& at, version& seen) {
  auto writer = at.writer();
  REQUIRE_FALSE(writer.open());
  REQUIRE_FALSE(writer.latest(seen));
  return writer;
}

}  // namespace

TEST_CASE("a first write makes the directory, and every write leaves only the version that counts") {
  const place at;
  const version first = at.write("one");
  CHECK(first.incarnation != 0);
  CHECK(first.number == 1);
  CHECK(at.write("two") == version{first.incarnation, 2});
  CHECK(at.text() == "two");
  CHECK(at.latest() == version{first.incarnation, 2});
  CHECK_FALSE(at.holds(1));
  CHECK(fs::is_empty(at.root / "tmp"));
  struct ::stat status{};
  REQUIRE(::stat((at.path_of(isat::detail::hex_text(2))).c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("a write that expects another version is a conflict, whatever there is") {
  const place at;
  auto writer = at.writer();
  version written;
  CHECK(writer.compare_and_swap({7, 0}, "x", written) == error::version_conflict);
  CHECK(writer.compare_and_swap({0, 1}, "x", written) == error::version_conflict);
  CHECK_FALSE(fs::exists(at.root / "a"));
  const version first = at.write("one");
  CHECK(writer.compare_and_swap({}, "x", written) == error::version_conflict);
  CHECK(writer.compare_and_swap({first.incarnation, 0}, "x", written) == error::version_conflict);
  CHECK(writer.compare_and_swap({first.incarnation, 2}, "x", written) == error::version_conflict);
  CHECK(writer.compare_and_swap({first.incarnation + 1, 1}, "x", written) == error::version_conflict);
  CHECK(at.text() == "one");
  CHECK(fs::is_empty(at.root / "tmp"));
}

TEST_CASE("of two who make the directory at once both find one incarnation, and one write wins") {
  const place at;
  auto one = at.writer();
  auto two = at.writer();
  REQUIRE_FALSE(one.make());
  REQUIRE_FALSE(two.make());
  version first;
  version second;
  REQUIRE_FALSE(one.latest(first));
  REQUIRE_FALSE(two.latest(second));
  CHECK(first == second);
  CHECK(first.number == 0);
  REQUIRE_FALSE(one.link(1, "one"));
  CHECK(two.link(1, "two").value() == EEXIST);
  CHECK(at.text() == "one");
}

TEST_CASE("a writer that was stopped before its link and is overtaken by one write is in conflict") {
  const place at;
  at.write("one");
  version seen;
  auto stopped = stopped_before_link(at, seen);
  at.write("two");
  CHECK(stopped.link(seen.number + 1, "late").value() == EEXIST);
  CHECK(at.text() == "two");
}

TEST_CASE("a writer that was stopped before its link and is overtaken by several changes nothing and says unknown") {
  const place at;
  at.write("one");
  version seen;
  auto stopped = stopped_before_link(at, seen);
  at.write("two");
  const version third = at.write("three");
  REQUIRE_FALSE(stopped.link(seen.number + 1, "late"));  // the number has been deleted, so that it is free again
  CHECK(stopped.confirm({seen.incarnation, seen.number + 1}) == error::outcome_unknown);
  CHECK(at.latest() == third);
  CHECK(at.text() == "three");
  at.write("four");
  CHECK_FALSE(at.holds(2));
}

TEST_CASE("a writer that was stopped after its link and is overtaken says unknown, though its write counted") {
  const place at;
  const version first = at.write("one");
  version seen;
  auto stopped = stopped_before_link(at, seen);
  REQUIRE_FALSE(stopped.link(2, "two"));
  CHECK(at.latest() == version{first.incarnation, 2});
  CHECK(at.text() == "two");
  at.write("three");
  CHECK(stopped.confirm({first.incarnation, 2}) == error::outcome_unknown);
}

TEST_CASE("a writer that was stopped before it cleans deletes nothing that counts") {
  const place at;
  at.write("one");
  version seen;
  auto stopped = stopped_before_link(at, seen);
  REQUIRE_FALSE(stopped.link(2, "two"));
  REQUIRE_FALSE(stopped.confirm({seen.incarnation, 2}));
  const version third = at.write("three");
  stopped.clean(2);
  CHECK(at.latest() == third);
  CHECK(at.text() == "three");
}

TEST_CASE("what dead writers left is deleted by the next write") {
  const place at;
  at.write("one");
  version seen;
  REQUIRE_FALSE(stopped_before_link(at, seen).link(2, "two"));
  CHECK(at.holds(1));
  at.write("three");
  CHECK_FALSE(at.holds(1));
  CHECK_FALSE(at.holds(2));
  CHECK(at.holds(3));
}

TEST_CASE("a directory that goes, or is replaced, in the middle of a write never lets it succeed") {
  const place at;
  const version first = at.write("one");
  version seen;
  auto stopped = stopped_before_link(at, seen);
  SUBCASE("removed before the link") {
    fs::remove_all(at.root / "a");
    CHECK(stopped.link(2, "late").value() == ENOENT);
  }
  SUBCASE("removed after the link") {
    REQUIRE_FALSE(stopped.link(2, "late"));
    fs::remove_all(at.root / "a");
    CHECK(stopped.confirm({first.incarnation, 2}) == error::outcome_unknown);
  }
  SUBCASE("moved away") {
    fs::rename(at.root / "a", at.root / "b");
    REQUIRE_FALSE(stopped.link(2, "late"));
    CHECK(stopped.confirm({first.incarnation, 2}) == error::outcome_unknown);
  }
  SUBCASE("replaced by another one") {
    fs::rename(at.root / "a", at.root / "b");
    const version other = at.write("other");
    REQUIRE_FALSE(stopped.link(2, "late"));
    CHECK(stopped.confirm({first.incarnation, 2}) == error::outcome_unknown);
    CHECK(other.incarnation != first.incarnation);
    CHECK(at.text() == "other");
    CHECK(at.latest() == other);
  }
}

TEST_CASE("a record without a readable incarnation is missing, and gets a new one when it is written") {
  const place at;
  const version first = at.write("one");
  SUBCASE("removed") { fs::remove(at.root / "a/incarnation"); }
  SUBCASE("empty, as after a crash of the host") { write_file(at.root / "a/incarnation", ""); }
  SUBCASE("cut") { write_file(at.root / "a/incarnation", isat::detail::hex_text(first.incarnation)); }
  SUBCASE("zero") { write_file(at.root / "a/incarnation", isat::detail::hex_text(0) + '\n'); }
  CHECK(at.latest() == version{});
  CHECK_FALSE(at.text().has_value());
  auto writer = at.writer();
  version written;
  CHECK(writer.compare_and_swap(first, "x", written) == error::version_conflict);
  // What is found under the new incarnation must be seen before it can be replaced.
  CHECK(writer.compare_and_swap({}, "x", written) == error::version_conflict);
  const version again = at.latest();
  CHECK(again.incarnation != first.incarnation);
  CHECK(again.number == 1);
  CHECK(at.write("two") == version{again.incarnation, 2});
}

TEST_CASE("strange files in the directory count for nothing, strange versions are there but say nothing") {
  const place at;
  const version first = at.write("one");
  for (const char* name : {"2", "000000000000000A", "00000000000000002", "000000000000000g", "x"}) {
    write_file(at.path_of(name), "strange");
  }
  CHECK(at.latest() == first);
  CHECK(at.text() == "one");
  const std::string second = at.path_of(isat::detail::hex_text(2));
  SUBCASE("a directory") { fs::create_directory(second); }
  SUBCASE("a symbolic link") { fs::create_symlink("x", second); }
  SUBCASE("a fifo, without blocking") { REQUIRE(::mkfifo(second.c_str(), 0600) == 0); }
  SUBCASE("too long") { write_file(second, std::string(record_directory::size_max + 1, 'x')); }
  CHECK(at.latest() == version{first.incarnation, 2});
  CHECK_FALSE(at.text().has_value());
  CHECK(at.write("three") == version{first.incarnation, 3});
}

TEST_CASE("what cannot be written is an error, and leaves what is there") {
  const place at;
  const version first = at.write("one");
  auto writer = at.writer();
  version written;
  SUBCASE("a text that is too long") {
    const std::string text(record_directory::size_max + 1, 'x');
    CHECK(writer.compare_and_swap(first, text, written).value() == EFBIG);
    CHECK(at.text() == "one");
  }
  SUBCASE("a successor of the last number") {
    write_file(at.root / "a/ffffffffffffffff", "last");
    CHECK(writer.compare_and_swap(at.latest(), "x", written).value() == EOVERFLOW);
    CHECK(at.text() == "last");
  }
  SUBCASE("a file, where there is no place for files on their way") {
    fs::remove_all(at.root / "tmp");
    CHECK(writer.compare_and_swap(first, "x", written).value() == ENOENT);
    CHECK(at.text() == "one");
  }
}

TEST_CASE("a directory with many versions is read whole") {
  const place at;
  const version first = at.write("one");
  for (std::uint64_t number = 2; number <= 400; ++number) {
    write_file(at.path_of(isat::detail::hex_text(number)), std::to_string(number));
  }
  CHECK(at.latest() == version{first.incarnation, 400});
  CHECK(at.text() == "400");
  at.write("401");
  CHECK_FALSE(at.holds(400));
  CHECK_FALSE(at.holds(1));
}

TEST_CASE("of processes that create the same record again and again one wins each time") {
  constexpr std::size_t rounds = 40;
  struct scene {
    std::array<std::atomic<int>, rounds> ready{};
    std::array<std::atomic<int>, rounds> winners{};
    std::array<std::atomic<int>, rounds> failures{};
  };
  const temporary_directory root;
  fs::create_directory(root / "tmp");
  const shared_memory<scene> shared;
  const auto create = [&](child_process::door& door) {
    for (std::size_t round = 0; round < rounds; ++round) {
      record_directory writer{root / std::to_string(round), root / "tmp", "owner"};
      ++shared->ready[round];
      while (shared->ready[round] < 2) std::this_thread::yield();
      version written;
      const error_code error = writer.compare_and_swap({}, "x", written);
      if (!error) ++shared->winners[round];
      if (error && error != error::version_conflict) ++shared->failures[round];
    }
    door.report();
  };
  child_process one{create};
  child_process two{create};
  REQUIRE(one.reports(5s));
  REQUIRE(two.reports(5s));
  for (std::size_t round = 0; round < rounds; ++round) {
    CAPTURE(round);
    CHECK(shared->winners[round] == 1);
    CHECK(shared->failures[round] == 0);
  }
}

TEST_CASE("many processes that write one record: every success is one step, and no step has two writers") {
  constexpr std::uint64_t steps = 600;
  struct scene {
    std::array<std::atomic<int>, steps + 16> successes{};
    std::array<std::atomic<int>, steps + 16> unknowns{};
    std::atomic<int> backwards{0};
    std::atomic<int> failures{0};
  };
  const place at;
  at.write("one");
  const shared_memory<scene> shared;
  const auto contend = [&](child_process::door& door) {
    version seen;
    while (seen.number < steps) {
      auto writer = at.writer();
      version now;
      if (writer.open() || writer.latest(now)) ++shared->failures;
      if (now.number < seen.number) ++shared->backwards;
      seen = now;
      version written;
      const error_code error = writer.compare_and_swap(now, "x", written);
      if (!error) {
        if (written.number != now.number + 1 || written.incarnation != now.incarnation) ++shared->failures;
        ++shared->successes[written.number];
      } else if (error == error::outcome_unknown) {
        ++shared->unknowns[now.number + 1];
      } else if (error != error::version_conflict) {
        ++shared->failures;
      }
    }
    door.report();
  };
  std::vector<std::unique_ptr<child_process>> children;
  for (int i = 0; i < 4; ++i) children.push_back(std::make_unique<child_process>(contend));
  for (const auto& child : children) CHECK(child->reports(5s));
  CHECK(shared->backwards == 0);
  CHECK(shared->failures == 0);
  int successes = 0;
  int explained = 0;
  const std::uint64_t last = at.latest().number;
  for (std::uint64_t number = 2; number <= last; ++number) {
    CAPTURE(number);
    CHECK(shared->successes[number] <= 1);
    // A step that nobody knows of was made by one who had to say unknown.
    CHECK(shared->successes[number] + shared->unknowns[number] >= 1);
    successes += shared->successes[number];
    explained += shared->successes[number] == 0 ? 1 : 0;
  }
  CHECK(successes + explained == static_cast<int>(last) - 1);
  CHECK(successes > 0);
}
