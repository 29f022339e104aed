// SPDX-License-Identifier: BSL-1.0

// Which IPv4 addresses the announcing interfaces of this host carry, and when that changes: such an address is the
// host's own, so it must not become a VIP. The kernel tells that something has changed (rtnetlink); what, is read anew,
// once for all that is told in a short while. What cannot be read is tried again, and until then what was known holds.
// It refuses to change anything.
#pragma once

#include "host.hpp"
#include "isat/address.hpp"
#include "isat/error.hpp"
#include "isat/transport/interface_pattern.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace speakerd {

/// Hears of the addresses; must not destroy the watch.
struct address_listener {
  /// All of them, ascending: when they are read first, and when they have changed.
  std::function<void(std::vector<isat::ipv4_address>)> on_addresses;
  /// They cannot be read or followed, and why: told once, until a code of success tells that they can.
  std::function<void(isat::error_code)> on_trouble;
};

/// Reads all addresses of this host, as local_addresses() does.
using address_reader = std::function<std::vector<local_address>(isat::error_code&)>;

class address_watch {
 public:
  /// @param interfaces on which is announced
  address_watch(boost::asio::any_io_executor executor, std::vector<isat::transport::interface_pattern> interfaces,
                address_listener listener, address_reader read = local_addresses);

  /// Reads them at once, and then whenever the kernel tells of a change. That needs no privilege but may be forbidden;
  /// then they are read now and then.
  void start();
  void stop();

  static constexpr auto collecting = std::chrono::milliseconds{10};  ///< news of that long are one
  static constexpr auto retry_min = std::chrono::milliseconds{200};
  static constexpr auto retry_max = std::chrono::seconds{30};

 private:
  void look();
  void connect(isat::error_code& error);
  void drain(isat::error_code& error);
  void tell(isat::error_code& error);
  void report(isat::error_code error);
  void wait();
  void look_after(std::chrono::nanoseconds pause);

  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer timer_;
  std::vector<isat::transport::interface_pattern> interfaces_;
  address_listener listener_;
  address_reader read_;
  std::optional<std::vector<isat::ipv4_address>> carried_;  // as they were told
  unsigned failures_ = 0;                                   // in a row
  std::shared_ptr<void> running_;                           // what has been begun ends with it
};

}  // namespace speakerd
