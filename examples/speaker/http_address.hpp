// SPDX-License-Identifier: BSL-1.0

// Where the pages about a run are served, as --http says it: an IP address of this host and a TCP port. It refuses host
// names: which address they stand for is not for the start of a daemon to find out.
#pragma once

#include "setting.hpp"

#include <cstdint>
#include <string>

namespace speakerd {

struct http_address {
  std::string host;      ///< an IPv4 or IPv6 address in its shortest form, without brackets
  std::uint16_t port{};  ///< 0, which only tests use: any that is free

  friend bool operator==(const http_address&, const http_address&) = default;
};

/// Reads ADDR:PORT, where an IPv6 address stands in brackets.
/// @throws failure with the exit code of the value's origin
http_address parse_http_address(const setting& value);

/// As parse_http_address() reads it.
std::string to_text(const http_address& address);

}  // namespace speakerd
