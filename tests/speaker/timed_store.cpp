// SPDX-License-Identifier: BSL-1.0

#include "fault_store.hpp"
#include "isat/election/memory_store.hpp"
#include "isat/error.hpp"
#include "timed_store.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace speakerd;
using namespace std::chrono_literals;

namespace {

namespace asio = isat::asio;
namespace election = isat::election;
using election::store_task;
using isat::error_code;

struct told_operation {
  store_task task{};
  std::string name;
  error_code error;
  std::chrono::nanoseconds took{};
};

/// A timed store before one with faults, before one in memory.
struct stores {
  asio::io_context context{1};
  std::shared_ptr<election::memory_records> records = std::make_shared<election::memory_records>();
  election::memory_store memory{context.get_executor(), records};
  isat::test::fault_store* faults = nullptr;
  std::vector<told_operation> told;
  std::unique_ptr<timed_store> timed;

  stores() {
    auto inner = std::make_unique<isat::test::fault_store>(memory);
    faults = inner.get();
    timed = std::make_unique<timed_store>(std::move(inner), [this](const store_operation& each) {
      told.push_back({each.task, std::string{each.name}, each.error, each.took});
    });
  }

  error_code write(const std::string& name, election::version at = {}) {
    std::optional<error_code> outcome;
    timed->async_cas(election::entry{name, at, election::record{}, false},
                     [&](error_code error, const election::entry&) { outcome = error; });
    run();
    REQUIRE(outcome);
    return *outcome;
  }

  void run() {
    context.restart();
    context.run_for(50ms);
  }
};

}  // namespace

TEST_CASE("what the store behind answers is passed on, and told with its name and kind") {
  stores each;
  CHECK_FALSE(each.write("isat-group-0"));
  CHECK(each.write("isat-group-0") == isat::error::version_conflict);
  std::optional<election::entry> loaded;
  each.timed->async_load("isat-group-0", [&](error_code, const election::entry& found) { loaded = found; });
  std::size_t listed = 0;
  each.timed->async_list("isat", [&](error_code, const std::vector<election::entry>& all) { listed = all.size(); });
  each.run();
  REQUIRE(loaded);
  CHECK(loaded->name == "isat-group-0");
  CHECK(loaded->value == election::record{});
  CHECK(listed == 1);
  REQUIRE(each.told.size() == 4);
  CHECK(each.told[0].task == store_task::cas);
  CHECK(each.told[0].name == "isat-group-0");
  CHECK_FALSE(each.told[0].error);
  CHECK(each.told[0].took >= 0ns);
  CHECK(each.told[0].took < 1s);
  CHECK(each.told[1].error == isat::error::version_conflict);
  CHECK(each.told[2].task == store_task::load);
  CHECK(each.told[3].task == store_task::list);
  CHECK(each.told[3].name == "isat");
}

TEST_CASE("a failure is told with its reason") {
  stores each;
  each.faults->writes = isat::test::fault::refuse;
  CHECK(each.write("isat-layout") == asio::error::host_unreachable);
  REQUIRE(each.told.size() == 1);
  CHECK(each.told[0].error == asio::error::host_unreachable);
}

TEST_CASE("the time is counted from the call to the answer") {
  stores each;
  each.faults->writes = isat::test::fault::hold;
  bool is_done = false;
  each.timed->async_cas(election::entry{"isat-group-0", {}, election::record{}, false},
                        [&](error_code, const election::entry&) { is_done = true; });
  each.run();
  CHECK_FALSE(is_done);
  CHECK(each.told.empty());
  asio::steady_timer{each.context, 20ms}.wait();  // sleep: the time that is to be counted
  each.faults->let_go();
  each.run();
  CHECK(is_done);
  REQUIRE(each.told.size() == 1);
  CHECK(each.told[0].took >= 20ms);
  CHECK(each.told[0].took < 2s);
}

TEST_CASE("a cancellation goes through, and a change does") {
  stores each;
  asio::cancellation_signal stop;
  std::vector<error_code> outcomes;
  auto watch = [&] {
    each.timed->async_changes(
        "isat", asio::bind_cancellation_slot(stop.slot(), [&](error_code error, const std::vector<election::entry>&) {
          outcomes.push_back(error);
        }));
  };
  watch();
  each.write("isat-group-0");
  REQUIRE(outcomes.size() == 1);
  CHECK_FALSE(outcomes[0]);
  watch();
  each.run();
  CHECK(outcomes.size() == 1);
  stop.emit(asio::cancellation_type::terminal);
  each.run();
  REQUIRE(outcomes.size() == 2);
  CHECK(outcomes[1] == asio::error::operation_aborted);
  CHECK(each.told.back().task == store_task::watch);
}

TEST_CASE("what the store asks for is asked for by the one before it") {
  stores each;
  each.faults->asked = 7s;
  CHECK(each.timed->asked_pause() == 7s);
}
