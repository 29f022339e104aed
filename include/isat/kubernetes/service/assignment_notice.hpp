// SPDX-License-Identifier: BSL-1.0

// What a log line or an Event should say of addresses that are given to Services, or cannot be: told once when it
// happens. assignment_table.hpp makes them, as values; to_text() makes sentences of them. They refuse to be needed.
#pragma once

#include "isat/address.hpp"
#include "isat/detail/build.hpp"
#include "isat/kubernetes/service/event_recorder.hpp"
#include "isat/kubernetes/service/service_notice.hpp"

#include <cstdint>
#include <string>

namespace isat::inline v0::kubernetes {

/// What a notice tells. The values are API: append only.
enum class assignment_news : std::uint8_t {
  none = 0,
  assigned = 1,     ///< the Service has `address` now
  taken_back = 2,   ///< `address` was taken out of its status: it is no Service of ours any more
  freed = 3,        ///< nobody has `address` any more; the Service had it, and may be gone
  pool_full = 4,    ///< no address is free for it
  not_in_pool = 5,  ///< it wants `address`, which is not ours to give
  in_use = 6,       ///< it wants `address`, which `other` has; no name: something else has it
  unreadable = 7,   ///< what it wants, `wanted`, is no address
  duplicate = 8,    ///< its status names `address`, which belongs to `other`
  not_ours = 9,     ///< the record of the block that begins with `address` was written by somebody else
};

/// One notice.
struct assignment_notice {
  assignment_news news{};
  service_reference service;  ///< whom it is about; not of not_ours
  ipv4_address address;
  object_name other;
  std::string wanted;  ///< of unreadable

  friend bool operator==(const assignment_notice&, const assignment_notice&) = default;
};

/// True if somebody should look.
constexpr bool is_trouble(assignment_news news) noexcept { return news >= assignment_news::pool_full; }

/// One sentence without a full stop.
ISAT_API std::string to_text(const assignment_notice& notice);

/// What an Event on the Service should say. @pre the notice is about a Service
ISAT_API service_event to_event(const assignment_notice& notice);

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/service/impl/assignment_notice.ipp"
#endif
