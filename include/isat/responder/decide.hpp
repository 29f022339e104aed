// SPDX-License-Identifier: BSL-1.0

// One ARP message in, one decision out: reply, or the reason for silence. It stands between wire::parse and wire::emit.
// A pure function over the VIP table and the leadership table; it allocates nothing and looks up at most two addresses
// (the claimed sender and the target). It refuses to build or send frames, and the leadership it saw is asked again
// just before the reply leaves (guarded_sender.hpp).
#pragma once

#include "isat/address.hpp"
#include "isat/clock.hpp"
#include "isat/election/leadership.hpp"
#include "isat/responder/drop_reason.hpp"
#include "isat/responder/vip_table.hpp"
#include "isat/wire/frame.hpp"

#include <span>

namespace isat::inline v0::responder {

/// Who received the message.
struct receiver {
  interface_id interface{};
  mac_address mac;                        ///< of that interface, now
  std::span<const mac_address> own_macs;  ///< of every interface of this host that may carry our claims
};

/// What to do with a message.
struct decision {
  drop_reason reason{};  ///< `none`: reply with wire::make_reply
  group_id group{};      ///< whose leadership the reply needs; set where reason is none, not_leader or conflict

  constexpr bool replies() const noexcept { return reason == drop_reason::none; }
  friend constexpr bool operator==(const decision&, const decision&) noexcept = default;
};

/// True if `mac` is a MAC address of this host.
constexpr bool is_own(const mac_address& mac, const receiver& at) noexcept {
  if (mac == at.mac) return true;
  for (const auto& own : at.own_macs) {
    if (mac == own) return true;
  }
  return false;
}

/// Decides about one message.
/// @param frame what wire::parse gave
/// @param foreign the transport's word that the frame was addressed to another host or VLAN
/// @param now the reading against which leadership is judged
/// @see RFC 826 "Packet Reception"; RFC 5227 section 2.4 (what a conflict is)
inline decision decide(const wire::arp_frame& frame, bool foreign, const receiver& at, const vip_table& vips,
                       const election::leadership_table& leaderships, const lease_time& now) noexcept {
  const auto& [ethernet, arp] = frame;
  if (!ethernet.destination.is_broadcast() && ethernet.destination != at.mac) return {drop_reason::wrong_destination};
  if (foreign) return {drop_reason::foreign_vlan};
  if (arp.sha.is_zero()) return {drop_reason::zero_sender};
  if (arp.sha.is_group()) return {drop_reason::group_sender};

  if (const vip* claimed = vips.find(arp.spa, at.interface); claimed != nullptr) {
    if (is_own(arp.sha, at)) return {drop_reason::own_announcement};
    if (leaderships.leads(claimed->group, now)) return {drop_reason::conflict, claimed->group};
  }

  if (arp.oper != wire::operation::request) return {drop_reason::not_a_request};
  const vip* target = vips.find(arp.tpa, at.interface);
  if (target == nullptr) return {drop_reason::not_a_vip};
  if (!leaderships.leads(target->group, now)) return {drop_reason::not_leader, target->group};
  return {drop_reason::none, target->group};
}

}  // namespace isat::inline v0::responder
