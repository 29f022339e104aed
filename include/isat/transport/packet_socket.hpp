// SPDX-License-Identifier: BSL-1.0

// The transport to a real interface: a Linux packet socket for ARP. Between the wire and the responder; frames come
// and go in batches through buffers that are made once. The kernel refuses malformed frames (arp_filter.hpp) and takes
// VLAN tags off; what was meant for others is marked foreign and left to the responder. It refuses to follow the
// interface: whether that is up, has another MAC or was made anew is for link_monitor to say.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/transport/frame_transport.hpp"
#include "isat/transport/link_state.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>
#include <span>

namespace isat::inline v0::detail {

class packet_socket_state;

}  // namespace isat::inline v0::detail

namespace isat::inline v0::transport {

/// ARP frames on one Linux interface, which it keeps to when the interface is renamed.
///
/// Beyond frame_transport: when the interface goes down, or is down at the start, one receive ends with
/// `network_down`; the next one waits until frames come again, so a caller that just goes on does not spin. Sending
/// meanwhile fails with `network_down`. When the interface is deleted, sending fails with `no_such_device` and so may
/// one receive; a receive that was started after the interface went down hears no more and has to be cancelled.
class ISAT_API packet_socket final : public frame_transport {
 public:
  /// Opens the interface `link.index`; `link.name` and `link.mac` are kept as given.
  /// @param executor on which everything runs
  /// @param error `operation_not_permitted`: CAP_NET_RAW is not effective (only this call needs it);
  ///   `no_such_device`: the interface is gone; else what the system said. Then the result is null.
  /// @pre link.ethernet
  static std::unique_ptr<packet_socket> open(asio::any_io_executor executor, const link_state& link, error_code& error);

  ISAT_INLINE ~packet_socket() override;

  ISAT_INLINE asio::any_io_executor get_executor() noexcept override;

  ISAT_INLINE std::size_t try_send(std::span<const std::span<const std::byte>> frames,
                                   error_code& error) noexcept override;

  link_identity link() const override { return identity_; }

  /// Reads the kernel's counters, which costs one system call.
  ISAT_INLINE transport_statistics statistics() noexcept override;

 private:
  packet_socket(std::shared_ptr<detail::packet_socket_state> state, link_identity identity);

  ISAT_INLINE void do_receive(std::span<received_frame> into, handler<receive_signature> done) override;

  std::shared_ptr<detail::packet_socket_state> state_;
  link_identity identity_;
};

}  // namespace isat::inline v0::transport

#if ISAT_HEADER_ONLY
#include "isat/transport/impl/packet_socket.ipp"
#endif
