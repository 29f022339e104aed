// SPDX-License-Identifier: BSL-1.0

// What the Linux kernel does to VLAN tags before an ARP packet socket sees a frame, as a function over bytes. The
// memory segment uses it to hand over what a real interface would; the real one is the kernel, and a test compares the
// two. It refuses to allocate: the result is two views into the frame.
#pragma once

#include "isat/wire/ethernet.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace isat::inline v0::transport {

/// A frame without its tags: the two addresses, then all from the inner EtherType on.
struct untagged_frame {
  std::span<const std::byte> addresses;
  std::span<const std::byte> rest;
  bool other_vlan{};  ///< a tag named a VLAN other than 0, which only says a priority
};

/// Takes the outer tag off, and further ones below it as long as they only say priorities. None if the frame ends
/// within its Ethernet header or a tag. @see IEEE 802.1Q, section 9.6 (tag control information)
constexpr std::optional<untagged_frame> strip_tags(std::span<const std::byte> frame) noexcept {
  constexpr std::size_t addresses_size = 12;
  constexpr std::size_t tag_size = 4;
  if (frame.size() < wire::ethernet_header_size) return std::nullopt;
  untagged_frame out{frame.first(addresses_size), frame.subspan(addresses_size)};
  while (!out.other_vlan) {
    detail::octet_reader in{out.rest.data()};
    const auto type = static_cast<wire::ether_type>(in.u16());
    if (type != wire::ether_type::vlan && type != wire::ether_type::service_vlan) break;
    // The kernel wants two more octets behind the inner EtherType.
    if (out.rest.size() < tag_size + 4) return std::nullopt;
    out.other_vlan = (in.u16() & 0x0fffU) != 0;
    out.rest = out.rest.subspan(tag_size);
  }
  return out;
}

}  // namespace isat::inline v0::transport
