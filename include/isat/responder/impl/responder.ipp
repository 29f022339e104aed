// SPDX-License-Identifier: BSL-1.0

// The bodies of responder.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/responder/responder.hpp"

namespace isat::inline v0::responder {

ISAT_INLINE responder::responder(const vip_table& vips, const election::leadership_table& leaderships) noexcept
    : vips_{vips}, leaderships_{leaderships} {}

ISAT_INLINE void responder::send(transport::frame_transport& out, counters& counted) noexcept {
  if (replies_.empty()) return;
  const auto outcome = replies_.flush(out, leaderships_);
  counted.replies += outcome.sent;
  counted.count(drop_reason::lapsed, outcome.lapsed);
  counted.refused_by_link += replies_.size();
  replies_.clear();
}

}  // namespace isat::inline v0::responder
