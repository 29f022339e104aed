// SPDX-License-Identifier: BSL-1.0

// Where an elector, a source or a transport, also one of your own, keeps the operation that runs: a slot for one
// type-erased handler. It behaves as Asio's own operations do: it is work for its context, it never completes inline,
// it dies with its context, and destroying what it waits for aborts it. It refuses to know what the operation does.
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cassert>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace isat::inline v0 {

/// A slot for one pending operation of an object that owns this slot.
/// Not thread-safe: the owner's functions, cancellations and executor are one thread of control.
template <class Signature>
class pending_operation;

/// Such an operation; `Results` are what its handler is given.
template <class... Results>
class pending_operation<void(Results...)> {
 public:
  // The handler waits in a timer that never expires: so the context knows it, counts it as work and can destroy it.
  // Kept here alone it would leak when its coroutine's frame owns the object that owns this.
  explicit pending_operation(const asio::any_io_executor& executor)
      : timer_{executor, asio::steady_timer::time_point::max()} {}
  pending_operation(const pending_operation&) = delete;
  pending_operation& operator=(const pending_operation&) = delete;

  /// Aborts the pending operation: it completes with operation_aborted if its first result is an error_code.
  ~pending_operation() { take(); }

  /// True while no operation is pending; also after its context has destroyed it.
  bool empty() const noexcept { return operation_.expired(); }

  /// Keeps `done` until complete(). @pre empty()
  void store(handler<void(Results...)> done) {
    assert(empty() && "the previous operation is still pending");
    auto outcome = std::make_shared<state>();
    operation_ = outcome;
    slot_ = asio::get_associated_cancellation_slot(done);
    auto where = asio::get_associated_executor(done, timer_.get_executor());
    timer_.async_wait(asio::bind_executor(where, waiter{std::move(done), std::move(outcome)}));
  }

  /// Likewise, and calls `on_cancel()` at a cancellation of any type, as long as this operation is pending.
  /// Emptying the slot is left to `on_cancel`, which calls complete() now or later.
  template <class OnCancel>
  void store(handler<void(Results...)> done, OnCancel on_cancel) {
    store(std::move(done));
    if (slot_.is_connected()) {
      slot_.assign([guarded = while_pending(std::move(on_cancel))](asio::cancellation_type) mutable { guarded(); });
    }
  }

  /// Completes the pending operation, if there is one, on its own executor and never inline. empty() from here on.
  void complete(Results... results) {
    if (const auto outcome = take()) {
      outcome->results.emplace(std::move(results)...);
      timer_.cancel();
    }
  }

  /// `function`, made to do nothing unless the operation that is pending now still is: such callbacks may outlive the
  /// owner of this slot. @pre !empty()
  template <class Function>
  auto while_pending(Function function) const {
    return [operation = operation_, function = std::move(function)](auto&&... arguments) mutable {
      const auto outcome = operation.lock();
      if (outcome != nullptr && !outcome->over) function(std::forward<decltype(arguments)>(arguments)...);
    };
  }

  /// The slot by which the pending operation can be cancelled; prefer store() with `on_cancel`. @pre !empty()
  asio::cancellation_slot cancellation_slot() const noexcept { return slot_; }

 private:
  struct state {
    std::optional<std::tuple<Results...>> results;
    bool over = false;  // taken out of the slot, its handler has yet to run
  };

  struct waiter {
    handler<void(Results...)> done;
    std::shared_ptr<state> outcome;  // destroyed before `done`, whose coroutine may own the slot: it must be empty then

    void operator()(error_code) {
      auto results = outcome->results ? std::move(*outcome->results) : aborted();
      outcome.reset();
      std::apply([this](Results&... r) { done(std::move(r)...); }, results);
    }
  };

  static std::tuple<Results...> aborted() {
    std::tuple<Results...> results{};
    if constexpr (sizeof...(Results) > 0) {
      if constexpr (std::is_same_v<std::tuple_element_t<0, std::tuple<Results...>>, error_code>) {
        std::get<0>(results) = asio::error::operation_aborted;
      }
    }
    return results;
  }

  std::shared_ptr<state> take() noexcept {
    auto outcome = operation_.lock();
    operation_.reset();
    if (outcome) outcome->over = true;
    return outcome;
  }

  asio::steady_timer timer_;
  std::weak_ptr<state> operation_;
  asio::cancellation_slot slot_;
};

}  // namespace isat::inline v0
