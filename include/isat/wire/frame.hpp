// SPDX-License-Identifier: BSL-1.0

// Whole ARP frames: what a transport delivers and takes. Parsing joins the Ethernet and the ARP stage; the builders
// make the five frames that a speaker ever sends or looks for. In each of them the Ethernet source equals the ARP
// sender MAC, because some switches learn ports from the one and some from the other. Nothing here decides whether to
// send.
#pragma once

#include "isat/address.hpp"
#include "isat/wire/arp.hpp"
#include "isat/wire/ethernet.hpp"
#include "isat/wire/parse_error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace isat::inline v0::wire {

/// An Ethernet frame that carries an ARP message.
struct arp_frame {
  ethernet_header ethernet;
  arp_message arp;

  friend constexpr bool operator==(const arp_frame&, const arp_frame&) noexcept = default;
};

inline constexpr std::size_t arp_frame_size = ethernet_header_size + arp_message_size;
static_assert(arp_frame_size == 42);

/// The octets of a frame that we send; the network driver pads it to the minimum frame size.
using frame_bytes = std::array<std::byte, arp_frame_size>;

/// Reads a frame whose first octets are `bytes` and which had `length` octets on the wire (a transport may cut).
/// Errors: all of parse_error. Writes `out` only on success.
constexpr parse_error parse(std::span<const std::byte> bytes, std::size_t length, arp_frame& out) noexcept {
  arp_frame frame;
  if (const auto error = parse(bytes, frame.ethernet); error != parse_error::none) return error;
  if (frame.ethernet.type == ether_type::vlan || frame.ethernet.type == ether_type::service_vlan) {
    return parse_error::vlan_tagged;
  }
  if (frame.ethernet.type != ether_type::arp) return parse_error::not_arp;
  if (length > ethernet_frame_max) return parse_error::oversized;
  if (const auto error = parse(bytes.subspan(ethernet_header_size), frame.arp); error != parse_error::none) {
    return error;
  }
  out = frame;
  return parse_error::none;
}

/// Reads a frame that is whole in `bytes`.
constexpr parse_error parse(std::span<const std::byte> bytes, arp_frame& out) noexcept {
  return parse(bytes, bytes.size(), out);
}

/// The octets of `frame`.
constexpr frame_bytes emit(const arp_frame& frame) noexcept {
  frame_bytes out{};
  const std::span<std::byte, arp_frame_size> all{out};
  emit(frame.ethernet, all.first<ethernet_header_size>());
  emit(frame.arp, all.last<arp_message_size>());
  return out;
}

/// The answer to `request`: its target is at `mac`. Sent to the asker's sha, also when the request's Ethernet source
/// was another. @see RFC 826, "Packet Reception"
constexpr arp_frame make_reply(const arp_message& request, mac_address mac) noexcept {
  return {{request.sha, mac, ether_type::arp}, {operation::reply, mac, request.tpa, request.sha, request.spa}};
}

/// The two forms in which an announcement is sent: different neighbours believe different ones.
enum class announcement_form : std::uint8_t {
  none = 0,     ///< invalid
  request = 1,  ///< RFC 5227 form: a request with tha zero
  reply = 2,    ///< a reply with tha = sha, which a Linux neighbour takes even while its entry is fresh
};

/// A broadcast that tells every neighbour: `address` is at `mac`. @see RFC 5227, sections 1.1 and 3
constexpr arp_frame make_announcement(ipv4_address address, mac_address mac, announcement_form form) noexcept {
  const bool as_reply = form == announcement_form::reply;
  return {{mac_address::broadcast(), mac, ether_type::arp},
          {as_reply ? operation::reply : operation::request, mac, address, as_reply ? mac : mac_address{}, address}};
}

/// A request from `address` to one neighbour for the neighbour's own address: it moves that neighbour's entry of
/// `address` to `mac` also where announcements are filtered.
constexpr arp_frame make_targeted_request(ipv4_address address, mac_address mac, ipv4_address neighbour,
                                          mac_address neighbour_mac) noexcept {
  return {{neighbour_mac, mac, ether_type::arp}, {operation::request, mac, address, mac_address{}, neighbour}};
}

/// A question whether anybody uses `address`, which changes no neighbour's table. @see RFC 5227, section 2.1.1
constexpr arp_frame make_probe(ipv4_address address, mac_address mac) noexcept {
  return {{mac_address::broadcast(), mac, ether_type::arp},
          {operation::request, mac, ipv4_address{}, mac_address{}, address}};
}

}  // namespace isat::inline v0::wire
