// SPDX-License-Identifier: BSL-1.0

// An Ethernet segment in memory, for tests, examples and simulations: any number of transports attach to it and hear
// each other as packet sockets on one switch would. Like the kernel it hands over ARP only, takes VLAN tags off and
// marks what was meant for others; unlike packet_socket it filters nothing else, so that malformed frames reach the
// parser and their drop reasons can be counted. It refuses to lose, delay or damage frames: fault_injector does that.
#pragma once

#include "isat/address.hpp"
#include "isat/detail/build.hpp"
#include "isat/transport/memory_transport.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace isat::inline v0::transport {

/// The segment. It may be destroyed before its transports, which then go on hearing each other.
/// Deterministic: frames are queued where they arrive before the sending call returns, in order of attachment.
class ISAT_API memory_link {
 public:
  /// @param executor on which every transport of this segment completes
  explicit memory_link(asio::any_io_executor executor);

  /// A new transport on the segment.
  /// @param queue_max how many frames wait unread before further ones are dropped and counted
  std::unique_ptr<memory_transport> attach(std::string name, mac_address mac, std::size_t queue_max = 1024);

  /// Sends a frame as a host would that is not attached.
  void send(std::span<const std::byte> frame);

  /// Puts octets, however few, into every transport's queue as they are: nothing is looked at, stripped or refused.
  void inject(std::span<const std::byte> frame, bool foreign = false);

 private:
  asio::any_io_executor executor_;
  std::shared_ptr<detail::memory_segment> segment_;
};

}  // namespace isat::inline v0::transport

#if ISAT_HEADER_ONLY
#include "isat/transport/impl/memory_link.ipp"
#endif
