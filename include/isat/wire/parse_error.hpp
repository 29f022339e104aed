// SPDX-License-Identifier: BSL-1.0

// Why bytes are not an ARP message that we understand. Parsers return it, counters are indexed by it, people read it.
// These are the peer's mistakes or dialects, so they are values, never exceptions; what is well formed but not for us
// is a `responder::drop_reason` instead.
#pragma once

#include "isat/detail/unreachable.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace isat::inline v0::wire {

/// Why parsing refused. The values are API: append only.
enum class parse_error : std::uint8_t {
  none = 0,
  truncated = 1,                  ///< malformed: ends before its fields do
  oversized = 2,                  ///< malformed: longer than an untagged Ethernet frame can be
  not_arp = 3,                    ///< not for us: another EtherType
  vlan_tagged = 4,                ///< unsupported: an 802.1Q or 802.1ad tag is still in the bytes
  unsupported_hardware_type = 5,  ///< unsupported: htype is not Ethernet
  unsupported_protocol_type = 6,  ///< unsupported: ptype is not IPv4
  bad_hardware_length = 7,        ///< malformed: hlen is not 6 although htype is Ethernet
  bad_protocol_length = 8,        ///< malformed: plen is not 4 although ptype is IPv4
  unsupported_operation = 9,      ///< unsupported: oper is neither request nor reply
};

/// Every refusal, for loops over counters.
inline constexpr std::array parse_errors{
    parse_error::truncated,
    parse_error::oversized,
    parse_error::not_arp,
    parse_error::vlan_tagged,
    parse_error::unsupported_hardware_type,
    parse_error::unsupported_protocol_type,
    parse_error::bad_hardware_length,
    parse_error::bad_protocol_length,
    parse_error::unsupported_operation,
};

/// The enumerator's name, as used in logs and metrics.
constexpr std::string_view to_string(parse_error error) noexcept {
  switch (error) {
    case parse_error::none:
      return "none";
    case parse_error::truncated:
      return "truncated";
    case parse_error::oversized:
      return "oversized";
    case parse_error::not_arp:
      return "not_arp";
    case parse_error::vlan_tagged:
      return "vlan_tagged";
    case parse_error::unsupported_hardware_type:
      return "unsupported_hardware_type";
    case parse_error::unsupported_protocol_type:
      return "unsupported_protocol_type";
    case parse_error::bad_hardware_length:
      return "bad_hardware_length";
    case parse_error::bad_protocol_length:
      return "bad_protocol_length";
    case parse_error::unsupported_operation:
      return "unsupported_operation";
  }
  detail::unreachable();
}

}  // namespace isat::inline v0::wire
