// SPDX-License-Identifier: BSL-1.0

// Tells systemd how the run stands, where systemd wants to know (Type=notify, NotifyAccess=main): what it lacks to be
// ready in the sense of /readyz, and that it is; that it stops, and why. By one datagram each to the socket that
// systemd names, without its library. Nothing in the daemon waits for it, and a socket that takes nothing ends nothing.
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

class systemd_notice {
 public:
  /// @param socket a path, or the name of an abstract socket after '@', as NOTIFY_SOCKET has it; empty: nobody listens
  /// @param lack says what keeps the run from being ready; empty: nothing. Must stay valid until stop(), as `log` must
  systemd_notice(const boost::asio::any_io_executor& executor, std::string socket, std::function<std::string()> lack,
                 const logger& log);

  /// Tells from now on what is lacking, whenever that changes, and once that the run has become ready.
  void start();
  /// Tells that the run ends, and why, in a sentence; the first time that it is called.
  void stop(std::string_view why);

  /// From one look at what is lacking to the next, until the run has been ready for the first time, and afterwards.
  static constexpr std::chrono::milliseconds period{250};
  static constexpr std::chrono::milliseconds period_afterwards{1000};

 private:
  void look();
  bool send(std::string_view news);

  std::string socket_;
  std::function<std::string()> lack_;
  const logger& log_;
  boost::asio::steady_timer timer_;
  std::string told_;  // of how it stands
  bool was_ready_ = false;
};

/// The socket that systemd has named for this process, or empty. It is no affair of the processes that this one starts:
/// they do not find it any more.
std::string take_notify_socket();

}  // namespace speakerd
