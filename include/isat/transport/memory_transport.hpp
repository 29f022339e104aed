// SPDX-License-Identifier: BSL-1.0

// One interface on a memory_link: a bounded queue of frames behind the frame_transport seam. It stands where
// packet_socket stands, and does what that does in the order that it does it; only the kernel's filter is missing. It
// refuses to be made without a segment: memory_link::attach makes it.
#pragma once

#include "isat/address.hpp"
#include "isat/detail/build.hpp"
#include "isat/transport/frame_transport.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>
#include <span>

namespace isat::inline v0::detail {

class memory_endpoint;
class memory_segment;

}  // namespace isat::inline v0::detail

namespace isat::inline v0::transport {

/// An interface on a segment in memory. Sending to a segment never blocks and never runs a handler inline.
class ISAT_API memory_transport final : public frame_transport {
 public:
  memory_transport(asio::any_io_executor executor, std::shared_ptr<detail::memory_segment> segment,
                   link_identity identity, std::size_t queue_max);
  ISAT_INLINE ~memory_transport() override;

  ISAT_INLINE asio::any_io_executor get_executor() noexcept override;

  /// A frame of fewer than 14 octets ends the batch with `invalid_argument`, as a packet socket does.
  ISAT_INLINE std::size_t try_send(std::span<const std::span<const std::byte>> frames,
                                   error_code& error) noexcept override;

  ISAT_INLINE link_identity link() const override;
  ISAT_INLINE transport_statistics statistics() noexcept override;

  /// Gives the interface another address: from now on frames to the old one are foreign.
  void set_mac(mac_address mac) noexcept;

 private:
  ISAT_INLINE void do_receive(std::span<received_frame> into, handler<receive_signature> done) override;

  std::shared_ptr<detail::memory_segment> segment_;
  std::shared_ptr<detail::memory_endpoint> endpoint_;
};

}  // namespace isat::inline v0::transport

#if ISAT_HEADER_ONLY
#include "isat/transport/impl/memory_transport.ipp"
#endif
