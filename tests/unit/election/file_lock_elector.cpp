// SPDX-License-Identifier: BSL-1.0

// Real files, real locks, and real processes that are killed while they hold one.
#include "child_process.hpp"
#include "isat/election/file_lock_elector.hpp"
#include "temporary_directory.hpp"
#include "watch_events.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

namespace asio = isat::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using isat::error_code;
using isat::group_id;
using isat::election::file_lock_elector;
using isat::election::leadership;
using isat::election::leadership_observer;
using isat::election::leadership_table;
using isat::election::lock_change;
using isat::election::lock_file;
using isat::election::lock_notice;
using isat::election::lock_record;
using isat::test::child_process;
using isat::test::read_file;
using isat::test::shared_memory;
using isat::test::temporary_directory;
using isat::test::write_file;

constexpr group_id group{0};

/// Runs `context` until `condition` holds; false if it does not within five seconds.
template <class Condition>
bool run_until(asio::io_context& context, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (!condition()) {
    if (context.stopped()) context.restart();
    if (context.run_one_until(deadline) == 0 && !condition()) return false;
  }
  return true;
}

/// Runs what is ready now, and what becomes ready by it.
void settle(asio::io_context& context) {
  if (context.stopped()) context.restart();
  while (context.poll() > 0) {
  }
}

/// Runs until nothing has happened for longer than an elector ever waits before it tries again.
void run_until_quiet(asio::io_context& context) {
  if (context.stopped()) context.restart();
  while (context.run_one_for(600ms) > 0) {
  }
}

/// An elector with all that it needs to run.
struct node {
  node(asio::io_context& io, std::string directory, std::string name = "node-a")
      : context{io},
        elector{io.get_executor(),
                {std::move(directory), std::move(name), [this](const lock_notice& told) { notices.push_back(told); }}} {
  }

  void start(group_id wanted = group) {
    elector.set_candidate(wanted, true);
    elector.async_run(table, asio::bind_cancellation_slot(stop.slot(), [this](error_code error) { result = error; }));
  }
  bool cancel() {
    stop.emit(asio::cancellation_type::terminal);
    return run_until(context, [this] { return result.has_value(); });
  }
  std::uint64_t term(group_id of = group) const { return table.find(of).term; }
  bool leads(group_id of = group) const { return term(of) != 0; }
  bool comes_to_lead(group_id of = group) {
    return run_until(context, [&] { return leads(of); });
  }
  bool ends() {
    return run_until(context, [this] { return result.has_value(); });
  }
  std::vector<lock_change> changes() const {
    std::vector<lock_change> list;
    list.reserve(notices.size());
    for (const auto& notice : notices) list.push_back(notice.what);
    return list;
  }

  asio::io_context& context;
  std::vector<lock_notice> notices;
  leadership_table table;
  asio::cancellation_signal stop;
  std::optional<error_code> result;
  file_lock_elector elector;
};

/// True if nobody holds the lock on the file, asked as a stranger would.
bool is_free(const std::string& path) {
  lock_file file{path};
  error_code error;
  return !file.open() && file.try_lock(error);
}

/// What contending processes see alike: who of them leads, and what should never have happened.
struct arena {
  std::atomic<int> leader{0};
  std::atomic<int> condemned{0};  // this process is killed without a chance to sign off
  std::atomic<int> two_at_once{0};
  std::atomic<int> terms_not_risen{0};
  std::atomic<int> acquisitions{0};
  std::atomic<int> died_leading{0};
  std::atomic<std::uint64_t> term{0};
};

/// Signs its process on and off in the arena.
struct judge final : leadership_observer {
  explicit judge(arena& a) : scene{a} {}
  void on_leadership(group_id, const leadership&, const leadership& after) override {
    const int self = ::getpid();
    int found = after.term != 0 ? 0 : self;
    const int next = after.term != 0 ? self : 0;
    if (!scene.leader.compare_exchange_strong(found, next)) {
      const bool dead = found != 0 && found == scene.condemned;
      if (dead && scene.leader.compare_exchange_strong(found, next)) {
        ++scene.died_leading;
      } else {
        ++scene.two_at_once;
      }
    }
    if (after.term == 0) return;
    if (scene.term.exchange(after.term) >= after.term) ++scene.terms_not_risen;
    ++scene.acquisitions;
  }
  arena& scene;
};

}  // namespace

TEST_CASE("alone it makes the directory, leads, and says so in the lock file") {
  const temporary_directory directory;
  asio::io_context context;
  node one{context, directory / "run"};
  one.start();
  CHECK_FALSE(fs::exists(directory / "run"));
  REQUIRE(one.comes_to_lead());
  CHECK(one.table.find(group) == leadership::until_revoked(1));
  CHECK(one.changes() == std::vector{lock_change::acquired});
  const std::string path = directory / "run/group-0.lock";
  CHECK(one.elector.path_of(group) == path);
  CHECK(read_file(path) == "term 1\nnode node-a\npid " + std::to_string(::getpid()) + "\n");
  CHECK(one.elector.holder(group) == lock_record{1, "node-a", ::getpid()});
  CHECK_FALSE(is_free(path));
  struct ::stat status{};
  REQUIRE(::stat((directory / "run").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777 & ~0755U) == 0);
}

TEST_CASE("it does nothing for groups that nobody wants") {
  const temporary_directory directory;
  asio::io_context context;
  node one{context, directory / "run"};
  one.elector.set_candidate(group, false);
  one.start(group_id{7});
  REQUIRE(one.comes_to_lead(group_id{7}));
  CHECK_FALSE(one.leads(group));
  CHECK_FALSE(fs::exists(one.elector.path_of(group)));
  CHECK_FALSE(one.elector.holder(group).has_value());
}

TEST_CASE("of two on one executor one leads, and the other as soon as the first is cancelled") {
  const temporary_directory directory;
  asio::io_context context;
  node one{context, directory / "run"};
  node two{context, directory / "run", "node-b"};
  one.start();
  two.start();
  REQUIRE(one.comes_to_lead());
  REQUIRE(run_until(context, [&] { return fs::exists(two.elector.path_of(group)); }));
  CHECK_FALSE(two.leads());
  REQUIRE(one.cancel());
  CHECK(*one.result == asio::error::operation_aborted);
  CHECK_FALSE(one.leads());
  CHECK(one.changes() == std::vector{lock_change::acquired, lock_change::released});
  REQUIRE(two.comes_to_lead());
  CHECK(two.term() == 2);
  CHECK(two.elector.holder(group)->node == "node-b");
}

TEST_CASE("a released lock file keeps the term and names nobody") {
  const temporary_directory directory;
  asio::io_context context;
  node one{context, directory / "run"};
  one.start();
  REQUIRE(one.comes_to_lead());
  REQUIRE(one.cancel());
  CHECK(read_file(one.elector.path_of(group)) == "term 1\n");
  CHECK_FALSE(one.elector.holder(group).has_value());
  CHECK(is_free(one.elector.path_of(group)));
}

TEST_CASE("all observers hear that it ends before anybody else can have the lock") {
  struct witness final : leadership_observer {
    std::string path;
    int lowered = 0;
    bool was_free = false;
    void on_leadership(group_id, const leadership&, const leadership& after) override {
      if (after != leadership{}) return;
      ++lowered;
      was_free = was_free || is_free(path);
    }
  };
  const temporary_directory directory;
  asio::io_context context;
  node one{context, directory / "run"};
  witness observer;
  observer.path = one.elector.path_of(group);
  one.table.subscribe(observer);
  one.start();
  REQUIRE(one.comes_to_lead());
  SUBCASE("cancelled") { REQUIRE(one.cancel()); }
  SUBCASE("not willing any more") { one.elector.set_candidate(group, false); }
  CHECK(observer.lowered == 1);
  CHECK_FALSE(observer.was_free);
  CHECK(is_free(observer.path));
}

TEST_CASE("a holder that is killed is followed at once, time and again, with rising terms") {
  const temporary_directory directory;
  for (std::uint64_t round = 1; round <= 20; ++round) {
    child_process holder{[&](child_process::door& door) {
      asio::io_context context;
      node child{context, directory / "run", "doomed"};
      child.start();
      if (child.comes_to_lead()) door.report();
      run_until(context, [] { return false; });
    }};
    REQUIRE(holder.reports(5s));
    asio::io_context context;
    node follower{context, directory / "run"};
    follower.start();
    context.poll();
    CHECK_FALSE(follower.leads());
    CHECK(follower.elector.holder(group) == lock_record{2 * round - 1, "doomed", holder.pid()});
    holder.kill();
    REQUIRE(follower.comes_to_lead());
    CHECK(follower.term() == 2 * round);
    REQUIRE(follower.cancel());
  }
}

TEST_CASE("a follower falls quiet, and is woken by the holder's death alone") {
  const temporary_directory directory;
  child_process holder{[&](child_process::door& door) {
    asio::io_context context;
    node child{context, directory / "run"};
    child.start();
    if (child.comes_to_lead()) door.report();
    run_until(context, [] { return false; });
  }};
  REQUIRE(holder.reports(5s));
  asio::io_context context;
  node follower{context, directory / "run"};
  follower.start();
  run_until_quiet(context);
  CHECK_FALSE(follower.leads());
  CHECK_FALSE(follower.result);
  holder.kill();
  CHECK(follower.comes_to_lead());
}

TEST_CASE("a lock that is dropped a little after the event of the close is got by the repeated tries") {
  const temporary_directory directory;
  asio::io_context context;
  const std::string path = directory / "group-0.lock";
  const isat::detail::file_descriptor holder{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  REQUIRE(::flock(holder.get(), LOCK_EX | LOCK_NB) == 0);
  node follower{context, directory.path().string()};
  follower.start();
  run_until_quiet(context);
  write_file(path, "");  // closed by another: the event comes, but the lock stays
  settle(context);
  CHECK_FALSE(follower.leads());
  REQUIRE(::flock(holder.get(), LOCK_UN) == 0);  // makes no event
  CHECK(follower.comes_to_lead());
}

TEST_CASE("many contenders that release, stop and are killed: never two lead at once, and terms rise") {
  const temporary_directory directory;
  const shared_memory<arena> scene;
  const auto contend = [&](child_process::door&) {
    asio::io_context context;
    judge observer{*scene};
    node child{context, directory / "run"};
    child.table.subscribe(observer);
    child.start();
    while (child.comes_to_lead()) {
      context.run_for(1ms);  // leads for a while
      child.elector.set_candidate(group, false);
      child.elector.set_candidate(group, true);
      context.poll();
    }
  };
  std::vector<std::unique_ptr<child_process>> children;
  children.reserve(5);
  for (int i = 0; i < 5; ++i) children.push_back(std::make_unique<child_process>(contend));

  // Bounded by time, so that a contention that comes to a halt fails and does not hang.
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  int kills = 0;
  while ((scene->acquisitions < 150 || scene->died_leading < 5) && std::chrono::steady_clock::now() < deadline) {
    const int victim = scene->leader;
    for (auto& child : children) {
      if (child->pid() != victim || scene->acquisitions < 5 * kills) continue;
      ++kills;
      scene->condemned = victim;
      child->kill();
      child = std::make_unique<child_process>(contend);
    }
    std::this_thread::sleep_for(100us);  // sleep: leaves the processor to the contenders
  }
  CHECK(scene->acquisitions >= 150);
  CHECK(scene->died_leading >= 5);
  CHECK(scene->two_at_once == 0);
  CHECK(scene->terms_not_risen == 0);
}

TEST_CASE("a lock file that loses its name ends the leadership with its reason, and it leads anew with the next term") {
  const temporary_directory directory;
  asio::io_context context;
  node one{context, directory / "run"};
  one.start();
  REQUIRE(one.comes_to_lead());
  const std::string path = one.elector.path_of(group);
  auto reason = lock_change::file_replaced;
  SUBCASE("removed") { fs::remove(path); }
  SUBCASE("moved away") { fs::rename(path, directory / "run/old"); }
  SUBCASE("replaced by another") {
    write_file(directory / "run/new", "term 0\n");
    fs::rename(directory / "run/new", path);
  }
  SUBCASE("removed with its directory") { fs::remove_all(directory / "run"); }
  SUBCASE("removed with its directory, which was made again") {
    fs::remove_all(directory / "run");
    fs::create_directory(directory / "run");
  }
  SUBCASE("moved with its directory") {
    fs::rename(directory / "run", directory / "gone");
    reason = lock_change::directory_lost;
  }
  REQUIRE(run_until(context, [&] { return one.term() == 2; }));
  CHECK(one.changes() == std::vector{lock_change::acquired, reason, lock_change::acquired});
  CHECK(one.notices[1].term == 1);
  CHECK(read_file(path) == "term 2\nnode node-a\npid " + std::to_string(::getpid()) + "\n");
  CHECK_FALSE(is_free(path));
  // It watches the new one: the next loss is heard, too.
  fs::remove(path);
  CHECK(run_until(context, [&] { return one.term() == 3; }));
}

TEST_CASE("after the directory or the file was replaced the contenders agree on one leader again") {
  const temporary_directory directory;
  asio::io_context context;
  node one{context, directory / "run"};
  node two{context, directory / "run", "node-b"};
  one.start();
  REQUIRE(one.comes_to_lead());
  two.start();
  context.poll();
  for (int round = 0; round < 10; ++round) {
    CAPTURE(round);
    const auto seen = one.notices.size() + two.notices.size();
    if (round % 3 == 0) fs::remove(one.elector.path_of(group));
    if (round % 3 == 1) fs::remove_all(directory / "run");
    if (round % 3 == 2) fs::rename(directory / "run", directory / ("old" + std::to_string(round)));
    REQUIRE(run_until(context, [&] { return one.notices.size() + two.notices.size() > seen + 1; }));
    context.poll();
    CHECK(one.leads() != two.leads());
    CHECK_FALSE(is_free(one.elector.path_of(group)));
  }
  node& leader = one.leads() ? one : two;
  node& follower = one.leads() ? two : one;
  const auto before = leader.term();
  REQUIRE(leader.cancel());
  REQUIRE(follower.comes_to_lead());
  CHECK(follower.term() > before);
}

TEST_CASE("a directory that was moved with its parent, of which nobody tells, is noticed before it leads") {
  const temporary_directory directory;
  asio::io_context context;
  const std::string path = directory / "parent/run/group-0.lock";
  fs::create_directories(directory / "parent/run");
  std::optional<lock_file> holder{path};
  error_code error;
  REQUIRE_FALSE(holder->open());
  REQUIRE(holder->try_lock(error));
  node one{context, directory / "parent/run"};
  one.start();
  settle(context);
  fs::rename(directory / "parent", directory / "old");
  SUBCASE("and another parent has come") { fs::create_directory(directory / "parent"); }
  SUBCASE("and another directory has come") { fs::create_directories(directory / "parent/run"); }
  holder.reset();
  REQUIRE(one.comes_to_lead());
  CHECK_FALSE(is_free(path));
  CHECK(is_free(directory / "old/run/group-0.lock"));
  // Its watch went along.
  fs::remove(path);
  CHECK(run_until(context, [&] { return one.term() == 2; }));
}

TEST_CASE("a lost directory that cannot be made again ends the run, lowered, and names the path") {
  const temporary_directory directory;
  asio::io_context context;
  fs::create_directory(directory / "parent");
  node one{context, directory / "parent/run"};
  one.start();
  REQUIRE(one.comes_to_lead());
  fs::remove_all(directory / "parent");
  REQUIRE(one.ends());
  CHECK(one.result->value() == ENOENT);
  CHECK_FALSE(one.leads());
  CHECK(one.elector.failure().path == directory / "parent/run");
  CHECK(one.elector.failure().action == "make the directory");
}

TEST_CASE("events that were lost are made up for by trying") {
  const temporary_directory directory;
  const int events_max = isat::test::watch_events_max();
  REQUIRE(events_max > 0);
  asio::io_context context;
  fs::create_directory(directory / "run");
  std::optional<lock_file> holder{directory / "run/group-0.lock"};
  error_code error;
  REQUIRE_FALSE(holder->open());
  REQUIRE(holder->try_lock(error));
  node one{context, directory / "run"};
  one.start();
  context.poll();
  CHECK_FALSE(one.leads());
  isat::test::make_watch_events(directory / "run/a", directory / "run/b", events_max + 10);
  SUBCASE("of a release") { holder.reset(); }
  SUBCASE("of a file that was replaced") { fs::remove(holder->path()); }
  SUBCASE("of a directory that was replaced") {
    fs::rename(directory / "run", directory / "old");
    fs::create_directory(directory / "run");
  }
  REQUIRE(one.comes_to_lead());
  // And its watch is the right one.
  fs::remove(one.elector.path_of(group));
  CHECK(run_until(context, [&] { return one.term() == 2; }));
}

TEST_CASE("leading and following make no events that wake others") {
  const temporary_directory directory;
  asio::io_context context;
  node one{context, directory / "run"};
  node two{context, directory / "run", "node-b"};
  REQUIRE_FALSE(one.elector.open());
  isat::election::directory_watch stranger{context.get_executor()};
  REQUIRE_FALSE(stranger.open(directory / "run"));
  one.start();
  REQUIRE(one.comes_to_lead());
  two.start();
  settle(context);
  CHECK(two.elector.holder(group)->node == "node-a");
  CHECK(stranger.take().empty());
  // One release is one event, and so is nothing that follows from it.
  REQUIRE(one.cancel());
  REQUIRE(two.comes_to_lead());
  CHECK(stranger.take().size() == 1);
}

TEST_CASE("the term goes on from what the file says, and garbage counts as 0") {
  struct row {
    const char* name;
    std::string contents;
    std::uint64_t term;
  };
  for (const auto& [name, contents, term] :
       {row{"released", "term 41\n", 42}, row{"killed holder", "term 41\nnode b\npid 1\n", 42}, row{"empty", "", 1},
        row{"garbage", "\xff\x01\nterm 5", 1}, row{"huge", std::string(100'000, 'x'), 1},
        row{"no successor", "term 18446744073709551615\n", 1}}) {
    CAPTURE(name);
    const temporary_directory directory;
    asio::io_context context;
    write_file(directory / "group-0.lock", contents);
    node one{context, directory.path().string()};
    one.start();
    REQUIRE(one.comes_to_lead());
    CHECK(one.term() == term);
    CHECK(read_file(one.elector.path_of(group)) == lock_record{term, "node-a", ::getpid()}.to_text());
  }
}

TEST_CASE("a follower remembers the term of a file that vanishes") {
  const temporary_directory directory;
  asio::io_context context;
  write_file(directory / "group-0.lock", "term 41\n");
  node one{context, directory.path().string()};
  node two{context, directory.path().string(), "node-b"};
  one.start();
  REQUIRE(one.comes_to_lead());
  two.start();
  context.poll();
  one.elector.set_candidate(group, false);
  fs::remove(two.elector.path_of(group));
  REQUIRE(two.comes_to_lead());
  CHECK(two.term() > 42);
}

TEST_CASE("a term that cannot be stored is led, and told") {
  const temporary_directory directory;
  asio::io_context context;
  node one{context, directory.path().string()};
  ::rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const ::rlimit none{0, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
  one.start();
  const bool leads = one.comes_to_lead();
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(leads);
  CHECK(one.changes() == std::vector{lock_change::acquired, lock_change::term_not_stored});
  CHECK(one.notices.back().error.value() == EFBIG);
}

TEST_CASE("what can never work at the start ends the run with the error, and the failure names the path") {
  const temporary_directory directory;
  asio::io_context context;
  std::string path = directory / "run";
  std::string failing = path;
  int number = 0;
  SUBCASE("the directory is a file") {
    write_file(path, "");
    number = ENOTDIR;
  }
  SUBCASE("its parent is missing") {
    path = failing = directory / "missing/run";
    number = ENOENT;
  }
  SUBCASE("the path is empty") {
    path = failing = "";
    number = ENOENT;
  }
  SUBCASE("the lock file is a symbolic link") {
    fs::create_directory(path);
    failing = path + "/group-0.lock";
    fs::create_symlink("elsewhere", failing);
    number = ELOOP;
  }
  SUBCASE("the lock file is a directory") {
    failing = path + "/group-0.lock";
    fs::create_directories(failing);
    number = EISDIR;
  }
  node one{context, path};
  one.start();
  REQUIRE(one.ends());
  CHECK(one.result->value() == number);
  CHECK_FALSE(one.leads());
  CHECK(one.elector.failure().path == failing);
  CHECK(one.elector.failure().message().find(failing) != std::string::npos);
}

TEST_CASE("an unwritable directory is refused with its name") {
  const temporary_directory directory;
  fs::create_directory(directory / "run");
  fs::permissions(directory.path(), fs::perms{0755});
  fs::permissions(directory / "run", fs::perms{0555});
  child_process stranger{[&](child_process::door& door) {
    // Root without its capabilities is refused like everybody, but root with them is not.
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return;
    asio::io_context context;
    node one{context, directory / "run"};
    one.start();
    if (!one.ends() || one.result->value() != EACCES) return;
    const auto& failure = one.elector.failure();
    if (failure.action == "open" && failure.path == directory / "run/group-0.lock") door.report();
  }};
  CHECK(stranger.reports(5s));
}

TEST_CASE("open() finds out early, and the run goes on from there") {
  const temporary_directory directory;
  asio::io_context context;
  node good{context, directory / "run"};
  CHECK_FALSE(good.elector.open());
  CHECK(fs::is_directory(directory / "run"));
  CHECK_FALSE(good.elector.open());
  good.start();
  CHECK(good.comes_to_lead());
  node bad{context, directory / "missing/run"};
  CHECK(bad.elector.open().value() == ENOENT);
  CHECK(bad.elector.failure().path == directory / "missing/run");
}

TEST_CASE("cancelled after any number of steps it ends lowered, closed and with operation_aborted") {
  for (int role = 0; role < 2; ++role) {
    bool more = true;
    for (int steps = 0; more && steps < 12; ++steps) {
      CAPTURE(role);
      CAPTURE(steps);
      const temporary_directory directory;
      asio::io_context context;
      lock_file rival{directory / "group-0.lock"};
      error_code error;
      if (role == 1) {
        REQUIRE_FALSE(rival.open());
        REQUIRE(rival.try_lock(error));
      }
      node one{context, directory.path().string()};
      one.start();
      for (int step = 0; more && step < steps; ++step) more = context.run_one_for(20ms) > 0;
      one.stop.emit(asio::cancellation_type::terminal);
      CHECK_FALSE(one.leads());
      one.stop.emit(asio::cancellation_type::terminal);
      REQUIRE(one.ends());
      CHECK(*one.result == asio::error::operation_aborted);
      CHECK(is_free(one.elector.path_of(group)) == (role == 0));
      context.restart();
      CHECK(run_until(context, [&] { return context.stopped(); }));  // nothing is left at work
    }
  }
}

TEST_CASE("every type of cancellation ends it") {
  for (const auto type :
       {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
    const temporary_directory directory;
    asio::io_context context;
    node one{context, directory.path().string()};
    one.start();
    REQUIRE(one.comes_to_lead());
    one.stop.emit(type);
    REQUIRE(one.ends());
    CHECK(*one.result == asio::error::operation_aborted);
    CHECK_FALSE(one.leads());
  }
}

TEST_CASE("it can run again, with the next term") {
  const temporary_directory directory;
  asio::io_context context;
  node one{context, directory.path().string()};
  for (std::uint64_t run = 1; run <= 3; ++run) {
    one.start();
    REQUIRE(one.comes_to_lead());
    CHECK(one.term() == run);
    REQUIRE(one.cancel());
    one.result.reset();
    one.elector.set_candidate(group, true);  // remembered
  }
}

TEST_CASE("each group is led by whoever wants it") {
  const temporary_directory directory;
  asio::io_context context;
  node one{context, directory / "run"};
  node two{context, directory / "run", "node-b"};
  one.start(group_id{0});
  two.start(group_id{1});
  REQUIRE(one.comes_to_lead(group_id{0}));
  REQUIRE(two.comes_to_lead(group_id{1}));
  one.elector.set_candidate(group_id{1}, true);
  two.elector.set_candidate(group_id{0}, true);
  settle(context);
  CHECK_FALSE(one.leads(group_id{1}));
  CHECK_FALSE(two.leads(group_id{0}));
  one.elector.set_candidate(group_id{0}, false);
  CHECK_FALSE(one.leads(group_id{0}));
  REQUIRE(two.comes_to_lead(group_id{0}));
  CHECK(two.leads(group_id{1}));
  REQUIRE(two.cancel());
  REQUIRE(one.comes_to_lead(group_id{1}));
  CHECK_FALSE(one.leads(group_id{0}));
}

TEST_CASE("a candidacy that is withdrawn and renewed at once is one release and one acquisition") {
  const temporary_directory directory;
  asio::io_context context;
  node one{context, directory.path().string()};
  one.start();
  REQUIRE(one.comes_to_lead());
  one.elector.set_candidate(group, false);
  CHECK_FALSE(one.leads());
  one.elector.set_candidate(group, true);
  REQUIRE(one.comes_to_lead());
  CHECK(one.term() == 2);
  CHECK(one.changes() == std::vector{lock_change::acquired, lock_change::released, lock_change::acquired});
  one.elector.set_candidate(group, true);
  context.poll();
  CHECK(one.term() == 2);
}

TEST_CASE("an observer may change candidacies while it hears of the end") {
  struct objector final : leadership_observer {
    file_lock_elector* elector = nullptr;
    void on_leadership(group_id changed, const leadership&, const leadership& after) override {
      if (after.term != 0) return;
      elector->set_candidate(changed, false);
      elector->set_candidate(changed, true);
      elector->set_candidate(group_id{3}, true);
    }
  };
  const temporary_directory directory;
  asio::io_context context;
  node one{context, directory.path().string()};
  objector observer;
  observer.elector = &one.elector;
  one.table.subscribe(observer);
  one.start();
  REQUIRE(one.comes_to_lead());
  one.elector.set_candidate(group, false);
  REQUIRE(one.comes_to_lead());
  REQUIRE(one.comes_to_lead(group_id{3}));
  CHECK(one.term() == 2);
  REQUIRE(one.cancel());
  CHECK_FALSE(one.leads());
  CHECK_FALSE(one.leads(group_id{3}));
  CHECK(is_free(one.elector.path_of(group)));
}

TEST_CASE("strange files in the directory disturb nobody") {
  const temporary_directory directory;
  asio::io_context context;
  node one{context, directory.path().string()};
  one.start();
  REQUIRE(one.comes_to_lead());
  for (const char* name : {"group-", "group-0", "group-0.lock~", "group-00.lock", "group-x.lock",
                           "group-4294967296.lock", "group-99999999999999999999.lock", "x"}) {
    write_file(directory / name, "");
    fs::remove(directory / name);
  }
  settle(context);
  CHECK(one.changes() == std::vector{lock_change::acquired});
}

TEST_CASE("destroying it while it runs aborts the run, drops the lock and leaves the table alone") {
  const temporary_directory directory;
  asio::io_context context;
  const std::string path = directory / "group-0.lock";
  auto elector = std::make_unique<file_lock_elector>(
      context.get_executor(), isat::election::file_lock_options{directory.path().string(), "node-a", nullptr});
  auto table = std::make_unique<leadership_table>();
  std::optional<error_code> result;
  elector->set_candidate(group, true);
  elector->async_run(*table, [&](error_code error) { result = error; });
  REQUIRE(run_until(context, [&] { return table->find(group).term == 1; }));
  table.reset();
  elector.reset();
  CHECK(is_free(path));
  REQUIRE(run_until(context, [&] { return result.has_value(); }));
  CHECK(*result == asio::error::operation_aborted);
}
