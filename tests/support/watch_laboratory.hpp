// SPDX-License-Identifier: BSL-1.0

// A fake API server and a client of it, each on an io_context of its own: for tests of what follows objects, whose side
// can then be destroyed with everything pending. Who derives from it adds what is tested.
#pragma once

#include "fake_api/server.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "test_certificates.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

namespace isat::test {

/// The options of a server whose authority is that of all others: making one takes its time.
inline fake_api::options with_shared_authority() {
  static const test_authority authority;
  fake_api::options how;
  how.authority = {std::shared_ptr<void>{}, &authority};
  return how;
}

/// The options of a client to which every failure is the beginning of an outage.
inline kubernetes::api_client_options with_short_outages() {
  kubernetes::api_client_options how;
  how.outage_min = {};
  return how;
}

struct watch_laboratory {
  watch_laboratory() = default;
  watch_laboratory(const watch_laboratory&) = delete;
  watch_laboratory& operator=(const watch_laboratory&) = delete;
  ~watch_laboratory() {
    server.stop();
    while (server_context.poll() > 0) {
    }
  }

  /// Works until it holds. @return false after a time that is long
  template <class Condition>
  bool until(Condition holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      if (work() == 0) context.run_one_for(std::chrono::milliseconds{1});
    }
    return true;
  }
  /// Does what can be done at once.
  std::size_t work() {
    context.restart();
    server_context.restart();
    return context.poll() + server_context.poll();
  }
  void cancel() { stopping.emit(boost::asio::cancellation_type::terminal); }

  boost::asio::io_context server_context;
  fake_api::server server{server_context, with_shared_authority()};
  boost::asio::io_context context;
  kubernetes::api_client client{context.get_executor(), server.cluster(), with_short_outages()};
  boost::asio::cancellation_signal stopping;  // of what is tested
  std::optional<error_code> result;           // likewise, when it has ended
};

}  // namespace isat::test
