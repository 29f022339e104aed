// SPDX-License-Identifier: BSL-1.0

#include "isat/election/always_leader.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace {

namespace asio = isat::asio;
using isat::error_code;
using isat::group_id;
using isat::election::always_leader;
using isat::election::leadership;
using isat::election::leadership_table;

struct running {
  explicit running(always_leader& used) : leader{used} {}

  void start() {
    leader.async_run(table, asio::bind_cancellation_slot(stop.slot(), [this](error_code error) {
                       result = error;
                       entries_left = 0;
                       for (std::uint32_t g = 0; g < table.size(); ++g) entries_left += term(g) != 0;
                     }));
  }
  std::uint64_t term(std::uint32_t group) const { return table.find(group_id{group}).term; }

  always_leader& leader;
  leadership_table table;
  asio::cancellation_signal stop;
  std::optional<error_code> result;
  int entries_left = -1;
};

}  // namespace

TEST_CASE("it leads what it was a candidate for before it ran, and nothing else") {
  asio::io_context context;
  always_leader leader{context.get_executor()};
  leader.set_candidate(group_id{0}, true);
  leader.set_candidate(group_id{2}, true);
  running run{leader};
  CHECK(run.table.size() == 0);
  run.start();
  context.poll();
  CHECK(run.table.find(group_id{0}) == leadership::until_revoked(1));
  CHECK(run.table.find(group_id{1}) == leadership{});
  CHECK(run.table.find(group_id{2}) == leadership::until_revoked(1));
  CHECK_FALSE(run.result);
}

TEST_CASE("a candidacy that changes while it runs takes effect at once, each time with the next term") {
  asio::io_context context;
  always_leader leader{context.get_executor()};
  running run{leader};
  run.start();
  context.poll();
  CHECK(run.term(1) == 0);
  leader.set_candidate(group_id{1}, true);
  CHECK(run.term(1) == 1);
  leader.set_candidate(group_id{1}, true);
  CHECK(run.term(1) == 1);
  leader.set_candidate(group_id{1}, false);
  CHECK(run.term(1) == 0);
  leader.set_candidate(group_id{1}, false);
  leader.set_candidate(group_id{1}, true);
  CHECK(run.term(1) == 2);
  CHECK(run.term(0) == 0);
}

TEST_CASE("cancellation of any type lowers every entry before it completes with operation_aborted") {
  for (const auto type :
       {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
    asio::io_context context;
    always_leader leader{context.get_executor()};
    leader.set_candidate(group_id{0}, true);
    leader.set_candidate(group_id{5}, true);
    running run{leader};
    run.start();
    context.poll();
    CHECK(run.term(5) == 1);
    run.stop.emit(type);
    CHECK(run.term(0) == 0);
    CHECK(run.term(5) == 0);
    context.run();
    REQUIRE(run.result);
    CHECK(*run.result == asio::error::operation_aborted);
    CHECK(run.entries_left == 0);
  }
}

TEST_CASE("a cancellation that comes before it began leaves the table untouched") {
  asio::io_context context;
  always_leader leader{context.get_executor()};
  leader.set_candidate(group_id{0}, true);
  running run{leader};
  run.start();
  run.stop.emit(asio::cancellation_type::terminal);
  context.run();
  CHECK(run.result == error_code{asio::error::operation_aborted});
  CHECK(run.table.size() == 0);
}

TEST_CASE("a second run leads again, with the next term, what is wanted by then") {
  asio::io_context context;
  always_leader leader{context.get_executor()};
  leader.set_candidate(group_id{0}, true);
  leader.set_candidate(group_id{1}, true);
  running first{leader};
  first.start();
  context.poll();
  first.stop.emit(asio::cancellation_type::terminal);
  leader.set_candidate(group_id{1}, false);
  context.run();
  context.restart();
  running second{leader};
  second.start();
  context.poll();
  CHECK(second.term(0) == 2);
  CHECK(second.term(1) == 0);
  CHECK(first.term(0) == 0);
}

TEST_CASE("it stays at work until it is cancelled") {
  asio::io_context context;
  always_leader leader{context.get_executor()};
  running run{leader};
  run.start();
  context.poll();
  CHECK_FALSE(context.stopped());
  run.stop.emit(asio::cancellation_type::terminal);
  context.run();
  CHECK(run.result.has_value());
}

TEST_CASE("an observer that hears of the end may change the candidacy: it is remembered for the next run") {
  struct objector final : isat::election::leadership_observer {
    always_leader* leader = nullptr;
    void on_leadership(group_id group, const leadership&, const leadership& after) override {
      if (after != leadership{}) return;
      leader->set_candidate(group, false);
      leader->set_candidate(group, true);
      leader->set_candidate(group_id{40}, true);
    }
  };
  asio::io_context context;
  always_leader leader{context.get_executor()};
  leader.set_candidate(group_id{0}, true);
  running run{leader};
  objector observer;
  observer.leader = &leader;
  run.table.subscribe(observer);
  run.start();
  context.poll();
  run.stop.emit(asio::cancellation_type::terminal);
  context.run();
  CHECK(run.entries_left == 0);
  CHECK(run.term(0) == 0);
}

TEST_CASE("destroying it while it runs aborts the run and leaves the table alone, which may be gone") {
  asio::io_context context;
  auto leader = std::make_unique<always_leader>(context.get_executor());
  leader->set_candidate(group_id{0}, true);
  auto table = std::make_unique<leadership_table>();
  std::optional<error_code> result;
  leader->async_run(*table, [&](error_code error) { result = error; });
  context.poll();
  table.reset();
  leader.reset();
  context.run();
  CHECK(result == error_code{asio::error::operation_aborted});
}
