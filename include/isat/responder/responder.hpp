// SPDX-License-Identifier: BSL-1.0

// Answers one batch of received frames: parse, decide, emit, send through the gate, and count each frame once. It is
// the data path of one interface without its waiting: served_interface.hpp receives, this answers. It allocates
// nothing, and it refuses to act on claims of our VIPs: those are told to the caller.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/election/leadership.hpp"
#include "isat/lease_clock.hpp"
#include "isat/responder/counters.hpp"
#include "isat/responder/decide.hpp"
#include "isat/responder/vip_table.hpp"
#include "isat/transport/frame_transport.hpp"
#include "isat/transport/guarded_sender.hpp"
#include "isat/wire/frame.hpp"

#include <array>
#include <cassert>
#include <cstddef>
#include <span>

namespace isat::inline v0::responder {

/// The answering side of one interface.
class ISAT_API responder {
 public:
  responder(const vip_table& vips, const election::leadership_table& leaderships) noexcept;

  /// Answers `frames` on the transport that received them.
  /// @param frames at most transport::batch_max
  /// @param counted where each frame is counted
  /// @param on_claim called as `on_claim(const wire::arp_message&, drop_reason)` with `conflict` or `own_announcement`,
  ///   after the replies have left, so that it cannot delay them and may change what this call stands on
  template <class OnClaim>
  void answer(std::span<const transport::received_frame> frames, const receiver& at, transport::frame_transport& out,
              counters& counted, OnClaim on_claim) {
    assert(frames.size() <= transport::batch_max);
    const lease_time now = lease_clock::now();
    std::size_t claims = 0;
    for (const auto& received : frames) {
      ++counted.received;
      wire::arp_frame frame;
      if (const auto error = wire::parse(received.bytes, received.length, frame); error != wire::parse_error::none) {
        counted.count(error);
        continue;
      }
      const decision decided = decide(frame, received.foreign, at, vips_, leaderships_, now);
      if (decided.replies()) {
        replies_.push(wire::emit(wire::make_reply(frame.arp, at.mac)), decided.group);
        continue;
      }
      counted.count(decided.reason);
      if (decided.reason == drop_reason::conflict || decided.reason == drop_reason::own_announcement) {
        claims_[claims++] = {frame.arp, decided.reason};
      }
    }
    send(out, counted);
    for (const auto& [message, reason] : std::span{claims_}.first(claims)) on_claim(message, reason);
  }

 private:
  struct claim {
    wire::arp_message message;
    drop_reason reason{};
  };

  // A reply that cannot leave at once is worth nothing later: the asker asks again.
  void send(transport::frame_transport& out, counters& counted) noexcept;

  const vip_table& vips_;
  const election::leadership_table& leaderships_;
  transport::guarded_sender replies_;
  std::array<claim, transport::batch_max> claims_;
};

}  // namespace isat::inline v0::responder

#if ISAT_HEADER_ONLY
#include "isat/responder/impl/responder.ipp"
#endif
