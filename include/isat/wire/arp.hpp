// SPDX-License-Identifier: BSL-1.0

// The ARP message for IPv4 over Ethernet: 28 octets <-> a value. It follows the Ethernet header on the way in and out.
// The value holds only what can differ, so no length field of it can lie. It refuses every other hardware and protocol
// by name; padding behind the message is allowed and ignored, since short frames are padded on the wire.
#pragma once

#include "isat/address.hpp"
#include "isat/wire/ethernet.hpp"
#include "isat/wire/parse_error.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace isat::inline v0::wire {

/// What an ARP message is. @see RFC 826, "Packet format" (ar$op)
enum class operation : std::uint8_t {
  none = 0,  ///< invalid
  request = 1,
  reply = 2,
};

/// An ARP message, with the field names of RFC 5227, section 1.1 (sender and target, hardware and protocol address).
struct arp_message {
  operation oper{};
  mac_address sha;
  ipv4_address spa;
  mac_address tha;
  ipv4_address tpa;

  friend constexpr bool operator==(const arp_message&, const arp_message&) noexcept = default;
};

inline constexpr std::size_t arp_message_size = 28;
static_assert(arp_message_size == 2 + 2 + 1 + 1 + 2 + 2 * (6 + 4));

/// Reads the message at the front of `bytes`. Errors: `truncated`, `unsupported_hardware_type`,
/// `unsupported_protocol_type`, `bad_hardware_length`, `bad_protocol_length`, `unsupported_operation`. Writes `out`
/// only on success. @see RFC 826, "Packet Reception"
constexpr parse_error parse(std::span<const std::byte> bytes, arp_message& out) noexcept {
  if (bytes.size() < arp_message_size) return parse_error::truncated;
  detail::octet_reader in{bytes.data()};
  if (in.u16() != 1) return parse_error::unsupported_hardware_type;
  if (in.u16() != static_cast<std::uint16_t>(ether_type::ipv4)) return parse_error::unsupported_protocol_type;
  if (in.u8() != 6) return parse_error::bad_hardware_length;
  if (in.u8() != 4) return parse_error::bad_protocol_length;
  const std::uint16_t oper = in.u16();
  if (oper != 1 && oper != 2) return parse_error::unsupported_operation;
  out.oper = static_cast<operation>(oper);
  out.sha = in.mac();
  out.spa = in.ipv4();
  out.tha = in.mac();
  out.tpa = in.ipv4();
  return parse_error::none;
}

/// Writes `message` in wire order.
constexpr void emit(const arp_message& message, std::span<std::byte, arp_message_size> out) noexcept {
  detail::octet_writer to{out.data()};
  to.u16(1);
  to.u16(static_cast<std::uint16_t>(ether_type::ipv4));
  to.u8(6);
  to.u8(4);
  to.u16(static_cast<std::uint16_t>(message.oper));
  to.mac(message.sha);
  to.ipv4(message.spa);
  to.mac(message.tha);
  to.ipv4(message.tpa);
}

}  // namespace isat::inline v0::wire
