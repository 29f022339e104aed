// SPDX-License-Identifier: BSL-1.0

// Tells systemd how the run stands, where systemd wants to know (Type=notify): that it is ready, in the sense of
// /readyz; what it still lacks meanwhile; that it stops. By one datagram each to the socket that systemd names, without
// its library. Nothing in the daemon waits for it, and a socket that takes nothing ends nothing.
// @see sd_notify(3)
#pragma once

#include "logger.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace speakerd {

class service_manager {
 public:
  /// @param socket a path, or the name of an abstract socket after '@', as NOTIFY_SOCKET has it; empty: nobody listens
  /// @param lack says what keeps the run from being ready; empty: nothing. Must stay valid until stop(), as `log` must
  service_manager(const boost::asio::any_io_executor& executor, std::string socket, std::function<std::string()> lack,
                  const logger& log);

  /// Tells what is lacking whenever that changes, and that it is nothing, once. Looks a few times a second until then.
  void start();
  /// Tells that the run ends; the first time that it is called.
  void stop();

  static constexpr std::chrono::milliseconds period{250};

 private:
  void look();
  bool send(std::string_view news);

  std::string socket_;
  std::function<std::string()> lack_;
  const logger& log_;
  boost::asio::steady_timer timer_;
  std::string told_;  // of what is lacking
};

/// The socket that systemd has named for this process, or empty. It is no affair of the processes that this one starts:
/// they do not find it any more.
std::string take_notify_socket();

}  // namespace speakerd
