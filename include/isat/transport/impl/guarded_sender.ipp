// SPDX-License-Identifier: BSL-1.0

// The bodies of guarded_sender.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/lease_clock.hpp"
#include "isat/transport/guarded_sender.hpp"

#include <span>

namespace isat::inline v0::transport {

ISAT_INLINE guarded_sender::outcome guarded_sender::flush(frame_transport& out,
                                                          const election::leadership_table& leaderships) noexcept {
  outcome result;
  std::array<std::span<const std::byte>, batch_max> spans;
  const lease_time now = lease_clock::now();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    if (!leaderships.leads(groups_[i], now)) {
      ++result.lapsed;
      continue;
    }
    move(i, kept);
    spans[kept] = frames_[kept];
    ++kept;
  }
  size_ = kept;
  if (kept == 0) return result;
  result.sent = out.try_send(std::span{spans}.first(kept), result.error);
  for (std::size_t i = result.sent; i < kept; ++i) move(i, i - result.sent);
  size_ = kept - result.sent;
  return result;
}

ISAT_INLINE void guarded_sender::withdraw(ipv4_address address) noexcept {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    wire::arp_frame frame;
    const bool withdrawn = wire::parse(frames_[i], frame) == wire::parse_error::none && frame.arp.spa == address;
    if (!withdrawn) move(i, kept++);
  }
  size_ = kept;
}

ISAT_INLINE void guarded_sender::move(std::size_t from, std::size_t to) noexcept {
  if (from == to) return;
  frames_[to] = frames_[from];
  groups_[to] = groups_[from];
}

}  // namespace isat::inline v0::transport
