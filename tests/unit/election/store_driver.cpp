// SPDX-License-Identifier: BSL-1.0

#include "fault_store.hpp"
#include "isat/election/elector.hpp"
#include "isat/election/memory_store.hpp"
#include "isat/election/store_driver.hpp"
#include "store_contract.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <deque>
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
using isat::lease_time;
using isat::test::fault;
using isat::test::fault_store;
using isat::test::run_until;
using steady = std::chrono::steady_clock;
using words = std::vector<std::string>;

/// What an election under the test's hand says and has heard.
struct script {
  words heard;
  std::vector<election::leadership> led;
  std::deque<election::group_event> events;
  std::deque<election::group_request> requests;
  std::vector<election::lease_response> responses;
  std::optional<election::layout_claim> adopted;
  bool name_is_taken = false;
  bool layout_is_foreign = false;
  std::deque<election::layout_request> layout_requests;
  std::deque<election::presence_request> presence_requests;
  std::deque<group_id> ceased;
  std::chrono::nanoseconds wake = 1h;
  bool stopped = true;
  std::function<void()> on_candidate;  ///< what follows from a change of candidacy
  std::function<void()> on_stop;

  int count(const std::string& word) const { return static_cast<int>(std::count(heard.begin(), heard.end(), word)); }
};

template <class Taken>
std::optional<Taken> take(std::deque<Taken>& from) {
  if (from.empty()) return std::nullopt;
  Taken first = from.front();
  from.pop_front();
  return first;
}

struct scripted_leases {
  script* at;

  void tick(const lease_time&) { at->heard.emplace_back("tick"); }
  void set_candidate(const lease_time&, group_id group, bool willing) {
    at->heard.push_back((willing ? "wants " : "leaves ") + std::to_string(static_cast<unsigned>(group)));
    if (at->on_candidate) at->on_candidate();
  }
  void on_listed(const lease_time&) { at->heard.emplace_back("listed"); }
  void on_watch_lost(const lease_time&) { at->heard.emplace_back("watch lost"); }
  void on_lease(const lease_time&, group_id group, const election::lease_sight& sight) {
    at->heard.push_back("lease " + std::to_string(static_cast<unsigned>(group)) + (sight.exists ? "" : " gone"));
  }
  void on_lease_response(const lease_time&, group_id, const election::lease_response& told) {
    at->heard.emplace_back("response");
    at->responses.push_back(told);
  }
  void stop(const lease_time&) {
    at->heard.emplace_back("stop");
    at->led.assign(at->led.size(), {});
    if (at->on_stop) at->on_stop();
  }
  std::size_t size() const { return at->led.size(); }
  election::leadership leads(group_id group) const { return at->led[static_cast<std::size_t>(group)]; }
  auto take_lease_request() { return take(at->requests); }
  auto take_event() { return take(at->events); }
  std::chrono::nanoseconds wake_in(const lease_time&) const { return std::exchange(at->wake, 1h); }
  bool stopped() const { return at->stopped; }
};

struct scripted_layout : scripted_leases {
  void on_layout(const lease_time&, const election::layout_sight&) { at->heard.emplace_back("layout"); }
  void on_presence(const lease_time&, election::node_id node, const election::presence_sight& sight) {
    at->heard.emplace_back(node == election::node_named("x") ? "presence of x" : "presence");
    CHECK((!sight.exists || sight.claim.node == node));
  }
  void on_layout_response(const lease_time&, const election::layout_response&) {
    at->heard.emplace_back("layout response");
  }
  void on_presence_response(const lease_time&, const election::presence_response&) {
    at->heard.emplace_back("presence response");
  }
  const auto& adopted() const { return at->adopted; }
  bool name_is_taken() const { return at->name_is_taken; }
  bool layout_is_foreign() const { return at->layout_is_foreign; }
  auto take_layout_request() { return take(at->layout_requests); }
  auto take_presence_request() { return take(at->presence_requests); }
};

/// A driver of such an election, over a faulty store in memory.
template <class Election>
struct bench final : election::leadership_observer {
  explicit bench(election::record_names names = election::record_names{std::string{"e"}},
                 std::chrono::nanoseconds release_limit = 5s, election::group_names* groups = nullptr) {
    const auto hear = [this](const election::election_notice& notice) {
      notices.push_back(notice);
      if (on_notice) on_notice(notice);
    };
    const auto follow = [this](const election::layout& next) {
      followed.push_back(next);
      if (on_layout) on_layout(next);
    };
    driver.emplace(context.get_executor(), store,
                   election::driver_options{"me", std::move(names), {}, hear, release_limit, follow, groups});
    table.subscribe(*this);
  }
  void start() {
    const auto done = [this](error_code error) { result = error; };
    driver->run({&said}, table, asio::bind_cancellation_slot(stop.slot(), done));
  }
  /// Starts it, and waits until it has listed.
  void start_and_list() {
    start();
    REQUIRE(run_until(context, [&] { return said.count("listed") == 1; }));
  }
  /// Gives the driver a chance to do what the script says.
  void nudge() {
    driver->feed([](const auto&, const lease_time&) {});
  }
  void cancel() { stop.emit(asio::cancellation_type::terminal); }
  bool until(const std::function<bool()>& condition) { return run_until(context, condition); }
  template <class Notice>
  int told() const {
    return static_cast<int>(std::count_if(notices.begin(), notices.end(),
                                          [](const auto& each) { return std::holds_alternative<Notice>(each); }));
  }
  void on_leadership(group_id group, const election::leadership&, const election::leadership& after) override {
    if (on_change) on_change(static_cast<unsigned>(group), after.term);
  }

  asio::io_context context;
  std::shared_ptr<election::memory_records> records = std::make_shared<election::memory_records>();
  election::memory_store memory{context.get_executor(), records};
  fault_store store{memory};
  script said;
  std::vector<election::layout> followed;
  std::function<void(const election::layout&)> on_layout;
  std::vector<election::election_notice> notices;
  std::function<void(const election::election_notice&)> on_notice;
  std::function<void(unsigned, std::uint64_t)> on_change;
  election::leadership_table table;
  asio::cancellation_signal stop;
  std::optional<error_code> result;
  std::optional<election::store_driver<Election>> driver;
};

/// An election that gives up groups.
struct scripted_groups : scripted_layout {
  auto take_ceased() { return take(at->ceased); }
};

using lease_bench = bench<scripted_leases>;
using layout_bench = bench<scripted_layout>;

election::leadership term(std::uint64_t number) { return election::leadership::until_revoked(number); }

election::group_request write_of(unsigned group, std::uint64_t id, election::lease_mode mode) {
  const election::lease_claim claim{mode, election::node_named("me"), 7, id, 0, 1, 100ms};
  return {group_id{group}, {election::lease_operation::cas, id, {}, claim, false}};
}

election::group_request load_of(unsigned group, std::uint64_t id) {
  return {group_id{group}, {election::lease_operation::load, id, {}, {}, false}};
}

// Of a store that can tell that it has not written, and will not.
class refusing_category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "refusing"; }
  std::string message(int /*value*/) const override { return "refused"; }
  bool equivalent(int /*value*/, const boost::system::error_condition& asked) const noexcept override {
    return asked == make_error_condition(isat::condition::write_refused);
  }
};

const refusing_category refusing;

const election::group_event gained{group_id{0}, {election::lease_change::gained, {}, 1, {}}};

}  // namespace

TEST_CASE("after every input the table comes first, then notices, then requests") {
  lease_bench at;
  at.start_and_list();
  words order;
  at.on_change = [&](unsigned, std::uint64_t) { order.emplace_back("table"); };
  at.on_notice = [&](const auto&) { order.emplace_back("notice"); };
  at.store.on_write = [&](const auto&) { order.emplace_back("request"); };
  at.said.led = {term(1)};
  at.said.events = {gained};
  at.said.requests = {write_of(0, 2, election::lease_mode::held)};
  at.nudge();
  CHECK(order == words{"table", "notice", "request"});
}

TEST_CASE("candidacies from before the run and from within it reach the election") {
  lease_bench at;
  at.driver->set_candidate(group_id{3}, true);
  CHECK(at.said.heard.empty());
  at.start_and_list();
  CHECK(at.said.heard.front() == "wants 3");
  at.driver->set_candidate(group_id{3}, false);
  CHECK(at.said.heard.back() == "leaves 3");
}

TEST_CASE("what an observer does while the table is written follows at once, and a release waits for the table") {
  lease_bench at;
  at.start_and_list();
  at.said.led = {term(1), {}};
  at.nudge();
  at.said.on_candidate = [&] {
    at.said.led[0] = {};
    at.said.requests = {write_of(0, 2, election::lease_mode::released)};
  };
  int entry_at_release = -1;
  at.store.on_write = [&](const auto&) { entry_at_release = at.table.find(group_id{0}).term != 0; };
  // The later group's change is heard when the earlier one's entry has been written already.
  at.on_change = [&](unsigned group, std::uint64_t) {
    if (group == 1) at.driver->set_candidate(group_id{0}, false);
  };
  at.said.led[1] = term(1);
  at.nudge();
  CHECK(entry_at_release == 0);
  CHECK(at.table.find(group_id{1}) == term(1));
}

TEST_CASE("what a notice handler does follows at once, and a release waits for the table") {
  lease_bench at;
  at.start_and_list();
  at.said.on_candidate = [&] {
    at.said.led[0] = {};
    at.said.requests = {write_of(0, 2, election::lease_mode::released)};
  };
  int entry_at_release = -1;
  bool lowered_at_second = false;
  at.store.on_write = [&](const auto&) { entry_at_release = at.table.find(group_id{0}).term != 0; };
  at.on_notice = [&](const auto&) {
    if (at.notices.size() == 1) at.driver->set_candidate(group_id{0}, false);
    if (at.notices.size() == 2) lowered_at_second = at.table.find(group_id{0}).term == 0;
  };
  at.said.led = {term(1)};
  at.said.events = {gained, gained};
  at.nudge();
  CHECK(at.notices.size() == 2);
  CHECK(lowered_at_second);
  CHECK(entry_at_release == 0);
}

TEST_CASE("a cancellation lowers and lets go of the table at once, and completes when the election has stopped") {
  for (const auto type :
       {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
    lease_bench at;
    at.start_and_list();
    at.said.led = {term(1), term(1)};
    at.nudge();
    at.said.stopped = false;
    at.store.writes = fault::hold;
    at.said.on_stop = [&] { at.said.requests = {write_of(0, 2, election::lease_mode::released)}; };
    int entries_at_release = -1;
    at.store.on_write = [&](const auto&) {
      entries_at_release = 0;
      for (const unsigned group : {0U, 1U}) entries_at_release += at.table.find(group_id{group}).term != 0;
    };
    at.stop.emit(type);
    CHECK(entries_at_release == 0);
    CHECK(at.table.find(group_id{1}) == election::leadership{});
    at.said.led = {term(2), term(2)};             // not even an election that goes on reaches it
    at.driver->set_candidate(group_id{0}, true);  // only remembered
    at.context.poll();
    CHECK_FALSE(at.result);
    CHECK(at.table.find(group_id{0}) == election::leadership{});
    CHECK(at.said.count("wants 0") == 0);
    at.said.stopped = true;
    at.store.let_go();
    CHECK(at.until([&] { return at.result.has_value(); }));
    CHECK(at.result == error_code{asio::error::operation_aborted});
    CHECK(at.said.responses.size() == 1);
    CHECK(at.table.find(group_id{1}) == election::leadership{});
  }
}

TEST_CASE("a run that has ended leaves nothing to do for the context, and can be made again at once") {
  lease_bench at;
  for (int round = 1; round <= 2; ++round) {
    at.start();
    REQUIRE(at.until([&] { return at.said.count("listed") == round; }));
    CHECK(at.driver->election() != nullptr);
    at.cancel();
    CHECK_FALSE(at.result);  // never inline
    at.context.restart();
    at.context.run_for(5s);
    CHECK(at.context.stopped());
    CHECK(at.result == error_code{asio::error::operation_aborted});
    CHECK(at.driver->election() == nullptr);
    at.result.reset();
  }
  CHECK(at.store.watch_count == 2);
}

TEST_CASE("a run from within the handler of the last one watches again") {
  lease_bench at;
  const auto again = [&](error_code) { at.start(); };
  at.driver->run({&at.said}, at.table, asio::bind_cancellation_slot(at.stop.slot(), again));
  REQUIRE(at.until([&] { return at.said.count("listed") == 1; }));
  at.cancel();
  CHECK(at.until([&] { return at.said.count("listed") == 2; }));
  CHECK(at.store.is_watching());
}

TEST_CASE("a cancellation before it began asks nothing of the store and leaves the table untouched") {
  lease_bench at;
  at.start();
  at.cancel();
  at.context.run();
  CHECK(at.result == error_code{asio::error::operation_aborted});
  CHECK(at.store.list_count == 0);
  CHECK(at.said.heard.empty());
}

TEST_CASE("an observer may cancel the run while the table is written") {
  lease_bench at;
  at.start_and_list();
  at.on_change = [&](unsigned, std::uint64_t now) {
    if (now != 0) at.cancel();
  };
  at.said.led = {term(1), term(1)};
  at.nudge();
  CHECK(at.table.find(group_id{0}) == election::leadership{});
  CHECK(at.table.find(group_id{1}) == election::leadership{});
  CHECK(at.until([&] { return at.result.has_value(); }));
}

TEST_CASE("an observer that hears of the end cannot make a release come before another group's lowering") {
  lease_bench at;
  at.start_and_list();
  at.said.led = {term(1), term(1)};
  at.nudge();
  int entries = 0;
  at.store.on_write = [&](const auto&) { entries += at.table.find(group_id{1}).term != 0; };
  at.said.on_stop = [&] { at.said.requests = {write_of(1, 2, election::lease_mode::released)}; };
  at.on_change = [&](unsigned group, std::uint64_t) {
    if (group == 0) at.nudge();
  };
  at.cancel();
  CHECK(at.store.write_count == 1);
  CHECK(entries == 0);
}

TEST_CASE("a notice handler may cancel the run, whatever the notice") {
  lease_bench at;
  const auto cancel_at = [&](fault_store& store, fault fault_store::* what) {
    store.*what = fault::refuse;
    at.on_notice = [&](const auto&) { at.cancel(); };
  };
  SUBCASE("of a list that failed") { cancel_at(at.store, &fault_store::lists); }
  SUBCASE("of a watch that failed") { cancel_at(at.store, &fault_store::watches); }
  SUBCASE("of a request that failed") {
    at.start_and_list();
    cancel_at(at.store, &fault_store::loads);
    at.said.requests = {load_of(0, 3)};
    at.nudge();
  }
  if (at.said.heard.empty()) at.start();
  CHECK(at.until([&] { return at.result.has_value(); }));
  CHECK(at.told<election::store_failed>() == 1);
}

TEST_CASE("destroying it while it runs aborts the run, leaves the table alone and ends the watch") {
  lease_bench at;
  at.start_and_list();
  at.store.loads = fault::hold;
  at.said.requests = {load_of(0, 3)};
  at.nudge();
  at.context.poll();
  at.said.led = {term(1)};
  at.nudge();
  at.driver.reset();
  at.store.let_go();
  CHECK(at.table.find(group_id{0}) == term(1));
  CHECK(at.until([&] { return at.result.has_value(); }));
  CHECK(at.result == error_code{asio::error::operation_aborted});
  CHECK_FALSE(at.store.is_watching());
  CHECK(at.said.responses.empty());
}

TEST_CASE("a stop waits for its releases, and no longer than its limit however often it is asked for") {
  lease_bench at{election::record_names{std::string{"e"}}, 60ms};
  at.start_and_list();
  at.store.set_all(fault::swallow);
  at.said.stopped = false;
  at.said.on_stop = [&] { at.said.requests = {write_of(0, 2, election::lease_mode::released)}; };
  const auto began = steady::now();
  at.cancel();
  while (!at.result && steady::now() < began + 1s) {
    at.cancel();
    at.context.run_one_for(10ms);
  }
  REQUIRE(at.result);
  CHECK(steady::now() - began >= 60ms);
  CHECK(steady::now() - began < 500ms);
  CHECK(at.said.count("stop") == 1);
}

TEST_CASE("a stop ends as soon as the election says that it has stopped") {
  lease_bench at;
  at.start_and_list();
  at.said.stopped = false;
  at.said.on_stop = [&] { at.said.requests = {write_of(0, 2, election::lease_mode::released)}; };
  const auto began = steady::now();
  at.store.on_write = [&](const auto&) { at.said.stopped = true; };
  at.cancel();
  CHECK(at.until([&] { return at.result.has_value(); }));
  CHECK(steady::now() - began < 2s);
}

TEST_CASE("it wakes the election when that asks for it, and sooner if a later answer is sooner") {
  lease_bench at;
  at.start_and_list();
  const auto began = steady::now();
  at.said.wake = 10s;
  at.nudge();
  at.said.wake = 20ms;
  at.nudge();
  CHECK(at.until([&] { return at.said.count("tick") == 1; }));
  CHECK(steady::now() - began >= 20ms);
  CHECK(steady::now() - began < 5s);
  at.said.wake = -1s;  // overdue
  at.nudge();
  CHECK(at.until([&] { return at.said.count("tick") == 2; }));
}

TEST_CASE("of a write only its new version is told, of a read what was found, of a failure nothing") {
  lease_bench at;
  at.start_and_list();
  const auto respond = [&](const election::group_request& request) {
    at.said.responses.clear();
    at.said.requests = {request};
    at.nudge();
    REQUIRE(at.until([&] { return at.said.responses.size() == 1; }));
    CHECK(at.said.responses[0].id == request.request.id);
    return at.said.responses[0];
  };
  const auto written = respond(write_of(4, 2, election::lease_mode::held));
  CHECK(written.outcome == election::lease_outcome::done);
  CHECK(written.sight.at == at.records->load("e-group-4").at);
  CHECK_FALSE(written.sight.exists);

  const auto loaded = respond(load_of(4, 3));
  CHECK(loaded.outcome == election::lease_outcome::done);
  CHECK(loaded.sight.exists);
  CHECK(loaded.sight.at == written.sight.at);
  CHECK(loaded.sight.claim == write_of(4, 2, election::lease_mode::held).request.claim);

  const auto conflict = respond(write_of(4, 4, election::lease_mode::released));
  CHECK(conflict.outcome == election::lease_outcome::conflict);
  CHECK_FALSE(conflict.sight.exists);
  CHECK(at.notices.empty());

  at.store.writes = fault::lie;
  at.store.reason = isat::error::outcome_unknown;
  CHECK(respond(write_of(6, 8, election::lease_mode::held)).outcome == election::lease_outcome::unknown);
  CHECK(at.notices.empty());  // the store did answer

  at.store.reason = asio::error::host_unreachable;
  CHECK(respond(write_of(5, 6, election::lease_mode::held)).outcome == election::lease_outcome::unknown);
  CHECK(at.records->load("e-group-5").value);
  at.store.loads = fault::refuse;
  CHECK(respond(load_of(4, 7)).outcome == election::lease_outcome::unknown);
}

TEST_CASE("a write that the store has certainly not made is refused, and not of unknown outcome") {
  lease_bench at;
  at.start_and_list();
  at.store.writes = fault::refuse;
  at.store.reason = error_code{403, refusing};
  at.said.requests = {write_of(4, 2, election::lease_mode::held)};
  at.nudge();
  REQUIRE(at.until([&] { return at.said.responses.size() == 1; }));
  CHECK(at.said.responses[0].outcome == election::lease_outcome::refused);
  CHECK(at.told<election::store_failed>() == 1);
}

TEST_CASE("the heir that a note names by name is named so in the release, as far as it was seen") {
  for (const bool seen : {true, false}) {
    CAPTURE(seen);
    lease_bench at;
    at.start_and_list();
    election::entry lease{"e-group-4", {}, election::record{}, false};
    lease.value->holder = "me";
    if (seen) lease.value->notes[election::heir_note] = "node-b";
    REQUIRE(at.records->write(lease));
    REQUIRE(at.until([&] { return at.said.count("lease 4") == 1; }));
    auto release = write_of(4, 2, election::lease_mode::released);
    release.request.expected = at.records->load("e-group-4").at;
    release.request.claim.heir = election::node_named("node-b");
    at.said.requests = {release};
    at.nudge();
    REQUIRE(at.until([&] { return at.said.responses.size() == 1; }));
    CHECK(at.said.responses[0].outcome == election::lease_outcome::done);
    const election::entry written = at.records->load("e-group-4");
    const auto note = written.value->notes.find(election::heir_note);
    CHECK((note != written.value->notes.end()) == seen);
    if (seen) CHECK(note->second == "node-b");
  }
}

TEST_CASE("what changes is told, removals too, and what is not of this election is not") {
  lease_bench at;
  at.start_and_list();
  election::entry lease{"e-group-2", {}, election::record{}, false};
  election::entry foreign{"e-else", {}, election::record{}, false};
  REQUIRE(at.records->write(foreign));
  REQUIRE(at.records->write(lease));
  CHECK(at.until([&] { return at.said.count("lease 2") == 1; }));
  lease.value.reset();
  REQUIRE(at.records->write(lease));
  CHECK(at.until([&] { return at.said.count("lease 2 gone") == 1; }));
  CHECK(at.said.heard.size() == 3);
}

TEST_CASE("layouts are told before the leases, which are judged by them") {
  layout_bench at;
  for (const char* name : {"e-group-0", "e-layout", "e-node-x", "e-group-1"}) {
    election::entry made{name, {}, election::record{}, false};
    made.value->holder = "x";
    REQUIRE(at.records->write(made));
  }
  at.start_and_list();
  CHECK(at.said.heard == words{"layout", "presence of x", "lease 0", "lease 1", "listed"});
}

TEST_CASE("a record that another holds than it is named after is nobody's presence: it may be of another election") {
  layout_bench at;
  for (const auto& [name, holder] : std::vector<std::pair<std::string, std::string>>{
           {"e-node-x-layout", ""}, {"e-node-x-group-0", "z"}, {"e-node-x", "x"}}) {
    election::entry made{name, {}, election::record{}, false};
    made.value->holder = holder;
    REQUIRE(at.records->write(made));
  }
  at.start_and_list();
  CHECK(at.said.count("presence of x") == 1);
  CHECK(at.said.count("presence") == 0);
}

TEST_CASE("layouts, presences and removals are written under their names") {
  layout_bench at;
  at.start_and_list();
  at.said.layout_requests = {{election::lease_operation::cas, 1, {}, {election::layout_phase::opening, {}, 9}, false}};
  at.said.presence_requests = {{election::lease_operation::cas, 1, {}, {election::node_named("me"), 5, 1, {}}, false}};
  at.nudge();
  CHECK(at.until([&] { return at.said.count("layout response") + at.said.count("presence response") == 2; }));
  const auto written = at.records->load("e-node-me");
  CHECK(written.value == election::to_record(election::presence_claim{election::node_named("me"), 5, 1, {}}, "me"));
  CHECK(at.records->load("e-layout").value.has_value());
  at.said.presence_requests = {{election::lease_operation::remove, 2, written.at, {}, false}};
  at.nudge();
  CHECK_FALSE(at.records->load("e-node-me").value.has_value());
}

TEST_CASE("a layout is told when it changes, and a taken name once") {
  layout_bench at;
  at.start_and_list();
  CHECK(at.notices.empty());
  at.said.adopted = election::layout_claim{election::layout_phase::opening, {}, 9};
  at.said.name_is_taken = true;
  at.nudge();
  at.nudge();
  CHECK(at.told<election::node_name_taken>() == 1);
  CHECK(at.told<election::layout_changed>() == 1);
  at.said.adopted->phase = election::layout_phase::open;
  at.nudge();
  at.said.adopted.reset();
  at.nudge();
  CHECK(at.told<election::layout_changed>() == 3);
  CHECK_FALSE(std::get<election::layout_changed>(at.notices.back()).adopted.has_value());
}

TEST_CASE("a layout is followed when the table is lowered, before notices of it and before requests") {
  layout_bench at;
  at.start_and_list();
  at.said.led = {term(1)};
  at.nudge();
  REQUIRE(at.table.find(group_id{0}).term == 1);
  at.said.led = {{}};
  at.said.adopted = election::layout_claim{election::layout_phase::opening, {election::grouping::shards, 4, 3s}, 9};
  at.said.requests = {load_of(0, 1)};
  int calls = 0;
  at.on_layout = [&](const election::layout& next) {
    ++calls;
    CHECK(next.count == 4);
    CHECK(at.table.find(group_id{0}).term == 0);
    CHECK(at.told<election::layout_changed>() == 0);
    at.driver->set_candidate(group_id{0}, false);  // as a speaker does whose VIPs change their groups
    CHECK(at.store.load_count == 0);
  };
  at.nudge();
  CHECK(calls == 1);
  CHECK(at.told<election::layout_changed>() == 1);
  CHECK(at.store.load_count == 1);
}

TEST_CASE("a layout is followed when its shape changes, not by another phase or era, and anew by each run") {
  layout_bench at;
  at.start_and_list();
  const election::layout four{election::grouping::shards, 4, 3s};
  const election::layout eight{election::grouping::shards, 8, 3s};
  using enum election::layout_phase;
  const std::vector<std::optional<election::layout_claim>> all{
      {{opening, four, 9}}, {{open, four, 9}}, std::nullopt, {{opening, four, 10}}, {{open, eight, 11}}};
  for (const auto& adopted : all) {
    at.said.adopted = adopted;
    at.nudge();
  }
  CHECK(at.followed == std::vector{four, eight});
  at.said.on_stop = [&] { at.said.adopted->shape = four; };
  at.stop.emit(asio::cancellation_type::terminal);
  REQUIRE(at.until([&] { return at.result.has_value(); }));
  CHECK(at.followed.size() == 2);
  at.start();
  REQUIRE(at.until([&] { return at.said.count("listed") == 2; }));
  CHECK(at.followed == std::vector{four, eight, four});
}

TEST_CASE(
    "records of one address each are told under the ids that stand for them, and unknown ones that are gone not") {
  election::group_names groups;
  bench<scripted_groups> at{election::record_names{std::string{"e"}, &groups}, 5s, &groups};
  const isat::ipv4_address wanted{0x0a000001U};
  REQUIRE(groups.want(wanted) == group_id{256});
  for (const char* name : {"e-vip-10.0.0.1", "e-vip-10.0.0.2", "e-vip-10.0.0.300"}) {
    election::entry made{name, {}, election::record{}, false};
    REQUIRE(at.records->write(made));
  }
  at.start_and_list();
  CHECK(at.said.count("lease 256") == 1);
  CHECK(at.said.count("lease 257") == 1);
  CHECK(groups.size() == 2);
  for (const char* name : {"e-vip-10.0.0.2", "e-vip-10.0.0.3"}) {
    election::entry gone{name, at.records->load(name).at, std::nullopt, false};
    REQUIRE(at.records->write(gone));
  }
  REQUIRE(at.until([&] { return at.said.count("lease 257 gone") == 1; }));
  at.said.ceased = {group_id{257}};
  at.nudge();
  CHECK_FALSE(groups.address_of(group_id{257}));
  CHECK(groups.size() == 1);
  at.said.requests = {load_of(256, 1)};
  at.nudge();
  CHECK(at.store.load_count == 1);
}

TEST_CASE("an id is given up after what was asked in its name is on its way, and all of them when the run ends") {
  election::group_names groups;
  bench<scripted_groups> at{election::record_names{std::string{"e"}, &groups}, 5s, &groups};
  const isat::ipv4_address address{0x0a000001U};
  groups.want(address);
  at.driver->set_candidate(group_id{256}, true);
  at.start_and_list();
  groups.unwant(address);
  CHECK(groups.address_of(group_id{256}) == address);
  at.said.led.resize(257);
  at.said.led[256] = term(1);
  at.nudge();
  CHECK(at.table.find(group_id{256}).term == 1);
  at.said.led[256] = {};
  at.said.ceased = {group_id{256}};
  at.said.requests = {load_of(256, 1)};
  at.nudge();
  CHECK(at.store.load_count == 1);
  CHECK(at.table.find(group_id{256}).term == 0);
  CHECK_FALSE(groups.address_of(group_id{256}));
  groups.see(address);
  at.cancel();
  REQUIRE(at.until([&] { return at.result.has_value(); }));
  CHECK(groups.size() == 0);
}

TEST_CASE("an id that the election was told of stays its address's, if only a removal was told") {
  election::group_names groups;
  bench<scripted_groups> at{election::record_names{std::string{"e"}, &groups}, 5s, &groups};
  const isat::ipv4_address address{0x0a000001U};
  election::entry made{"e-vip-10.0.0.1", {}, election::record{}, false};
  REQUIRE(at.records->write(made));
  at.start_and_list();
  at.said.ceased = {group_id{256}};
  at.nudge();
  REQUIRE(groups.want(address) == group_id{256});
  election::entry gone{made.name, at.records->load(made.name).at, std::nullopt, false};
  REQUIRE(at.records->write(gone));
  REQUIRE(at.until([&] { return at.said.count("lease 256 gone") == 1; }));
  groups.unwant(address);
  CHECK(groups.address_of(group_id{256}) == address);
}

TEST_CASE("what is wished while a run stops is wished in the next one, although its id was given up in between") {
  election::group_names groups;
  bench<scripted_groups> at{election::record_names{std::string{"e"}, &groups}, 5s, &groups};
  groups.want(isat::ipv4_address{0x0a000001U});
  at.start_and_list();
  at.said.stopped = false;
  at.said.wake = 1ms;
  at.cancel();
  at.driver->set_candidate(group_id{256}, true);
  at.said.ceased = {group_id{256}};
  at.said.stopped = true;
  REQUIRE(at.until([&] { return at.result.has_value(); }));
  CHECK(at.said.ceased.empty());
  CHECK(at.said.count("wants 256") == 0);
  at.start();
  REQUIRE(at.until([&] { return at.said.count("wants 256") == 1; }));
}

TEST_CASE("who follows a layout may cancel the run") {
  layout_bench at;
  at.start_and_list();
  at.on_layout = [&](const election::layout&) { at.stop.emit(asio::cancellation_type::terminal); };
  at.said.adopted = election::layout_claim{election::layout_phase::opening, {}, 9};
  at.nudge();
  CHECK(at.until([&] { return at.result.has_value(); }));
  CHECK(at.followed.size() == 1);
}

TEST_CASE("a run that ends while its store fails leaves the next one to find that out for itself") {
  lease_bench at;
  at.start_and_list();
  at.store.break_watch();
  REQUIRE(at.until([&] { return at.told<election::store_failed>() == 1; }));
  at.stop.emit(asio::cancellation_type::terminal);
  REQUIRE(at.until([&] { return at.result.has_value(); }));
  at.notices.clear();
  at.start();
  REQUIRE(at.until([&] { return at.said.count("listed") == 2; }));
  CHECK(at.notices.empty());
  at.store.break_watch();
  CHECK(at.until([&] { return at.told<election::store_failed>() == 1; }));
}

TEST_CASE("of thousands of nodes that came and went few names are kept, and the own one always") {
  layout_bench at;
  for (int number = 0; number < 2000; ++number) {
    election::entry made{"e-node-" + std::to_string(number), {}, election::record{}, false};
    made.value->holder = std::to_string(number);
    REQUIRE(at.records->write(made));
  }
  at.start_and_list();
  CHECK(at.said.count("presence") == 2000);
  const auto follows = [](const std::string& node) {
    return election::group_event{group_id{0}, {election::lease_change::follows, {}, 1, election::node_named(node)}};
  };
  for (int number = 0; number < 2000; ++number) at.said.events.push_back(follows(std::to_string(number)));
  at.said.events.push_back(follows("me"));
  at.nudge();
  const auto known = std::count_if(at.notices.begin(), at.notices.end(), [](const election::election_notice& each) {
    const auto* told = std::get_if<election::lease_transition>(&each);
    return told != nullptr && !told->node.empty();
  });
  CHECK(known > 1);
  CHECK(known <= 1024);
  CHECK(std::get<election::lease_transition>(at.notices.back()).node == "me");
}

TEST_CASE("an event about a node bears its name, as far as that was seen") {
  lease_bench at;
  at.start_and_list();
  election::entry lease{"e-group-0", {}, election::record{}, false};
  lease.value->holder = "node-b";
  REQUIRE(at.records->write(lease));
  REQUIRE(at.until([&] { return at.said.count("lease 0") == 1; }));
  const auto follows = [](const char* node) {
    return election::group_event{group_id{0}, {election::lease_change::follows, {}, 1, election::node_named(node)}};
  };
  at.said.events = {follows("node-b"), follows("node-c"), follows("me")};
  at.nudge();
  REQUIRE(at.notices.size() == 3);
  CHECK(std::get<election::lease_transition>(at.notices[0]).node == "node-b");
  CHECK(std::get<election::lease_transition>(at.notices[1]).node.empty());
  CHECK(std::get<election::lease_transition>(at.notices[2]).node == "me");
}

TEST_CASE("after a broken watch it watches and reads everything again") {
  lease_bench at;
  at.start_and_list();
  at.store.break_watch();
  CHECK(at.until([&] { return at.said.count("watch lost") == 1; }));
  election::entry missed{"e-group-0", {}, election::record{}, false};
  REQUIRE(at.records->write(missed));
  CHECK(at.until([&] { return at.said.count("listed") == 2; }));
  CHECK(at.said.count("lease 0") == 1);
  CHECK(at.store.is_watching());
  REQUIRE(at.records->write(missed));
  CHECK(at.until([&] { return at.said.count("lease 0") == 2; }));
}

TEST_CASE("a watch that had lasted is asked for again at once, long before everything is read again") {
  lease_bench at;
  at.start_and_list();
  at.store.asked = 1h;  // puts off the list
  const auto began = steady::now();
  while (steady::now() < began + election::store_health::pause_min) at.context.run_one_for(10ms);
  at.store.break_watch();
  REQUIRE(at.until([&] { return at.said.count("watch lost") == 1; }));
  CHECK(at.store.watch_count == 2);
  CHECK(at.store.list_count == 1);
}

TEST_CASE("a watch that fails at once is asked for again soon, but not at once, and does not put off the lists") {
  lease_bench at;
  at.store.watches = fault::refuse;
  at.store.asked = 900ms;
  const auto began = steady::now();
  at.start();
  REQUIRE(at.until([&] { return at.said.count("listed") == 2; }));
  CHECK(steady::now() - began < 2s);
  CHECK(at.store.watch_count >= 3);
  CHECK(at.store.watch_count <= 7);
}

TEST_CASE("a store that is down at the start is asked until it answers; both are told once") {
  lease_bench at;
  at.store.lists = at.store.watches = fault::refuse;
  at.start();
  CHECK(at.until([&] { return at.store.list_count == 1 && at.said.count("watch lost") == 1; }));
  at.context.poll();
  CHECK(at.notices.size() == 1);
  REQUIRE(at.told<election::store_failed>() == 1);
  CHECK(std::get<election::store_failed>(at.notices[0]).reason == at.store.reason);
  at.store.lists = at.store.watches = fault::none;
  CHECK(at.until([&] { return at.said.count("listed") == 1; }));
  CHECK(at.store.is_watching());
  election::entry made{"e-group-0", {}, election::record{}, false};
  REQUIRE(at.records->write(made));
  CHECK(at.until([&] { return at.told<election::store_answers>() == 1; }));
  CHECK(at.notices.size() == 2);
}

TEST_CASE("a store that answers reads and refuses writes has failed, once, until it writes again") {
  lease_bench at;
  at.start_and_list();
  at.store.writes = fault::refuse;
  std::uint64_t id = 2;
  const auto both = [&] {
    const auto before = at.said.responses.size();
    at.said.requests = {write_of(0, id, election::lease_mode::held), load_of(0, id + 1)};
    id += 2;
    at.nudge();
    REQUIRE(at.until([&] { return at.said.responses.size() == before + 2; }));
  };
  for (int i = 0; i < 5; ++i) both();
  CHECK(at.notices.size() == 1);
  CHECK(at.told<election::store_failed>() == 1);
  at.store.writes = fault::none;
  both();
  CHECK(at.notices.size() == 2);
  CHECK(at.told<election::store_answers>() == 1);
}

TEST_CASE("a store that refuses removals has not failed; it is told once, and again after a removal that was done") {
  lease_bench at;
  at.start_and_list();
  at.store.reason = {1, refusing};
  std::uint64_t id = 2;
  const auto remove_and_renew = [&] {
    const auto before = at.said.responses.size();
    const auto write = write_of(0, id + 1, election::lease_mode::held);
    at.said.requests = {{group_id{1}, {election::lease_operation::remove, id, {}, {}, false}}};
    at.nudge();
    REQUIRE(at.until([&] { return at.said.responses.size() == before + 1; }));
    at.store.writes = fault::none;
    at.said.requests = {write};
    at.nudge();
    REQUIRE(at.until([&] { return at.said.responses.size() == before + 2; }));
    id += 2;
  };
  for (int minute = 0; minute < 5; ++minute) {
    at.store.writes = fault::refuse;
    remove_and_renew();
  }
  CHECK(at.notices.size() == 1);
  REQUIRE(at.told<election::removal_refused>() == 1);
  CHECK(std::get<election::removal_refused>(at.notices[0]).reason == at.store.reason);
  election::entry made{"e-group-1", {}, election::record{}, false};
  REQUIRE(at.records->write(made));
  at.said.requests = {{group_id{1}, {election::lease_operation::remove, id, made.at, {}, false}}};
  at.nudge();
  REQUIRE(at.until([&] { return at.said.count("lease 1 gone") == 1; }));
  id += 2;
  at.store.writes = fault::refuse;
  remove_and_renew();
  CHECK(at.told<election::removal_refused>() == 2);
}

TEST_CASE("how long a store asks not to be asked is told with reads that failed, and with nothing else") {
  lease_bench at;
  at.start_and_list();
  at.store.asked = 3s;
  const auto asked = [&](std::uint64_t id) {
    const auto before = at.said.responses.size();
    at.said.requests = {write_of(0, id, election::lease_mode::held), load_of(0, id + 1)};
    at.nudge();
    REQUIRE(at.until([&] { return at.said.responses.size() == before + 2; }));
    std::map<std::uint64_t, std::chrono::nanoseconds> told;
    for (const election::lease_response& each : at.said.responses) told[each.id] = each.retry_after;
    return told;
  };
  at.store.loads = fault::refuse;
  auto told = asked(2);
  CHECK(told[2] == 0ns);
  CHECK(told[3] == 3s);
  at.store.loads = fault::none;
  at.store.writes = fault::refuse;
  told = asked(4);
  CHECK(told[4] == 0ns);
  CHECK(told[5] == 0ns);
}

TEST_CASE("a list that failed is asked for again soon, or when the store wants that") {
  lease_bench at;
  at.store.lists = fault::refuse;
  at.start();
  REQUIRE(at.until([&] { return at.store.list_count == 1; }));
  const auto began = steady::now();
  REQUIRE(at.until([&] { return at.store.list_count == 2; }));
  CHECK(steady::now() - began < 2 * election::store_health::pause_min);
  at.store.asked = 1h;  // before the second one has failed
  const auto asked = steady::now();
  while (steady::now() < asked + 3 * election::store_health::pause_min) at.context.run_one_for(10ms);
  CHECK(at.store.list_count == 2);
}
