// SPDX-License-Identifier: BSL-1.0

// The bodies of link_message.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/transport/link_message.hpp"

#include <linux/if_link.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string>
#include <sys/socket.h>
#include <utility>

namespace isat::inline v0::detail {

ISAT_INLINE std::string_view attribute_text(std::span<const std::byte> payload) noexcept {
  const std::string_view text{reinterpret_cast<const char*>(payload.data()), payload.size()};
  return text.substr(0, text.find('\0'));
}

ISAT_INLINE bool is_bridge_port(std::span<const std::byte> link_info) {
  bool bridge = false;
  for_each_attribute(link_info, [&bridge](unsigned type, std::span<const std::byte> payload) {
    if (type == IFLA_INFO_SLAVE_KIND) bridge = attribute_text(payload) == "bridge";
  });
  return bridge;
}

ISAT_INLINE std::optional<transport::link_state> read_link(std::span<const std::byte> body) {
  ifinfomsg info{};
  if (!read_front(body, info)) return std::nullopt;
  // The bridge code tells of its ports under its own family, also that they are "deleted" when they merely leave.
  if (info.ifi_family != AF_UNSPEC || info.ifi_index <= 0) return std::nullopt;
  transport::link_state link;
  link.index = static_cast<unsigned>(info.ifi_index);
  link.up = (info.ifi_flags & IFF_UP) != 0;
  // Not IFF_RUNNING: the kernel may say that up to a second after frames can pass.
  link.carrier = link.up && (info.ifi_flags & flag_lower_up) != 0 && (info.ifi_flags & flag_dormant) == 0;
  link.ethernet = info.ifi_type == ARPHRD_ETHER;
  link.loopback = (info.ifi_flags & IFF_LOOPBACK) != 0;
  bool addressed = false;
  bool partial = false;
  const auto visit = [&](unsigned type, std::span<const std::byte> payload) {
    if (type == IFLA_IFNAME) link.name = attribute_text(payload);
    // Wireless drivers send messages that hold a name and an event, and nothing of the state.
    if (type == IFLA_WIRELESS) partial = true;
    if (type == IFLA_LINKINFO) link.bridge_port = is_bridge_port(payload);
    mac_address::octets_type octets{};
    if (type == IFLA_ADDRESS && link.ethernet && payload.size() == octets.size() && read_front(payload, octets)) {
      link.mac = mac_address{octets};
      addressed = true;
    }
  };
  for_each_attribute(body.subspan(netlink_step(sizeof info, body.size())), visit);
  if (partial || link.name.empty() || link.name.size() >= IFNAMSIZ || addressed != link.ethernet) return std::nullopt;
  return link;
}

ISAT_INLINE std::optional<transport::link_message> read_message(const nlmsghdr& head, std::span<const std::byte> body) {
  using transport::link_message_kind;
  transport::link_message message;
  message.sequence = head.nlmsg_seq;
  message.of_dump = (head.nlmsg_flags & NLM_F_MULTI) != 0;
  message.interrupted = (head.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
  int status = 0;
  switch (head.nlmsg_type) {
    case NLMSG_DONE:
      message.kind = link_message_kind::dump_done;
      if (read_front(body, status) && status < 0) message.error = errno_of(status);
      return message;
    case NLMSG_ERROR:
      if (!read_front(body, status) || status == 0) return std::nullopt;
      message.kind = link_message_kind::refused;
      message.error = errno_of(status);
      return message;
    case NLMSG_OVERRUN:
      message.kind = link_message_kind::overrun;
      return message;
    case RTM_NEWLINK:
    case RTM_DELLINK:
      break;
    default:
      return std::nullopt;
  }
  auto link = read_link(body);
  if (!link) return std::nullopt;
  message.kind = head.nlmsg_type == RTM_NEWLINK ? link_message_kind::present : link_message_kind::gone;
  message.link = *std::move(link);
  return message;
}

}  // namespace isat::inline v0::detail

namespace isat::inline v0::transport {

ISAT_INLINE std::optional<link_message> link_message_reader::next() {
  nlmsghdr head{};
  while (detail::read_front(rest_, head)) {
    const std::size_t length = head.nlmsg_len;
    if (length < sizeof head || length > rest_.size()) break;
    const auto body = rest_.subspan(sizeof head, length - sizeof head);
    rest_ = rest_.subspan(detail::netlink_step(length, rest_.size()));
    if (auto message = detail::read_message(head, body)) return message;
  }
  rest_ = {};
  return std::nullopt;
}

}  // namespace isat::inline v0::transport
