// SPDX-License-Identifier: BSL-1.0

// Why a well-formed ARP message got no reply. decide() returns it, counters are indexed by it, people read it when they
// ask why the speaker is silent. What could not be parsed has a `wire::parse_error` instead.
#pragma once

#include "isat/detail/unreachable.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace isat::inline v0::responder {

/// Why there was no reply. The values are API: append only.
enum class drop_reason : std::uint8_t {
  none = 0,
  wrong_destination = 1,  ///< its Ethernet destination is neither broadcast nor our MAC
  foreign_vlan = 2,       ///< it belongs to another VLAN of this interface
  zero_sender = 3,        ///< sha is 00:00:00:00:00:00: nobody to reply to
  group_sender = 4,       ///< sha is a multicast or broadcast address
  own_announcement = 5,   ///< our own claim of a VIP, heard on another of our interfaces
  conflict = 6,           ///< another host claims a VIP that we lead
  not_a_request = 7,      ///< a reply: somebody else's conversation
  not_a_vip = 8,          ///< its target is no VIP of this interface
  not_leader = 9,         ///< its target is a VIP whose group we do not lead now
  lapsed = 10,            ///< we led when we decided, but no longer when the reply was about to leave
};

/// Every reason, for loops over counters.
inline constexpr std::array drop_reasons{
    drop_reason::wrong_destination, drop_reason::foreign_vlan, drop_reason::zero_sender,   drop_reason::group_sender,
    drop_reason::own_announcement,  drop_reason::conflict,     drop_reason::not_a_request, drop_reason::not_a_vip,
    drop_reason::not_leader,        drop_reason::lapsed,
};

/// The enumerator's name, as used in logs and metrics.
constexpr std::string_view to_string(drop_reason reason) noexcept {
  switch (reason) {
    case drop_reason::none:
      return "none";
    case drop_reason::wrong_destination:
      return "wrong_destination";
    case drop_reason::foreign_vlan:
      return "foreign_vlan";
    case drop_reason::zero_sender:
      return "zero_sender";
    case drop_reason::group_sender:
      return "group_sender";
    case drop_reason::own_announcement:
      return "own_announcement";
    case drop_reason::conflict:
      return "conflict";
    case drop_reason::not_a_request:
      return "not_a_request";
    case drop_reason::not_a_vip:
      return "not_a_vip";
    case drop_reason::not_leader:
      return "not_leader";
    case drop_reason::lapsed:
      return "lapsed";
  }
  detail::unreachable();
}

}  // namespace isat::inline v0::responder
