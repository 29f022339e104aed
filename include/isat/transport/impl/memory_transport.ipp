// SPDX-License-Identifier: BSL-1.0

// The bodies of memory_transport.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/memory_segment.hpp"
#include "isat/transport/memory_transport.hpp"
#include "isat/wire/ethernet.hpp"

#include <boost/asio/error.hpp>

#include <cassert>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace isat::inline v0::transport {

ISAT_INLINE memory_transport::memory_transport(asio::any_io_executor executor,
                                               std::shared_ptr<detail::memory_segment> segment, link_identity identity,
                                               std::size_t queue_max)
    : segment_{std::move(segment)},
      endpoint_{std::make_shared<detail::memory_endpoint>(std::move(executor), std::move(identity), queue_max)} {
  segment_->attach(endpoint_);
}

ISAT_INLINE memory_transport::~memory_transport() {
  segment_->detach(endpoint_.get());
  endpoint_->close();
}

ISAT_INLINE std::size_t memory_transport::try_send(std::span<const std::span<const std::byte>> frames,
                                                   error_code& error) noexcept {
  assert(frames.size() <= batch_max);
  error = {};
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (frames[i].size() < wire::ethernet_header_size) {
      error = i == 0 ? asio::error::invalid_argument : asio::error::would_block;
      return i;
    }
    segment_->deliver(frames[i], endpoint_.get());
  }
  return frames.size();
}

ISAT_INLINE void memory_transport::do_receive(std::span<received_frame> into, handler<receive_signature> done) {
  assert(!into.empty());
  endpoint_->start(into, {endpoint_, std::move(done)});
}

ISAT_INLINE asio::any_io_executor memory_transport::get_executor() noexcept { return endpoint_->get_executor(); }

ISAT_INLINE link_identity memory_transport::link() const { return endpoint_->identity(); }

ISAT_INLINE transport_statistics memory_transport::statistics() noexcept { return {endpoint_->drops()}; }

ISAT_INLINE void memory_transport::set_mac(mac_address mac) noexcept { endpoint_->identity().mac = mac; }

}  // namespace isat::inline v0::transport
