// SPDX-License-Identifier: BSL-1.0

// The bodies of server_url.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/config/server_url.hpp"
#include "isat/kubernetes/detail/decimal.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>
#include <boost/url/host_type.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/scheme.hpp>
#include <boost/url/url_view.hpp>

namespace isat::inline v0::kubernetes {

namespace detail {

ISAT_INLINE config_failure bad_url(const char* why) {
  return {make_error_code(boost::system::errc::invalid_argument), why};
}

// 0: there is no such port.
ISAT_INLINE std::uint16_t port_of(std::string_view text, std::uint16_t usual) noexcept {
  return text.empty() ? usual : decimal<std::uint16_t>(text).value_or(std::uint16_t{0});
}

// Sets host, host_is_address and authority. False: there is no host.
ISAT_INLINE bool take_host(const boost::urls::url_view& url, server_url& result) {
  result.host = url.host_address();
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(result.host, error);
  result.host_is_address = !error;
  if (result.host_is_address) {
    result.host = address.to_string();
  } else if (url.host_type() != boost::urls::host_type::name) {
    return false;
  }
  for (char& each : result.host) {
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
    if (static_cast<unsigned char>(each) <= 0x20U || each == 0x7f) return false;
  }
  const bool brackets = result.host_is_address && address.is_v6();
  result.authority = (brackets ? "[" + result.host + "]" : result.host) + ":" + std::to_string(result.port);
  return !result.host.empty();
}

ISAT_INLINE bool is_loopback(const server_url& url) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(url.host, error);
  return !error && address.is_loopback();
}

}  // namespace detail

ISAT_INLINE boost::system::result<server_url, config_failure> parse_server_url(std::string_view text) {
  // The text is not told: it may hold a password.
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view{text.data(), text.size()});
  if (!parsed) return detail::bad_url("the server is not a URL of the form https://HOST[:PORT]");
  const boost::urls::url_view& url = *parsed;
  server_url result;
  result.tls = url.scheme_id() == boost::urls::scheme::https;
  if (!result.tls && url.scheme_id() != boost::urls::scheme::http) {
    return detail::bad_url("the URL of the server does not begin with https://");
  }
  if (url.has_userinfo()) return detail::bad_url("the URL of the server holds a user name");
  if (url.has_query() || url.has_fragment()) return detail::bad_url("the URL of the server has a query or fragment");
  const auto path = url.encoded_path();
  // Boost 1.81 takes what is no digit of a port for a path.
  const bool path_is_one = path.empty() || path.starts_with('/');
  const auto port = url.port();
  result.port = detail::port_of({port.data(), port.size()}, result.tls ? std::uint16_t{443} : std::uint16_t{80});
  if (result.port == 0 || !path_is_one) return detail::bad_url("the URL of the server has an impossible port");
  if (!detail::take_host(url, result)) return detail::bad_url("the URL of the server has no host");
  if (!result.tls && !detail::is_loopback(result)) {
    return detail::bad_url("the URL of the server is not https:// (http:// is for loopback addresses only)");
  }
  result.path.assign(path.data(), path.size());
  while (result.path.ends_with('/')) result.path.pop_back();
  result.text = (result.tls ? "https://" : "http://") + result.authority + result.path;
  return result;
}

}  // namespace isat::inline v0::kubernetes
