// SPDX-License-Identifier: BSL-1.0

// Real files, and real processes that are killed or stopped while they hold a record.
#include "child_process.hpp"
#include "isat/detail/random_number.hpp"
#include "isat/election/file_store.hpp"
#include "skip.hpp"
#include "store_contract.hpp"
#include "temporary_directory.hpp"
#include "watch_events.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

namespace asio = isat::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using isat::error_code;
using isat::election::entry;
using isat::election::file_store;
using isat::election::file_store_options;
using isat::election::lease_store;
using isat::election::record_text;
using isat::election::version;
using isat::test::child_process;
using isat::test::run_until;
using isat::test::sample_record;
using isat::test::shared_memory;
using isat::test::store_user;
using isat::test::temporary_directory;
using isat::test::write_file;
using isat::test::write_sample;

struct file_world final : isat::test::store_world {
  temporary_directory directory;
  std::string root = directory / "run";

  std::unique_ptr<lease_store> make_store(asio::io_context& context) override {
    return std::make_unique<file_store>(context.get_executor(), file_store_options{root});
  }
  std::size_t count(const std::string& folder) const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator{root + '/' + folder}, {}));
  }
};

/// Does all that is ready.
void settle(asio::io_context& context) {
  if (context.stopped()) context.restart();
  while (context.poll() > 0) {
  }
}

/// `was`, written by a process that has ended.
entry orphan_of(entry was) {
  was.orphaned = true;
  return was;
}

/// A process that writes records and stays.
class writer_process {
 public:
  writer_process(file_world& world, std::vector<std::string> names)
      : child_{[&](child_process::door& door) {
          asio::io_context context;
          const auto store = world.make_store(context);
          for (const auto& name : names) {
            store->async_cas({name, {}, sample_record("child"), false}, [&](error_code error, const entry&) {
              if (!error) door.report();
            });
          }
          context.run();
          for (;;) ::pause();
        }} {
    for (std::size_t i = 0; i < names.size(); ++i) REQUIRE(child_.reports(5s));
  }
  void stop() {
    ::kill(child_.pid(), SIGSTOP);
    int status = 0;
    REQUIRE(::waitpid(child_.pid(), &status, WUNTRACED) == child_.pid());
  }
  void kill() { child_.kill(); }

 private:
  child_process child_;
};

}  // namespace

TEST_CASE("a store of files keeps the contract of lease stores") {
  isat::test::check_store_contract([] { return std::make_unique<file_world>(); });
}

TEST_CASE("opening makes the directory, and a record is a file that only its user can read") {
  file_world world;
  asio::io_context context;
  file_store store{context.get_executor(), {world.root}};
  CHECK_FALSE(fs::exists(world.root));
  REQUIRE_FALSE(store.open());
  CHECK(store.failure().message().empty());
  struct ::stat status{};
  REQUIRE(::stat(world.root.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777 & ~0755U) == 0);
  store_user user{context, world.make_store(context)};
  write_sample(user, "a", "1");
  REQUIRE(::stat((world.root + "/a/" + isat::detail::hex_text(1)).c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("a directory that cannot be made or written is an error with a sentence that helps") {
  file_world world;
  asio::io_context context;
  SUBCASE("no parent") {
    file_store store{context.get_executor(), {world.root + "/deeper"}};
    CHECK(store.open().value() == ENOENT);
    CHECK(store.failure().message().find("only the last directory") != std::string::npos);
    isat::test::one_outcome loaded;
    store.async_load("a", loaded.handler());
    CHECK(run_until(context, [&] { return loaded.done; }));
    CHECK(loaded.error.value() == ENOENT);
  }
  SUBCASE("a file has its name") {
    write_file(world.root, "");
    file_store store{context.get_executor(), {world.root}};
    CHECK(store.open().value() == ENOTDIR);
    CHECK(store.failure().message().find("must be a directory") != std::string::npos);
  }
  SUBCASE("another user's directory") {
    fs::create_directory(world.root);
    ::chmod(world.root.c_str(), 0555);
    child_process stranger{[&](child_process::door& door) {
      if (::geteuid() == 0 && ::setuid(65534) != 0) return;
      ::chmod(world.directory.path().c_str(), 0755);
      file_store store{context.get_executor(), {world.root}};
      const bool refused = store.open().value() == EACCES;
      if (refused && store.failure().message().find("writable for the user") != std::string::npos) door.report();
    }};
    ::chmod(world.directory.path().c_str(), 0755);
    CHECK(stranger.reports(5s));
  }
}

TEST_CASE("names that are too long are refused, and strange things in the directory disturb nobody") {
  file_world world;
  asio::io_context context;
  store_user user{context, world.make_store(context)};
  CHECK(user.cas({std::string(256, 'x'), {}, sample_record("1"), false}).error.value() == ENAMETOOLONG);
  CHECK(user.load(std::string(256, 'x')).error.value() == ENAMETOOLONG);
  write_file(world.root + "/file", "");
  fs::create_symlink("a", world.root + "/link");
  fs::create_directory(world.root + "/%61");
  fs::create_directory(world.root + "/empty");
  const entry first = write_sample(user, "a", "1");
  CHECK(user.list("").result == std::vector{first});
  CHECK(user.load("file").result == entry{"file", {}, {}, false});
  CHECK(user.load("empty").result == entry{"empty", {}, {}, false});
}

TEST_CASE("a record that cannot be read has no value, but a version that a write must name") {
  file_world world;
  asio::io_context context;
  store_user user{context, world.make_store(context)};
  const entry first = write_sample(user, "a", "1");
  write_file(world.root + "/a/" + isat::detail::hex_text(2), "");
  const entry found = user.load("a").result;
  CHECK_FALSE(found.value.has_value());
  CHECK(found.at == version{first.at.incarnation, 2});
  CHECK(write_sample(user, "a", "3").at == version{first.at.incarnation, 3});
}

TEST_CASE("the records of a process that is killed are told as orphaned at once, and are so for who reads later") {
  for (int round = 0; round < 3; ++round) {
    file_world world;
    asio::io_context context;
    store_user user{context, world.make_store(context)};
    user.watch("");
    writer_process holder{world, {"a", "b"}};
    const entry a = user.load("a").result;
    const entry b = user.load("b").result;
    CHECK(user.hears_of("", a));
    CHECK(user.hears_of("", b));
    CHECK_FALSE(a.orphaned);
    const entry own = write_sample(user, "own", "1");
    CHECK(user.hears_of("", own));
    const auto killed = std::chrono::steady_clock::now();
    user.watch("");
    holder.kill();
    CHECK(user.hears_of("", orphan_of(a)));
    CHECK(std::chrono::steady_clock::now() - killed < 1s);
    CHECK(user.hears_of("", orphan_of(b)));
    CHECK(user.load("a").result == orphan_of(a));
    CHECK(user.list("").result == std::vector{orphan_of(a), orphan_of(b), own});
    const entry next = write_sample(user, "a", "2");
    CHECK(user.load("a").result == next);
  }
}

TEST_CASE("a process that is stopped keeps its records, and hinders nobody") {
  file_world world;
  asio::io_context context;
  store_user user{context, world.make_store(context)};
  writer_process holder{world, {"a"}};
  holder.stop();
  const entry a = user.load("a").result;
  CHECK(a.value.has_value());
  CHECK_FALSE(a.orphaned);
  user.watch("");
  settle(context);
  CHECK(user.waiting());
  const entry next = write_sample(user, "a", "2");
  CHECK(user.hears_of("", next));
  holder.kill();
  CHECK(user.load("a").result == next);
}

TEST_CASE("a store that signs off leaves its records as they are") {
  file_world world;
  asio::io_context context;
  store_user user{context, world.make_store(context)};
  store_user other{context, world.make_store(context)};
  const entry a = write_sample(other, "a", "1");
  user.watch("");
  settle(context);
  CHECK(world.count(".alive") == 2);
  other.destroy();
  settle(context);
  CHECK(user.waiting());
  CHECK(user.changed.empty());
  CHECK(user.load("a").result == a);
  CHECK(world.count(".alive") == 1);
}

TEST_CASE("a lock that is dropped a little after the event of the close is got by the repeated tries") {
  file_world world;
  asio::io_context context;
  store_user user{context, world.make_store(context)};
  write_sample(user, "b", "1");
  const std::string path = world.root + "/.alive/other";
  isat::detail::file_descriptor lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  REQUIRE(::flock(lock.get(), LOCK_EX | LOCK_NB) == 0);
  struct ::stat status{};
  REQUIRE(::fstat(lock.get(), &status) == 0);
  fs::create_directory(world.root + "/a");
  write_file(world.root + "/a/incarnation", isat::detail::hex_text(7) + '\n');
  write_file(world.root + "/a/" + isat::detail::hex_text(1),
             record_text::write({sample_record("1"), {"other", status.st_ino}}));
  const entry a = user.load("a").result;
  CHECK(a == entry{"a", {7, 1}, sample_record("1"), false});
  user.watch("");
  ::close(::open(path.c_str(), O_WRONLY | O_CLOEXEC));  // the event comes, but the lock stays
  settle(context);
  CHECK(user.waiting());
  REQUIRE(::flock(lock.get(), LOCK_UN) == 0);  // makes no event
  CHECK(user.hears_of("", orphan_of(a)));
  CHECK(user.changed.size() == 1);
}

TEST_CASE("when the tries have come to nothing, nothing goes on") {
  file_world world;
  asio::io_context context;
  store_user user{context, world.make_store(context)};
  store_user other{context, world.make_store(context)};
  write_sample(other, "a", "1");
  user.watch("");
  const auto file = fs::directory_iterator{world.root + "/.alive"} -> path();
  ::close(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  settle(context);
  user.cancel();  // ends the wait and the tries: nothing is left for the context to do
  if (context.stopped()) context.restart();
  context.run_for(5s);
  CHECK(context.stopped());
  CHECK(user.last_error == asio::error::operation_aborted);
}

TEST_CASE("a directory that is removed is told as an error, is made again, and the watch goes on") {
  file_world world;
  asio::io_context context;
  store_user user{context, world.make_store(context)};
  store_user other{context, world.make_store(context)};
  const entry first = write_sample(user, "a", "1");
  user.watch("");
  settle(context);
  SUBCASE("all of it") { fs::remove_all(world.root); }
  SUBCASE("moved away") { fs::rename(world.root, world.root + "-moved"); }
  SUBCASE("the record's own") { fs::remove_all(world.root + "/a"); }
  SUBCASE("the record's own, replaced by another one") {
    fs::rename(world.root + "/a", world.directory / "moved");
    fs::create_directory(world.root + "/a");
  }
  SUBCASE("that of the liveness files") { fs::remove_all(world.root + "/.alive"); }
  SUBCASE("by moving its parent, which nobody tells: the next operation finds out") {
    fs::rename(world.directory.path(), world.directory.path().string() + "-moved");
    fs::create_directory(world.directory.path());
    CHECK_FALSE(user.load("a").error);
    fs::remove_all(world.directory.path().string() + "-moved");
  }
  // Removing makes hints, too: what counts is that one of the waits ends with an error.
  REQUIRE(run_until(context, [&] {
    if (!user.last_error) user.watch("");
    return user.last_error != error_code{};
  }));
  CHECK(user.last_error != asio::error::operation_aborted);
  user.watch("");
  other.watch("");
  CHECK_FALSE(user.load("a").error);
  const entry second = write_sample(other, "a", "2");
  CHECK(second.at != first.at);
  CHECK(user.hears_of("", second));
  CHECK(other.hears_of("", second));
  CHECK(user.cas(first).error == isat::error::version_conflict);
}

TEST_CASE("the death of a process is seen also after its liveness file was removed and made again") {
  file_world world;
  asio::io_context context;
  store_user user{context, world.make_store(context)};
  write_sample(user, "b", "1");
  child_process holder{[&](child_process::door& door) {
    asio::io_context own;
    store_user writer{own, world.make_store(own)};
    write_sample(writer, "a", "1");
    fs::remove_all(world.root + "/.alive");
    write_sample(writer, "a", "2");
    door.report();
    for (;;) ::pause();
  }};
  REQUIRE(holder.reports(5s));
  user.watch("");
  const entry a = user.load("a").result;
  CHECK_FALSE(a.orphaned);
  holder.kill();
  CHECK(user.hears_of("", orphan_of(a)));
}

TEST_CASE("what the dead left is swept by the next who opens, but for what a record still names") {
  file_world world;
  asio::io_context context;
  {
    writer_process holder{world, {"a", "b"}};
    const std::string file = fs::directory_iterator{world.root + "/.alive"} -> path().filename();
    write_file(world.root + "/.tmp/" + file + "-0123456789abcdef", "half a rec");
    write_file(world.root + "/.tmp/gone-0123456789abcdef", "half a rec");
  }
  store_user user{context, world.make_store(context)};
  const entry a = user.load("a").result;
  CHECK(a.orphaned);
  CHECK(world.count(".tmp") == 0);
  CHECK(world.count(".alive") == 2);
  write_sample(user, "a", "2");
  CHECK(user.load("b").result.orphaned);
  write_sample(user, "b", "2");
  store_user later{context, world.make_store(context)};
  CHECK_FALSE(later.load("b").result.orphaned);
  CHECK(world.count(".alive") == 2);  // those of the two that live
}

TEST_CASE("files on their way of a living store are left alone by those who open") {
  file_world world;
  asio::io_context context;
  store_user user{context, world.make_store(context)};
  write_sample(user, "a", "1");
  const std::string file = fs::directory_iterator{world.root + "/.alive"} -> path().filename();
  write_file(world.root + "/.tmp/" + file + "-0123456789abcdef", "half a rec");
  store_user later{context, world.make_store(context)};
  CHECK_FALSE(later.load("a").result.orphaned);
  CHECK(world.count(".tmp") == 1);
}

TEST_CASE("writers that are stopped anywhere and go on later: the others go on, and no step has two writers") {
  constexpr std::size_t steps_max = 100'000;
  struct scene {
    std::array<std::atomic<std::uint8_t>, steps_max> successes{};
    std::atomic<int> failures{0};
    std::atomic<std::uint64_t> highest{0};
  };
  file_world world;
  const shared_memory<scene> shared;
  const auto contend = [&](child_process::door& door) {
    asio::io_context context;
    const auto store = world.make_store(context);
    entry next{"a", {}, sample_record("x"), false};
    std::function<void(error_code, entry)> written;
    const auto write_next = [&](error_code error, const entry& found) {
      if (error || found.at.number < next.at.number) ++shared->failures;
      next.at = found.at;
      store->async_cas(next, written);
    };
    written = [&](error_code error, const entry& now) {
      if (!error) {
        if (now.at.number != next.at.number + 1 || now.at.number >= steps_max) ++shared->failures;
        ++shared->successes[now.at.number % steps_max];
        shared->highest = now.at.number;
      } else if (error != isat::error::version_conflict && error != isat::error::outcome_unknown) {
        ++shared->failures;
      }
      store->async_load("a", write_next);
    };
    door.report();
    store->async_load("a", write_next);
    context.run();
  };
  child_process one{contend};
  child_process two{contend};
  REQUIRE(one.reports(5s));
  REQUIRE(two.reports(5s));
  for (int round = 0; round < 30; ++round) {
    const ::pid_t stopped = round % 2 == 0 ? one.pid() : two.pid();
    ::kill(stopped, SIGSTOP);
    int status = 0;
    REQUIRE(::waitpid(stopped, &status, WUNTRACED) == stopped);
    const std::uint64_t before = shared->highest;
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (shared->highest < before + 3 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    REQUIRE(shared->highest >= before + 3);
    ::kill(stopped, SIGCONT);
  }
  one.kill();
  two.kill();
  CHECK(shared->failures == 0);
  CHECK(shared->highest < steps_max);
  for (std::size_t step = 0; step < steps_max; ++step) {
    if (shared->successes[step] > 1) FAIL_CHECK("step ", step, " has two writers");
  }
}

TEST_CASE("changes that the kernel could not keep are an error, and the watch goes on") {
  const int events = isat::test::watch_events_max();
  if (events == 0 || events > 20'000) return isat::test::skip("the kernel keeps too many inotify events for this test");
  file_world world;
  asio::io_context context;
  store_user user{context, world.make_store(context)};
  user.watch("");
  settle(context);
  isat::test::make_watch_events(world.root + "/.alive/x", world.root + "/.alive/y", events + 1);
  CHECK(run_until(context, [&] { return !user.waiting(); }));
  CHECK(user.last_error.value() == ENOBUFS);
  store_user other{context, world.make_store(context)};
  user.watch("");
  CHECK(user.hears_of("", write_sample(other, "a", "1")));
}
