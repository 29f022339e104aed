// SPDX-License-Identifier: BSL-1.0

// What the kernel of this host says that bears on answering ARP: which selected interfaces there are, which addresses
// are its own, whether it answers for them by itself, and its clock. Read once at start, without privileges; what
// changes later is followed by the library.
#pragma once

#include "isat/address.hpp"
#include "isat/error.hpp"
#include "isat/transport/interface_pattern.hpp"
#include "isat/transport/link_state.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace speakerd {

/// An IPv4 address of this host.
struct local_address {
  isat::ipv4_address address;
  std::string interface;
};

/// The interfaces that some patterns select, and the patterns that select none.
struct selection {
  std::vector<isat::transport::link_state> links;           ///< Ethernet interfaces, by ascending index
  std::vector<std::string> not_ethernet;                    ///< named interfaces on which there is no ARP
  std::vector<isat::transport::interface_pattern> missing;  ///< those that match nothing
};

/// Looks up all interfaces and selects from them.
/// @throws failure with exit_code::os when the kernel does not tell
selection select_interfaces(std::span<const isat::transport::interface_pattern> patterns);

/// One sentence per name or pattern on which nothing can be announced now, and what will be done about it. Of patterns,
/// which may name what other hosts have, only where there is no interface at all.
std::vector<std::string> describe_problems(const selection& found);

/// @throws failure with exit_code::configuration when something named is missing or has no ARP
void require_all(const selection& found);

/// Every IPv4 address of this host. @param error what the system said when it does not tell; then the result is empty
std::vector<local_address> local_addresses(isat::error_code& error);

/// The value of net.ipv4.conf.INTERFACE.NAME that counts: the larger of the interface's and of `all`'s; 0 if unknown.
int arp_setting(std::string_view interface, std::string_view name);

/// The kernel's present clock source, or empty.
std::string clock_source();

}  // namespace speakerd
