// SPDX-License-Identifier: BSL-1.0

// One HTTP connection, which is one request: it is read, answered, and the connection is closed. Whatever the client
// does, it is over after a fixed time and takes a fixed room. It refuses to know pages, and to log: a client's bytes
// are worth no line.
#pragma once

#include "http_answer.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace speakerd {

/// What a client may take.
struct http_limits {
  std::size_t connections = 16;                                 ///< at a time; the oldest goes for one more
  std::size_t request_octets = 8192;                            ///< of the request's head; its body is not read
  std::chrono::nanoseconds patience = std::chrono::seconds{5};  ///< for all of it
};

/// How far a connection has come.
enum class http_stage : std::uint8_t {
  none = 0,
  reading = 1,  ///< waits for the request
  writing = 2,  ///< sends the answer
  closing = 3,  ///< has sent it, and waits until the client has read it
};

/// A connection. Keeps itself while something is pending on its socket.
class http_connection {
 public:
  /// @param answer is asked for each GET and HEAD
  /// @param on_answer is told the status of each answer when it begins
  http_connection(boost::asio::ip::tcp::socket socket, const http_limits& limits, page_function answer,
                  std::function<void(unsigned)> on_answer);

  /// Call it once. @param on_end is called once, when the connection is over, unless its context is destroyed before.
  void start(std::function<void()> on_end);

  /// Ends it at once.
  void close() noexcept;

  http_stage stage() const noexcept;

 private:
  class state;
  std::shared_ptr<state> state_;
};

}  // namespace speakerd
