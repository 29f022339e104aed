// SPDX-License-Identifier: BSL-1.0

// The bodies of memory_link.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/memory_segment.hpp"
#include "isat/transport/frame_transport.hpp"
#include "isat/transport/memory_link.hpp"

#include <utility>

namespace isat::inline v0::transport {

ISAT_INLINE memory_link::memory_link(asio::any_io_executor executor)
    : executor_{std::move(executor)}, segment_{std::make_shared<detail::memory_segment>()} {}

ISAT_INLINE std::unique_ptr<memory_transport> memory_link::attach(std::string name, mac_address mac,
                                                                  std::size_t queue_max) {
  link_identity identity{std::move(name), mac};
  return std::make_unique<memory_transport>(executor_, segment_, std::move(identity), queue_max);
}

ISAT_INLINE void memory_link::send(std::span<const std::byte> frame) { segment_->deliver(frame, nullptr); }

ISAT_INLINE void memory_link::inject(std::span<const std::byte> frame, bool foreign) {
  segment_->inject(frame, foreign);
}

}  // namespace isat::inline v0::transport
