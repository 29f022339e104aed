// SPDX-License-Identifier: BSL-1.0

// The seam itself, by way of the smallest elector that a user could write.
#include "isat/election/elector.hpp"
#include "isat/pending_operation.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <doctest/doctest.h>

#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

namespace asio = isat::asio;
using isat::error_code;
using isat::group_id;
using isat::election::elector;
using isat::election::leadership;
using isat::election::leadership_table;

/// Leads group 0 whenever the test says so.
class hand_elector final : public elector {
 public:
  explicit hand_elector(asio::any_io_executor executor) : executor_{std::move(executor)}, run_{executor_} {}
  asio::any_io_executor get_executor() noexcept override { return executor_; }
  void set_candidate(group_id group, bool willing) override { wishes.emplace_back(group, willing); }

  void fail(error_code error) {
    table->revoke_all();
    run_.complete(error);
  }

  leadership_table* table = nullptr;
  std::vector<std::pair<group_id, bool>> wishes;

 private:
  void do_run(leadership_table& into, isat::handler<run_signature> done) override {
    table = &into;
    run_.store(std::move(done), [this] { fail(asio::error::operation_aborted); });
  }

  asio::any_io_executor executor_;
  isat::pending_operation<run_signature> run_;
};

}  // namespace

static_assert(std::has_virtual_destructor_v<elector> && !std::is_copy_constructible_v<elector>);

TEST_CASE("an elector is used through its base: it writes the table that it was given, and says how it ended") {
  asio::io_context context;
  leadership_table table;
  hand_elector own{context.get_executor()};
  elector& used = own;
  CHECK(used.get_executor() == context.get_executor());
  error_code result;
  used.async_run(table, [&](error_code error) { result = error; });
  used.set_candidate(group_id{3}, true);
  CHECK(own.wishes == std::vector<std::pair<group_id, bool>>{{group_id{3}, true}});
  REQUIRE(own.table == &table);
  table.set(group_id{0}, leadership::until_revoked(1));
  own.fail(asio::error::no_permission);
  context.run();
  CHECK(result == asio::error::no_permission);
  CHECK(table.find(group_id{0}) == leadership{});
}

TEST_CASE("async_run takes any completion token and can be cancelled") {
  asio::io_context context;
  leadership_table table;
  hand_elector own{context.get_executor()};
  SUBCASE("a coroutine") {
    asio::cancellation_signal stop;
    std::tuple<error_code> result;
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> { result = co_await own.async_run(table, asio::as_tuple(asio::use_awaitable)); },
        asio::bind_cancellation_slot(stop.slot(), asio::detached));
    context.poll();
    REQUIRE(own.table == &table);
    stop.emit(asio::cancellation_type::terminal);
    context.run();
    CHECK(std::get<0>(result) == asio::error::operation_aborted);
  }
  SUBCASE("deferred: nothing starts before the call") {
    asio::cancellation_signal stop;
    error_code result;
    auto later = own.async_run(table, asio::deferred);
    CHECK(own.table == nullptr);
    std::move(later)(asio::bind_cancellation_slot(stop.slot(), [&](error_code error) { result = error; }));
    CHECK(own.table == &table);
    stop.emit(asio::cancellation_type::total);
    context.run();
    CHECK(result == asio::error::operation_aborted);
  }
}
