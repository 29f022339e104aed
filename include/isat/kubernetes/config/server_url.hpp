// SPDX-License-Identifier: BSL-1.0

// The URL of an API server, taken apart once: where to connect, what its certificate is for, what stands in the Host
// field and before every path. https is the rule; plain http is for this host's own loopback addresses, where `kubectl
// proxy` listens and adds TLS and credentials by itself: there a client sends none. It refuses names that may be
// anywhere (also `localhost`) without TLS, names and passwords in URLs, queries and fragments.
// @see RFC 3986
#pragma once

#include "isat/detail/build.hpp"
#include "isat/kubernetes/config/cluster_config.hpp"

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace isat::inline v0::kubernetes {

/// A server's URL and its parts.
struct server_url {
  std::string text;       ///< in normal form: two texts are equal if the servers are
  std::string host;       ///< a name in lower case, or an address without brackets
  std::string authority;  ///< HOST:PORT, an IPv6 address in brackets
  std::string path;       ///< percent-encoded, without a slash at its end; often empty
  std::uint16_t port{};
  bool host_is_address{};
  bool tls{};
};

/// Takes a URL apart. @return errc::invalid_argument with what is wrong; the text itself is not told
ISAT_API boost::system::result<server_url, config_failure> parse_server_url(std::string_view text);

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/config/impl/server_url.ipp"
#endif
