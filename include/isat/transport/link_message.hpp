// SPDX-License-Identifier: BSL-1.0

// Bytes from an rtnetlink socket -> messages about interfaces. The first stage of the link monitor; link_table takes
// the messages. Reading is total: whatever the lengths in a datagram claim, nothing outside it is read, and what is
// not a whole description of an interface is passed over. It refuses to open sockets and to remember anything.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/transport/link_state.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <optional>
#include <span>
#include <string_view>
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
std::string_view attribute_text(std::span<const std::byte> payload) noexcept;

bool is_bridge_port(std::span<const std::byte> link_info);

// IFF_LOWER_UP and IFF_DORMANT of <linux/if.h>, which cannot be included together with <net/if.h>.
inline constexpr unsigned flag_lower_up = 1U << 16;
inline constexpr unsigned flag_dormant = 1U << 17;

/// The interface that the body of an RTM_NEWLINK or RTM_DELLINK message describes, if it does so wholly.
std::optional<transport::link_state> read_link(std::span<const std::byte> body);

/// The errno value of a netlink status, which is negative. A status that makes no sense is no success either.
constexpr int errno_of(int status) noexcept { return status < 0 && status > -4096 ? -status : EPROTO; }

/// The message behind one netlink header, if it concerns interfaces.
std::optional<transport::link_message> read_message(const nlmsghdr& head, std::span<const std::byte> body);

}  // namespace isat::inline v0::detail

namespace isat::inline v0::transport {

/// Walks through the messages of one datagram. Looks at the bytes that it is given, which must outlive it.
class ISAT_API link_message_reader {
 public:
  explicit link_message_reader(std::span<const std::byte> datagram) noexcept : rest_{datagram} {}

  /// The next message that concerns interfaces; none at the end, or where a length is a lie.
  std::optional<link_message> next();

 private:
  std::span<const std::byte> rest_;
};

}  // namespace isat::inline v0::transport

#if ISAT_HEADER_ONLY
#include "isat/transport/impl/link_message.ipp"
#endif
