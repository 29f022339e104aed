// SPDX-License-Identifier: BSL-1.0

// fmt formatters for the public values of core, so that users print them with `fmt::print("{}", address)`. Formatting
// is for people and logs; nothing parses it back. They take the format options of strings (width, fill, alignment).
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

template <>
struct fmt::formatter<isat::mac_address> : fmt::formatter<std::string_view> {
  auto format(const isat::mac_address& value, fmt::format_context& context) const {
    return fmt::formatter<std::string_view>::format(value.to_string(), context);
  }
};

template <>
struct fmt::formatter<isat::ipv4_address> : fmt::formatter<std::string_view> {
  auto format(isat::ipv4_address value, fmt::format_context& context) const {
    return fmt::formatter<std::string_view>::format(value.to_string(), context);
  }
};

template <>
struct fmt::formatter<isat::group_id> : fmt::formatter<std::uint32_t> {
  auto format(isat::group_id value, fmt::format_context& context) const {
    return fmt::formatter<std::uint32_t>::format(static_cast<std::uint32_t>(value), context);
  }
};

template <>
struct fmt::formatter<isat::wire::parse_error> : fmt::formatter<std::string_view> {
  auto format(isat::wire::parse_error value, fmt::format_context& context) const {
    return fmt::formatter<std::string_view>::format(to_string(value), context);
  }
};

template <>
struct fmt::formatter<isat::responder::drop_reason> : fmt::formatter<std::string_view> {
  auto format(isat::responder::drop_reason value, fmt::format_context& context) const {
    return fmt::formatter<std::string_view>::format(to_string(value), context);
  }
};

/// As tcpdump puts it: `who-has 10.77.0.100 tell 10.77.0.1`, `10.77.0.100 is-at 02:00:00:00:00:01`.
template <>
struct fmt::formatter<isat::wire::arp_message> : fmt::formatter<std::string_view> {
  auto format(const isat::wire::arp_message& value, fmt::format_context& context) const {
    const std::string text = value.oper == isat::wire::operation::reply
                                 ? fmt::format("{} is-at {}", value.spa, value.sha)
                                 : fmt::format("who-has {} tell {} ({})", value.tpa, value.spa, value.sha);
    return fmt::formatter<std::string_view>::format(text, context);
  }
};

template <>
struct fmt::formatter<isat::wire::arp_frame> : fmt::formatter<std::string_view> {
  auto format(const isat::wire::arp_frame& value, fmt::format_context& context) const {
    const std::string text = fmt::format("{} > {}: {}", value.ethernet.source, value.ethernet.destination, value.arp);
    return fmt::formatter<std::string_view>::format(text, context);
  }
};
