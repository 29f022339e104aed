// SPDX-License-Identifier: BSL-1.0

#include "store_wait.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <utility>

namespace speakerd {

namespace {

namespace asio = isat::asio;
using isat::error_code;

constexpr std::chrono::nanoseconds pause_max = std::chrono::milliseconds{500};

}  // namespace

store_wait::store_wait(isat::election::lease_store& store, std::string record, std::chrono::nanoseconds limit,
                       std::function<void(error_code)> on_failure, done_function done)
    : store_{store},
      record_{std::move(record)},
      limit_{limit},
      on_failure_{std::move(on_failure)},
      done_{std::move(done)},
      pause_{store.get_executor()},
      over_{store.get_executor()},
      last_{asio::error::timed_out} {}

void store_wait::start() {
  end_ = std::chrono::steady_clock::now() + limit_;
  attempt();
  if (limit_ == std::chrono::nanoseconds::zero()) return;  // the store's own patience ends the one attempt
  over_.expires_at(end_);
  over_.async_wait([this](error_code cancelled) {
    if (!cancelled) end_at_limit();
  });
}

void store_wait::stop() {
  stopping_ = true;
  end_at_limit();
}

void store_wait::end_at_limit() {
  ending_ = true;
  pause_.cancel();
  abort_.emit(asio::cancellation_type::terminal);
}

void store_wait::attempt() {
  auto told = [this](error_code error, const isat::election::entry&) { on_attempt(error); };
  store_.async_load(record_, asio::bind_cancellation_slot(abort_.slot(), std::move(told)));
}

void store_wait::on_attempt(error_code error) {
  if (error != asio::error::operation_aborted) last_ = error;
  const bool was_last = limit_ == std::chrono::nanoseconds::zero() || ending_;
  if (!error || was_last) {
    over_.cancel();
    const done_function done = std::move(done_);
    return done(stopping_ ? error_code{asio::error::operation_aborted} : error ? last_ : error_code{});
  }
  if (on_failure_) on_failure_(error);
  pause_.expires_at(std::min(std::chrono::steady_clock::now() + pause_max, end_));
  pause_.async_wait([this](error_code) { on_pause_over(); });
}

// Whatever ended it; the time that is over ends the next attempt at once.
void store_wait::on_pause_over() {
  if (!ending_) return attempt();
  const done_function done = std::move(done_);
  over_.cancel();
  done(stopping_ ? error_code{asio::error::operation_aborted} : last_);
}

}  // namespace speakerd
