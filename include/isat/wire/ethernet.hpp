// SPDX-License-Identifier: BSL-1.0

// The Ethernet header: 14 octets <-> a value. The first stage on the way in and the last on the way out. Parsing is
// total and writes its result only on success; emitting cannot fail. It refuses VLAN tags: a packet socket delivers
// frames whose tag the kernel has already taken off.
#pragma once

#include "isat/address.hpp"
#include "isat/wire/parse_error.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace isat::inline v0::wire {

/// EtherTypes by name; any other value may occur. @see IEEE 802 numbers registry at IANA
enum class ether_type : std::uint16_t {
  ipv4 = 0x0800,
  arp = 0x0806,
  vlan = 0x8100,          ///< 802.1Q customer tag
  service_vlan = 0x88a8,  ///< 802.1ad service tag
};

/// The header in front of every frame. @see IEEE 802.3, section 3.1.1
struct ethernet_header {
  mac_address destination;
  mac_address source;
  ether_type type{};

  friend constexpr bool operator==(const ethernet_header&, const ethernet_header&) noexcept = default;
};

inline constexpr std::size_t ethernet_header_size = 14;
static_assert(ethernet_header_size == 6 + 6 + 2);

/// The longest untagged frame without its check sequence: header and 1500 octets of payload.
inline constexpr std::size_t ethernet_frame_max = ethernet_header_size + 1500;

}  // namespace isat::inline v0::wire

namespace isat::inline v0::detail {

// Cursors over big-endian octets. Callers have checked the length: each layout below proves its sum by static_assert.
struct octet_reader {
  const std::byte* at;

  constexpr std::uint8_t u8() noexcept { return std::to_integer<std::uint8_t>(*at++); }
  constexpr std::uint16_t u16() noexcept {
    const auto high = u8();
    return static_cast<std::uint16_t>(high << 8 | u8());
  }
  constexpr mac_address mac() noexcept {
    mac_address::octets_type octets{};
    for (auto& octet : octets) octet = u8();
    return mac_address{octets};
  }
  constexpr ipv4_address ipv4() noexcept {
    ipv4_address::octets_type octets{};
    for (auto& octet : octets) octet = u8();
    return ipv4_address{octets};
  }
};

struct octet_writer {
  std::byte* at;

  constexpr void u8(std::uint8_t value) noexcept { *at++ = std::byte{value}; }
  constexpr void u16(std::uint16_t value) noexcept {
    u8(static_cast<std::uint8_t>(value >> 8));
    u8(static_cast<std::uint8_t>(value));
  }
  constexpr void mac(const mac_address& value) noexcept {
    for (const auto octet : value.octets()) u8(octet);
  }
  constexpr void ipv4(ipv4_address value) noexcept {
    for (const auto octet : value.octets()) u8(octet);
  }
};

}  // namespace isat::inline v0::detail

namespace isat::inline v0::wire {

/// Reads the header at the front of `bytes`; errors: `truncated`. Writes `out` only on success.
constexpr parse_error parse(std::span<const std::byte> bytes, ethernet_header& out) noexcept {
  if (bytes.size() < ethernet_header_size) return parse_error::truncated;
  detail::octet_reader in{bytes.data()};
  out.destination = in.mac();
  out.source = in.mac();
  out.type = static_cast<ether_type>(in.u16());
  return parse_error::none;
}

/// Writes `header` in wire order.
constexpr void emit(const ethernet_header& header, std::span<std::byte, ethernet_header_size> out) noexcept {
  detail::octet_writer to{out.data()};
  to.mac(header.destination);
  to.mac(header.source);
  to.u16(static_cast<std::uint16_t>(header.type));
}

}  // namespace isat::inline v0::wire
