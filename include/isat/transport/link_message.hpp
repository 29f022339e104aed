// SPDX-License-Identifier: BSL-1.0

// Bytes from an rtnetlink socket -> messages about interfaces. The first stage of the link monitor; link_table takes
// the messages. Reading is total: whatever the lengths in a datagram claim, nothing outside it is read, and what is
// not a whole description of an interface is passed over. It refuses to open sockets and to remember anything.
#pragma once

#include "isat/transport/link_state.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <type_traits>

namespace isat::inline v0::transport {

/// What a message from the kernel says.
enum class link_message_kind : std::uint8_t {
  none = 0,       ///< invalid
  present = 1,    ///< `link` is there, in this state
  gone = 2,       ///< `link` is not there any more
  dump_done = 3,  ///< the dump with this sequence number ends here; `error` if it failed
  refused = 4,    ///< the request with this sequence number failed with `error`
  overrun = 5,    ///< messages were lost
};

/// One message about interfaces.
struct link_message {
  link_message_kind kind{};
  std::uint32_t sequence{};  ///< of the request that it answers, or that made the kernel tell everyone
  bool of_dump{};            ///< part of a dump, not told unasked
  bool interrupted{};        ///< the dump is not one consistent picture and has to be repeated
  int error{};               ///< an errno value, 0 for none
  link_state link;           ///< for `present` and `gone`
};

}  // namespace isat::inline v0::transport

namespace isat::inline v0::detail {

/// Copies a structure from the front of `from`, or says that it does not fit.
template <class Structure>
bool read_front(std::span<const std::byte> from, Structure& out) noexcept {
  static_assert(std::is_trivially_copyable_v<Structure>);
  if (from.size() < sizeof out) return false;
  std::memcpy(&out, from.data(), sizeof out);
  return true;
}

/// `length` rounded up to where the next netlink header starts, but not past `end`.
constexpr std::size_t netlink_step(std::size_t length, std::size_t end) noexcept {
  return std::min((length + 3) & ~std::size_t{3}, end);
}

/// Calls `visit(type, payload)` for every attribute up to the first whose length is a lie.
template <class Visit>
void for_each_attribute(std::span<const std::byte> bytes, Visit visit) {
  rtattr head{};
  while (read_front(bytes, head)) {
    const std::size_t length = head.rta_len;
    if (length < sizeof head || length > bytes.size()) return;
    visit(static_cast<unsigned>(head.rta_type & NLA_TYPE_MASK), bytes.subspan(sizeof head, length - sizeof head));
    bytes = bytes.subspan(netlink_step(length, bytes.size()));
  }
}

/// The text of an attribute, up to its terminating zero if it has one.
inline std::string_view attribute_text(std::span<const std::byte> payload) noexcept {
  const std::string_view text{reinterpret_cast<const char*>(payload.data()), payload.size()};
  return text.substr(0, text.find('\0'));
}

inline bool is_bridge_port(std::span<const std::byte> link_info) {
  bool bridge = false;
  for_each_attribute(link_info, [&bridge](unsigned type, std::span<const std::byte> payload) {
    if (type == IFLA_INFO_SLAVE_KIND) bridge = attribute_text(payload) == "bridge";
  });
  return bridge;
}

// IFF_LOWER_UP and IFF_DORMANT of <linux/if.h>, which cannot be included together with <net/if.h>.
inline constexpr unsigned flag_lower_up = 1U << 16;
inline constexpr unsigned flag_dormant = 1U << 17;

/// The interface that the body of an RTM_NEWLINK or RTM_DELLINK message describes, if it does so wholly.
inline std::optional<transport::link_state> read_link(std::span<const std::byte> body) {
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

/// The errno value of a netlink status, which is negative. A status that makes no sense is no success either.
constexpr int errno_of(int status) noexcept { return status < 0 && status > -4096 ? -status : EPROTO; }

/// The message behind one netlink header, if it concerns interfaces.
inline std::optional<transport::link_message> read_message(const nlmsghdr& head, std::span<const std::byte> body) {
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

/// Walks through the messages of one datagram. Looks at the bytes that it is given, which must outlive it.
class link_message_reader {
 public:
  explicit link_message_reader(std::span<const std::byte> datagram) noexcept : rest_{datagram} {}

  /// The next message that concerns interfaces; none at the end, or where a length is a lie.
  std::optional<link_message> next() {
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

 private:
  std::span<const std::byte> rest_;
};

}  // namespace isat::inline v0::transport
