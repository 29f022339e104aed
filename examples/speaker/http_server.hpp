// SPDX-License-Identifier: BSL-1.0

// A small HTTP server for pages about this process: it listens on one address, and gives each connection a bounded room
// and time. It runs on the daemon's own event loop, and has no thread: whoever gets no answer knows that the loop does
// not run. It serves one request per connection, and neither TLS nor anything else that a web server has.
#pragma once

#include "http_address.hpp"
#include "http_answer.hpp"
#include "http_connection.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>

namespace speakerd {

class http_server {
 public:
  /// Listens from now on; nobody is served before start().
  /// @param pages is asked for each GET and HEAD; it must not take long, nor destroy the server
  /// @param on_answer is told the status of each answer
  /// @throws failure with exit_code::os when the address cannot be had
  http_server(
      const boost::asio::any_io_executor& executor, const http_address& address, page_function pages,
      std::function<void(unsigned)> on_answer = [](unsigned) {}, http_limits limits = {});
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;
  /// Stops it.
  ~http_server();

  void start();

  /// Hangs up on all, and listens no more.
  void stop();

  /// Where it listens. @pre it has not been stopped
  http_address address() const;

 private:
  class state;
  std::shared_ptr<state> state_;
};

}  // namespace speakerd
