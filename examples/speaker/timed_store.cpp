// SPDX-License-Identifier: BSL-1.0

#include "timed_store.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>

#include <utility>

namespace speakerd {

namespace asio = isat::asio;
namespace election = isat::election;
using election::store_task;
using isat::error_code;

/// `done` with a clock before it, on the executor and with the cancellation slot that it has.
template <class Signature>
auto timed_store::timed(store_task task, std::string name, isat::handler<Signature> done) {
  const auto executor = asio::get_associated_executor(done, get_executor());
  const auto slot = asio::get_associated_cancellation_slot(done);
  auto told = [task, name = std::move(name), told = told_, start = std::chrono::steady_clock::now(),
               next = std::move(done)](error_code error, auto result) mutable {
    (*told)({task, name, error, std::chrono::steady_clock::now() - start});
    std::move(next)(error, std::move(result));
  };
  return asio::bind_cancellation_slot(slot, asio::bind_executor(executor, std::move(told)));
}

void timed_store::do_load(std::string name, isat::handler<one_signature> done) {
  auto answer = timed<one_signature>(store_task::load, name, std::move(done));
  inner_->async_load(std::move(name), std::move(answer));
}

void timed_store::do_cas(election::entry next, isat::handler<one_signature> done) {
  auto answer = timed<one_signature>(store_task::cas, next.name, std::move(done));
  inner_->async_cas(std::move(next), std::move(answer));
}

void timed_store::do_list(std::string prefix, isat::handler<many_signature> done) {
  auto answer = timed<many_signature>(store_task::list, prefix, std::move(done));
  inner_->async_list(std::move(prefix), std::move(answer));
}

void timed_store::do_changes(std::string prefix, isat::handler<many_signature> done) {
  auto answer = timed<many_signature>(store_task::watch, prefix, std::move(done));
  inner_->async_changes(std::move(prefix), std::move(answer));
}

}  // namespace speakerd
