// SPDX-License-Identifier: BSL-1.0

// Which IPv4 addresses the announcing interfaces of this host carry, and when that changes: such an address is the
// host's own, so it must not become a VIP. The kernel tells that something has changed (rtnetlink); what, is read anew.
// It refuses to change anything.
#pragma once

#include "isat/address.hpp"
#include "isat/transport/interface_pattern.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <vector>

namespace speakerd {

class address_watch {
 public:
  using told_function = std::function<void(std::vector<isat::ipv4_address>)>;

  /// @param interfaces on which is announced
  /// @param told is called with all their addresses by start(), and after every change; must not destroy the watch
  address_watch(boost::asio::any_io_executor executor, std::vector<isat::transport::interface_pattern> interfaces,
                told_function told);

  /// Without the kernel's news (they need no privilege, but may be forbidden) the addresses are those of the start.
  void start();
  void stop();

 private:
  void tell() const;
  void wait();

  boost::asio::posix::stream_descriptor socket_;
  std::vector<isat::transport::interface_pattern> interfaces_;
  told_function told_;
  std::array<std::byte, 4096> ignored_{};  // what the kernel tells: that it does is enough
};

}  // namespace speakerd
