// SPDX-License-Identifier: BSL-1.0

// One pending operation of a transport or monitor that waits, perhaps several times, for its descriptor or its peers.
// It owns the user's handler and a share of the state it works on, so that the state outlives its public object until
// the handler has run. Executor and allocator are the user's handler's; a cancellation is remembered, because it may
// come while nothing is waited for. It refuses to decide anything: the state's `resume` does.
#pragma once

#include "isat/detail/erase.hpp"

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <utility>

namespace isat::inline v0::detail {

/// A handler for what the state waits for; it calls `state->resume(operation, error, arrived...)`.
/// @tparam State has `get_executor()`, which must not fail, and `resume`
template <class State, class Signature>
class wait_operation;

template <class State, class... Results>
class wait_operation<State, void(error_code, Results...)> {
 public:
  using user_handler = handler<void(error_code, Results...)>;
  using executor_type = asio::any_completion_executor;
  using allocator_type = asio::associated_allocator_t<user_handler>;
  using cancellation_slot_type = asio::cancellation_slot;

  wait_operation(std::shared_ptr<State> state, user_handler done)
      : state_{std::move(state)},
        done_{std::move(done)},
        cancellation_{asio::get_associated_cancellation_slot(done_), asio::enable_total_cancellation{}} {}

  executor_type get_executor() const noexcept { return asio::get_associated_executor(done_, state_->get_executor()); }
  allocator_type get_allocator() const noexcept { return asio::get_associated_allocator(done_); }
  cancellation_slot_type get_cancellation_slot() const noexcept { return cancellation_.slot(); }

  /// True once the user has cancelled: then nothing may be waited for any more.
  bool cancelled() const noexcept { return cancellation_.cancelled() != asio::cancellation_type::none; }

  /// Goes on: what was waited for has come, or `error` has.
  template <class... Arrived>
  void operator()(error_code error = {}, Arrived... arrived) {
    // The handler may destroy the public object, but the state must outlive this call.
    const auto state = state_;
    state->resume(std::move(*this), error, std::move(arrived)...);
  }

  /// Calls the user's handler. Only from within operator(), that is never from the initiating function.
  void complete(error_code error, Results... results) {
    asio::get_associated_cancellation_slot(done_).clear();
    std::move(done_)(error, std::move(results)...);
  }

  /// Goes on with `error` as soon as the executor gets to it, without waiting for anything.
  static void post(wait_operation operation, error_code error = {}) {
    // By way of the state's executor: Boost 1.81's any_completion_executor alone may run a function inline.
    auto where = operation.state_->get_executor();
    asio::post(where, asio::append(std::move(operation), error));
  }

 private:
  std::shared_ptr<State> state_;
  user_handler done_;
  asio::cancellation_state cancellation_;
};

}  // namespace isat::inline v0::detail
