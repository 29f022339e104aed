// SPDX-License-Identifier: BSL-1.0

// Names as Kubernetes takes them (RFC 1123, lower case): labels of letters, digits and hyphens, and subdomains, which
// are labels with dots between. Namespaces are labels, Leases are subdomains; what cannot be one is refused at start,
// not by a server later.
#pragma once

#include <cstddef>
#include <string_view>

namespace speakerd {

inline constexpr std::size_t dns_label_max = 63;
inline constexpr std::size_t dns_subdomain_max = 253;

/// True for 1 to 63 lower-case letters, digits and hyphens, no hyphen first or last.
bool is_dns_label(std::string_view text) noexcept;

/// True for labels of any length with dots between, 253 bytes at most in all.
bool is_dns_subdomain(std::string_view text) noexcept;

}  // namespace speakerd
