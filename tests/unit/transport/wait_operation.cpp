// SPDX-License-Identifier: BSL-1.0
#include "isat/transport/wait_operation.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <utility>

using namespace isat;

namespace {

/// Completes in the given number of steps, unless it is cancelled.
struct countdown : std::enable_shared_from_this<countdown> {
  using signature = void(error_code, int);
  using operation = detail::wait_operation<countdown, signature>;

  explicit countdown(asio::any_io_executor e) : executor{std::move(e)} {}
  asio::any_io_executor get_executor() noexcept { return executor; }

  void start(int from, handler<signature> done) {
    left = from;
    operation::post({shared_from_this(), std::move(done)});
  }
  void resume(operation next, error_code error) {
    ++steps;
    if (!error && next.cancelled()) error = asio::error::operation_aborted;
    if (!error && --left > 0) return operation::post(std::move(next));
    next.complete(error, steps);
  }

  asio::any_io_executor executor;
  int left{};
  int steps{};
};

}  // namespace

TEST_SUITE("transport/wait_operation") {
  TEST_CASE("an operation goes on step by step, never inside its start, on its handler's executor") {
    asio::io_context io;
    const auto strand = asio::make_strand(io);
    const auto state = std::make_shared<countdown>(io.get_executor());
    int result = 0;
    bool on_strand = false;
    state->start(3, asio::bind_executor(strand, [&](error_code, int steps) {
                   on_strand = strand.running_in_this_thread();
                   result = steps;
                 }));
    CHECK(state->steps == 0);
    io.run();
    CHECK(result == 3);
    CHECK(on_strand);
  }

  TEST_CASE("a cancellation is remembered while nothing is waited for") {
    asio::io_context io;
    const auto state = std::make_shared<countdown>(io.get_executor());
    asio::cancellation_signal signal;
    std::optional<error_code> result;
    state->start(1000, asio::bind_cancellation_slot(signal.slot(), [&](error_code error, int) { result = error; }));
    io.run_one();
    signal.emit(asio::cancellation_type::partial);
    io.run();
    CHECK(result == error_code{asio::error::operation_aborted});
    CHECK(state->steps < 10);
    signal.emit(asio::cancellation_type::total);  // too late: nobody hears it
  }

  TEST_CASE("the state lives until the handler has run, and no longer") {
    asio::io_context io;
    auto state = std::make_shared<countdown>(io.get_executor());
    const std::weak_ptr<countdown> watched = state;
    bool alive = false;
    state->start(2, [&](error_code, int) { alive = !watched.expired(); });
    state.reset();
    io.run();
    CHECK(alive);
    CHECK(watched.expired());
  }

  TEST_CASE("a context that is destroyed takes the operation and its state along") {
    std::weak_ptr<countdown> watched;
    bool called = false;
    {
      asio::io_context io;
      const auto state = std::make_shared<countdown>(io.get_executor());
      watched = state;
      state->start(2, [&](error_code, int) { called = true; });
    }
    CHECK(watched.expired());
    CHECK(!called);
  }
}
