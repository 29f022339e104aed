// SPDX-License-Identifier: BSL-1.0

// fmt formatters for the public values of core, so that users print them with `fmt::print("{}", address)`. Formatting
// is for people and logs; nothing parses it back. They take the format options of strings (width, fill, alignment).
// Templates of the context, and texts put together by hand: so an include instantiates nothing of fmt.
#pragma once

#include "isat/address.hpp"
#include "isat/election/leadership.hpp"
#include "isat/responder/drop_reason.hpp"
#include "isat/wire/arp.hpp"
#include "isat/wire/frame.hpp"
#include "isat/wire/parse_error.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace isat::inline v0::detail {

inline std::string text_of(const wire::arp_message& message) {
  const std::string sender = message.spa.to_string();
  const std::string mac = message.sha.to_string();
  if (message.oper == wire::operation::reply) return sender + " is-at " + mac;
  return "who-has " + message.tpa.to_string() + " tell " + sender + " (" + mac + ")";
}

}  // namespace isat::inline v0::detail

template <>
struct fmt::formatter<isat::mac_address> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const isat::mac_address& value, Context& context) const {
    return fmt::formatter<std::string_view>::format(value.to_string(), context);
  }
};

template <>
struct fmt::formatter<isat::ipv4_address> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(isat::ipv4_address value, Context& context) const {
    return fmt::formatter<std::string_view>::format(value.to_string(), context);
  }
};

template <>
struct fmt::formatter<isat::group_id> : fmt::formatter<std::uint32_t> {
  template <class Context>
  auto format(isat::group_id value, Context& context) const {
    return fmt::formatter<std::uint32_t>::format(static_cast<std::uint32_t>(value), context);
  }
};

template <>
struct fmt::formatter<isat::wire::parse_error> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(isat::wire::parse_error value, Context& context) const {
    return fmt::formatter<std::string_view>::format(to_string(value), context);
  }
};

template <>
struct fmt::formatter<isat::responder::drop_reason> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(isat::responder::drop_reason value, Context& context) const {
    return fmt::formatter<std::string_view>::format(to_string(value), context);
  }
};

/// As tcpdump puts it: `who-has 10.77.0.100 tell 10.77.0.1`, `10.77.0.100 is-at 02:00:00:00:00:01`.
template <>
struct fmt::formatter<isat::wire::arp_message> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const isat::wire::arp_message& value, Context& context) const {
    return fmt::formatter<std::string_view>::format(isat::detail::text_of(value), context);
  }
};

template <>
struct fmt::formatter<isat::wire::arp_frame> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const isat::wire::arp_frame& value, Context& context) const {
    const std::string way = value.ethernet.source.to_string() + " > " + value.ethernet.destination.to_string() + ": ";
    return fmt::formatter<std::string_view>::format(way + isat::detail::text_of(value.arp), context);
  }
};
