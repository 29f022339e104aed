// SPDX-License-Identifier: BSL-1.0

// Waits at the start until a lease store answers, for as long as --wait says: reads one record again and again. An
// answer is any, also that there is no such record. It judges no answer, and has no part in what comes after the first.
#pragma once

#include "isat/election/lease_store.hpp"
#include "isat/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace speakerd {

/// One wait for one store.
class store_wait {
 public:
  /// Called once: without an error when the store has answered; with the error of the last attempt when the time is
  /// over (`timed_out` if there was no end of one), or with operation_aborted.
  using done_function = std::function<void(isat::error_code)>;

  /// @param store must outlive this; @param record is read; @param limit zero: there is one attempt
  /// @param on_failure is called for each attempt that failed and is followed by another
  store_wait(isat::election::lease_store& store, std::string record, std::chrono::nanoseconds limit,
             std::function<void(isat::error_code)> on_failure, done_function done);

  void start();

  /// Ends it; done_function is called with operation_aborted, though not from here.
  void stop();

 private:
  void attempt();
  void on_attempt(isat::error_code error);
  void on_pause_over();
  void end_at_limit();

  isat::election::lease_store& store_;
  std::string record_;
  std::chrono::nanoseconds limit_;
  std::function<void(isat::error_code)> on_failure_;
  done_function done_;
  std::chrono::steady_clock::time_point end_;
  isat::asio::steady_timer pause_;  // between attempts
  isat::asio::steady_timer over_;   // at the end of the time
  isat::asio::cancellation_signal abort_;
  isat::error_code last_;
  bool ending_ = false;    // the time is over
  bool stopping_ = false;  // stop() was called
};

}  // namespace speakerd
