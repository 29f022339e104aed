// SPDX-License-Identifier: BSL-1.0

// The one place where a completion handler loses its type: seams take any completion token at their surface and hand a
// type-erased handler to one virtual function below it, which keeps it in a pending_operation until the operation ends.
// It refuses to know what the operation does.
#pragma once

#include "isat/error.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <utility>

namespace isat::inline v0 {

namespace asio = boost::asio;

/// A completion handler without its type. Boost 1.81: construct or swap it, its move assignment recurses for ever.
template <class Signature>
using handler = asio::any_completion_handler<Signature>;

}  // namespace isat::inline v0

namespace isat::inline v0::detail {

/// Starts `start(arguments..., handler)` for any completion token.
template <class Signature, class Token, class Start, class... Arguments>
auto erase(Token&& token, Start start, Arguments&&... arguments) {
  return asio::async_initiate<Token, Signature>(
      [start](handler<Signature> done, auto&&... a) { start(std::forward<decltype(a)>(a)..., std::move(done)); }, token,
      std::forward<Arguments>(arguments)...);
}

}  // namespace isat::inline v0::detail
