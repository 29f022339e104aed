// SPDX-License-Identifier: BSL-1.0

// How an object stops the operations that it has started, without having to outlive them: the cancellation signal is
// shared with the handlers that are bound to it. One signal serves one operation at a time, as in Asio. It refuses to
// keep anything but the signal alive: what a handler touches is guarded by who makes it (see
// pending_operation::while_pending).
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>

#include <memory>
#include <utility>

namespace isat::inline v0::detail {

/// A cancellation signal that lives as long as the last handler bound to it.
class stop_signal {
 public:
  /// Cancels the operation that was started with a bound handler, if it is pending; may complete others inline.
  void emit() const { signal_->emit(boost::asio::cancellation_type::all); }

  /// `handler`, cancellable by this signal.
  template <class Handler>
  auto bind(Handler handler) const {
    auto held = [signal = signal_, handler = std::move(handler)](auto&&... results) mutable {
      handler(std::forward<decltype(results)>(results)...);
    };
    return boost::asio::bind_cancellation_slot(signal_->slot(), std::move(held));
  }

 private:
  std::shared_ptr<boost::asio::cancellation_signal> signal_ = std::make_shared<boost::asio::cancellation_signal>();
};

}  // namespace isat::inline v0::detail
