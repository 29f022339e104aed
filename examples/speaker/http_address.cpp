// SPDX-License-Identifier: BSL-1.0

#include "http_address.hpp"
#include "text.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>
#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace speakerd {

namespace {

std::uint16_t parse_port(const setting& value, std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool is_number = error == std::errc{} && end == digits.data() + digits.size() && !digits.starts_with('0');
  if (!is_number) value.from.refuse(quoted(value.text) + " has no port from 1 to 65535");
  return port;
}

/// The part before the last colon. An address alone has none of ours.
std::string_view host_part(const setting& value, std::size_t colon) {
  const std::string_view text = value.text;
  if (colon == std::string_view::npos || colon == 0) {
    value.from.refuse(quoted(text) + " is not ADDR:PORT, such as 127.0.0.1:7486, or 0.0.0.0:7486 for all addresses");
  }
  return text.substr(0, colon);
}

}  // namespace

http_address parse_http_address(const setting& value) {
  const std::string_view text = value.text;
  const std::size_t colon = text.rfind(':');
  std::string_view host = host_part(value, colon);
  const bool in_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (in_brackets) host = host.substr(1, host.size() - 2);
  if (!in_brackets && host.find(':') != std::string_view::npos) {
    value.from.refuse(quoted(text) + ": an IPv6 address stands in brackets, as in [::1]:7486");
  }
  // A zone (fe80::1%eth0) depends on the host, and on its interfaces of the moment.
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string{host}, error);
  if (error || address.is_v6() != in_brackets || host.find('%') != std::string_view::npos) {
    value.from.refuse(fmt::format("{} in {} is no IP address{}", quoted(host), quoted(text),
                                  host.find('%') != std::string_view::npos ? " without a zone" : ""));
  }
  return {address.to_string(), parse_port(value, text.substr(colon + 1))};
}

std::string to_text(const http_address& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", address.host, address.port) : fmt::format("{}:{}", address.host, address.port);
}

}  // namespace speakerd
