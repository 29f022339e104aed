// SPDX-License-Identifier: BSL-1.0

#include "elector_run.hpp"
#include "fault_store.hpp"
#include "isat/election/lease_codec.hpp"
#include "isat/election/lease_elector.hpp"
#include "isat/election/lease_set.hpp"
#include "isat/election/memory_store.hpp"
#include "store_contract.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace std::chrono_literals;

namespace {

namespace asio = isat::asio;
namespace election = isat::election;
using isat::error_code;
using isat::group_id;
using isat::test::elector_run;
using isat::test::fault;
using isat::test::fault_store;
using isat::test::run_until;
using steady = std::chrono::steady_clock;

constexpr auto short_lease = election::lease_timing::derived_from(100ms);
constexpr auto long_lease = election::lease_timing::derived_from(3s);  // never waited for

struct world {
  /// A lease whose last holder is known to have ended: it can be taken at once.
  void make_orphan(const std::string& name, std::uint64_t term = 5) {
    const election::lease_claim claim{election::lease_mode::held, election::node_named("gone"), 7, 1, 0, term, 100ms};
    election::entry made{name, {}, election::to_record(claim, "gone"), false};
    REQUIRE(records->write(made));
    orphans[name] = made.at;
  }
  bool until(const std::function<bool()>& condition) { return run_until(context, condition); }
  std::optional<election::record> lease() const { return records->load("lease").value; }

  asio::io_context context;
  std::shared_ptr<election::memory_records> records = std::make_shared<election::memory_records>();
  std::map<std::string, election::version> orphans;
};

/// A candidate with its own handle on the records.
struct candidate {
  candidate(world& in, std::string name, const election::lease_timing& timing,
            std::vector<std::string> leases = {"lease"})
      : memory{in.context.get_executor(), in.records} {
    store.orphans = in.orphans;
    const auto hear = [this](const election::election_notice& notice) {
      notices.push_back(notice);
      if (on_notice) on_notice(notice);
    };
    elector.emplace(in.context.get_executor(), store,
                    election::lease_options{std::move(name), std::move(leases), timing, {}, hear});
  }
  void want(unsigned group = 0) { elector->set_candidate(group_id{group}, true); }
  void leave(unsigned group = 0) { elector->set_candidate(group_id{group}, false); }
  void start() { run.start(*elector); }

  int told(election::lease_change what) const {
    return static_cast<int>(std::count_if(notices.begin(), notices.end(), [&](const auto& each) {
      const auto* transition = std::get_if<election::lease_transition>(&each);
      return transition != nullptr && transition->event.what == what;
    }));
  }

  election::memory_store memory;
  fault_store store{memory};
  std::vector<election::election_notice> notices;
  std::function<void(const election::election_notice&)> on_notice;
  std::optional<election::lease_elector> elector;
  elector_run run;
};

/// A world with one candidate that leads.
struct reign : world {
  explicit reign(const election::lease_timing& timing = long_lease, std::vector<std::string> leases = {"lease"}) {
    make_orphan("lease");
    one.emplace(*this, "one", timing, std::move(leases));
    one->want();
    one->start();
    REQUIRE(until([&] { return one->run.leads(); }));
  }
  std::optional<candidate> one;
};

bool is_release(const election::entry& next) {
  return next.value && election::to_lease_claim(*next.value).mode == election::lease_mode::released;
}

}  // namespace

TEST_CASE("who finds no lease makes one, is silent for its duration, and then leads") {
  world in;
  candidate one{in, "one", short_lease};
  one.want();
  const auto began = steady::now();
  one.start();
  CHECK(one.run.table.size() == 0);  // never inline
  CHECK(in.until([&] { return one.told(election::lease_change::seized) == 1; }));
  CHECK(in.lease()->holder == "one");
  CHECK_FALSE(one.run.leads());
  CHECK(in.until([&] { return one.run.leads(); }));
  CHECK(steady::now() - began >= 100ms);
  CHECK(one.run.term(0) == 1);
  CHECK(one.told(election::lease_change::gained) == 1);
}

TEST_CASE("a lease whose holder has ended is led at once, by the next term, and renewed") {
  reign in{short_lease};
  CHECK(in.one->run.term(0) == 6);
  CHECK(in.lease()->term == 6);
  const auto first = in.one->run.table.find(group_id{0}).valid_until;
  const auto version = in.records->load("lease").at;
  CHECK(in.until([&] { return in.records->load("lease").at.number >= version.number + 3; }));
  CHECK(in.until([&] { return in.one->run.table.find(group_id{0}).valid_until != first; }));
}

TEST_CASE("when one of two candidates stops, the other leads at once, and never both") {
  reign in;
  candidate two{in, "two", long_lease};
  two.want();
  two.start();
  CHECK(in.until([&] { return two.told(election::lease_change::follows) == 1; }));
  CHECK(std::get<election::lease_transition>(two.notices.back()).node == "one");
  int both = 0;
  two.run.on_change = [&](std::uint32_t, std::uint64_t term) { both += term != 0 && in.one->run.leads(); };
  const auto began = steady::now();
  in.one->run.stop();
  CHECK(in.until([&] { return two.run.leads(); }));
  CHECK(steady::now() - began < 1s);  // of three that the lease would last
  CHECK(both == 0);
  CHECK(two.run.term(0) == 7);
  CHECK(in.until([&] { return in.one->run.result.has_value(); }));
}

TEST_CASE("a stop lowers before it releases, and releases before it ends") {
  reign in;
  int entries_at_release = -1;
  in.one->store.on_write = [&](const election::entry& next) {
    if (is_release(next)) entries_at_release = in.one->run.entries();
  };
  in.one->run.stop();
  CHECK(in.one->run.entries() == 0);
  CHECK(entries_at_release == 0);
  CHECK_FALSE(in.one->run.result);
  CHECK(in.until([&] { return in.one->run.result.has_value(); }));
  CHECK(in.one->run.result == error_code{asio::error::operation_aborted});
  CHECK(in.lease()->holder.empty());
  CHECK(in.one->told(election::lease_change::released) == 1);
  CHECK(in.one->elector->election() == nullptr);
}

TEST_CASE("a second run leads again, with a later term") {
  reign in{short_lease};
  in.one->run.stop();
  CHECK(in.until([&] { return in.one->run.result.has_value(); }));
  elector_run second;
  second.start(*in.one->elector);
  CHECK(in.until([&] { return second.leads(); }));
  CHECK(second.term(0) == 7);
  CHECK(in.one->run.entries() == 0);
}

TEST_CASE("what is unwanted while it leads is lowered and released at once") {
  reign in;
  candidate two{in, "two", long_lease};
  two.want();
  two.start();
  CHECK(in.until([&] { return two.told(election::lease_change::follows) == 1; }));
  in.one->leave();
  CHECK(in.one->run.entries() == 0);
  CHECK(in.until([&] { return two.run.leads(); }));
  CHECK(in.one->told(election::lease_change::lost) == 1);
}

TEST_CASE("a lease that is handed over goes to another candidate though this one is willing") {
  reign in;
  candidate two{in, "two", long_lease};
  two.want();
  two.start();
  CHECK(in.until([&] { return two.told(election::lease_change::follows) == 1; }));
  in.one->elector->hand_over(group_id{0});
  CHECK(in.one->run.entries() == 0);
  CHECK(in.until([&] { return two.run.leads(); }));
  CHECK_FALSE(in.one->run.leads());
}

TEST_CASE("groups without a lease are never led, and cost nothing") {
  reign in;
  in.one->want(1);
  in.one->want(4'000'000'000U);
  in.one->elector->hand_over(group_id{4'000'000'000U});
  in.one->leave(1);
  CHECK(in.one->elector->election()->size() == 1);
  CHECK(in.one->run.leads());
}

TEST_CASE("an observer may withdraw what was led before the lease of a later group came") {
  world in;
  in.make_orphan("lease-a");
  in.make_orphan("lease-b");
  candidate one{in, "one", short_lease, {"lease-a", "lease-b"}};
  one.want(0);
  one.start();
  CHECK(in.until([&] { return one.run.leads(0); }));
  int entry_at_release = -1;
  one.store.on_write = [&](const election::entry& next) {
    if (is_release(next)) entry_at_release = one.run.term(0) != 0;
  };
  one.run.on_change = [&](std::uint32_t group, std::uint64_t term) {
    if (group == 1 && term != 0) one.leave(0);
  };
  one.want(1);
  CHECK(in.until([&] { return one.run.leads(1) && one.told(election::lease_change::released) == 1; }));
  CHECK(entry_at_release == 0);
}

TEST_CASE("a write that was made though the store says otherwise is recognised") {
  world in;
  in.make_orphan("lease");
  candidate one{in, "one", long_lease};
  one.store.writes = fault::lie;
  one.want();
  one.start();
  CHECK(in.until([&] { return one.run.leads(); }));
  CHECK(one.run.term(0) == 6);
}

TEST_CASE("a store that is down ends the leadership in time and is told; when it answers, another term begins") {
  reign in{short_lease};
  in.one->store.set_all(fault::refuse);
  in.one->store.break_watch();
  CHECK(in.until([&] { return in.one->run.entries() == 0; }));
  CHECK(in.one->told(election::lease_change::lost) == 1);
  in.one->store.set_all(fault::none);
  CHECK(in.until([&] { return in.one->run.leads(); }));
  CHECK(in.one->run.term(0) > 6);
}

TEST_CASE("a release that a broken watch has missed is found by itself") {
  reign in;
  candidate two{in, "two", long_lease};
  two.want();
  two.start();
  CHECK(in.until([&] { return two.told(election::lease_change::follows) == 1; }));
  two.store.loads = fault::refuse;
  two.store.break_watch();
  in.one->run.stop();
  CHECK(in.until([&] { return in.one->run.result.has_value(); }));
  two.store.loads = fault::none;
  const auto began = steady::now();
  CHECK(in.until([&] { return two.run.leads(); }));
  CHECK(steady::now() - began < 1s);
}

TEST_CASE("a stop is not held up by a store that never answers") {
  reign in{short_lease};
  in.one->store.set_all(fault::swallow);
  const auto began = steady::now();
  in.one->run.stop();
  CHECK(in.until([&] { return in.one->run.result.has_value(); }));
  CHECK(steady::now() - began < 1s);  // after the lease's duration everybody may take it anyway
}

TEST_CASE("destroying it while it leads aborts the run, and the table may be gone") {
  world in;
  in.make_orphan("lease");
  election::memory_store memory{in.context.get_executor(), in.records};
  fault_store store{memory};
  store.orphans = in.orphans;
  auto elector = std::make_unique<election::lease_elector>(
      in.context.get_executor(), store, election::lease_options{"one", {"lease"}, short_lease, {}, {}});
  auto table = std::make_unique<election::leadership_table>();
  std::optional<error_code> result;
  elector->set_candidate(group_id{0}, true);
  elector->async_run(*table, [&](error_code error) { result = error; });
  CHECK(in.until([&] { return table->find(group_id{0}).term != 0; }));
  table.reset();
  elector.reset();
  in.context.restart();
  in.context.run_for(5s);
  CHECK(in.context.stopped());
  CHECK(result == error_code{asio::error::operation_aborted});
}

TEST_CASE("with a timing that is not sound, or that others would not wait for, a run ends at once") {
  election::lease_timing breathless = long_lease;
  breathless.renew_period = 3s;
  election::lease_timing hasty = long_lease;
  hasty.margin = -1s;
  const auto endless = election::lease_timing::derived_from(2h);
  for (const election::lease_timing& timing : {breathless, hasty, endless}) {
    world in;
    candidate one{in, "one", timing};
    one.want();
    one.start();
    CHECK(in.until([&] { return one.run.result.has_value(); }));
    CHECK(one.run.result == error_code{isat::error::unsound_timing});
    CHECK_FALSE(in.lease());
  }
  world in;
  election::memory_store store{in.context.get_executor(), in.records};
  election::lease_elector patient{in.context.get_executor(), store,
                                  election::lease_options{"one", {"lease"}, long_lease, 2h, {}}};
  elector_run run;
  run.start(patient);
  CHECK(in.until([&] { return run.result.has_value(); }));
  CHECK(run.result == error_code{isat::error::unsound_timing});
}

TEST_CASE("a cancellation waits for its releases no longer than its limit says") {
  world in;
  election::lease_options options{"two", {"other"}, long_lease, {}, {}};
  options.release_limit = 50ms;
  in.make_orphan("other");
  election::memory_store memory{in.context.get_executor(), in.records};
  fault_store store{memory};
  store.orphans = in.orphans;
  election::lease_elector two{in.context.get_executor(), store, std::move(options)};
  elector_run run;
  two.set_candidate(group_id{0}, true);
  run.start(two);
  REQUIRE(in.until([&] { return run.leads(); }));
  store.writes = fault::swallow;
  const auto began = steady::now();
  run.stop();
  CHECK(in.until([&] { return run.result.has_value(); }));
  CHECK(steady::now() - began >= 50ms);
  CHECK(steady::now() - began < 1900ms);
}
