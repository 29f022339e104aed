// SPDX-License-Identifier: BSL-1.0

// How an operation that is over already when it is started tells its result: never inline, on the handler's own
// executor, and without touching the object that started it. It refuses to wait for anything: what does is kept in a
// pending_operation.
#pragma once

#include "isat/detail/erase.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>

#include <type_traits>
#include <utility>

namespace isat::inline v0 {

/// Posts `done(results...)` to its associated executor, by default `executor`. A cancellation comes too late.
template <class... Results>
void complete_later(const asio::any_io_executor& executor, handler<void(Results...)> done,
                    std::type_identity_t<Results>... results) {
  auto where = asio::get_associated_executor(done, executor);
  auto complete = [done = std::move(done), ... told = std::move(results)]() mutable {
    std::move(done)(std::move(told)...);
  };
  // By way of this executor: Boost 1.81's any_completion_executor alone may run a function inline.
  asio::post(executor, asio::bind_executor(where, std::move(complete)));
}

}  // namespace isat::inline v0
