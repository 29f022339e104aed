// SPDX-License-Identifier: BSL-1.0

// The bodies of service_notice.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/unreachable.hpp"
#include "isat/kubernetes/service/service_notice.hpp"

#include <cstddef>
#include <string_view>

namespace isat::inline v0::kubernetes {

namespace detail {

ISAT_INLINE std::string_view name_of(port_protocol protocol) noexcept {
  switch (protocol) {
    case port_protocol::none:
      return "unknown";
    case port_protocol::tcp:
      return "TCP";
    case port_protocol::udp:
      return "UDP";
    case port_protocol::sctp:
      return "SCTP";
  }
  isat::detail::unreachable();
}

/// Why an address or this node stands so: goes on after a colon.
ISAT_INLINE std::string reason_of(vip_standing standing, const std::string& node) {
  switch (standing) {
    case vip_standing::none:
      return "no Service names it";
    case vip_standing::announced:
      return "nothing is wrong";
    case vip_standing::waiting:
      return "not everything was listed yet";
    case vip_standing::node_address:
      return "it is the address of Node " + node;
    case vip_standing::carried_address:
      return "an announcing interface of node " + node + " carries it";
    case vip_standing::node_missing:
      return "there is no Node " + node;
    case vip_standing::node_excluded:
      return "Node " + node + " has the label node.kubernetes.io/exclude-from-external-load-balancers";
    case vip_standing::network_unavailable:
      return "the network of Node " + node + " is not available";
    case vip_standing::node_unschedulable:
      return "Node " + node + " is cordoned";
    case vip_standing::no_endpoints:
      return "no endpoint is ready or serving";
    case vip_standing::no_local_endpoint:
      return "this node has no endpoint of a Service with externalTrafficPolicy Local";
    case vip_standing::no_common_node:
      return "no node has an endpoint of each of its Services with externalTrafficPolicy Local";
  }
  isat::detail::unreachable();
}

ISAT_INLINE std::string flaw_text(const flawed_ingress& ingress) {
  std::string quoted = '"' + ingress.text + '"';
  switch (ingress.flaw) {
    case ingress_flaw::none:
      return quoted;
    case ingress_flaw::unreadable:
      return quoted + " is no IPv4 address";
    case ingress_flaw::ipv6:
      return quoted + " is an IPv6 address, and these are not announced";
    case ingress_flaw::hostname:
      return "a hostname, " + quoted + ", stands for an address";
    case ingress_flaw::unusable:
      return quoted + " can be no host's address";
    case ingress_flaw::too_many:
      return quoted + " comes after " + std::to_string(service_limits::addresses) + " others, and that is the most";
  }
  isat::detail::unreachable();
}

ISAT_INLINE std::string address_text(const service_notice& notice) {
  const std::string vip = notice.address.to_string() + " of " + names_of(notice.services);
  if (is_trouble(notice.standing)) return vip + " is not announced: " + reason_of(notice.standing, notice.node);
  const bool elsewhere = notice.standing != vip_standing::announced;
  return vip + " can be announced again" + (elsewhere ? ", but not by this node" : "");
}

}  // namespace detail

ISAT_INLINE std::string names_of(const std::vector<service_reference>& services) {
  constexpr std::size_t named_max = 3;
  std::string text;
  for (std::size_t i = 0; i < services.size() && i < named_max; ++i) {
    if (i > 0) text += ", ";
    text += services[i].name.to_string();
  }
  if (services.size() > named_max) text += " and " + std::to_string(services.size() - named_max) + " more";
  return text;
}

ISAT_INLINE std::string to_text(const service_notice& notice) {
  switch (notice.kind) {
    case notice_kind::none:
      return {};
    case notice_kind::address:
      return detail::address_text(notice);
    case notice_kind::node:
      if (notice.standing == vip_standing::announced) return "node " + notice.node + " can announce addresses again";
      return "nothing is announced by this node: " + detail::reason_of(notice.standing, notice.node);
    case notice_kind::port:
      return names_of(notice.services) + " share " + notice.address.to_string() + " and both want " +
             std::string{detail::name_of(notice.port.protocol)} + " port " + std::to_string(notice.port.port);
    case notice_kind::ingress:
      return "the status of " + names_of(notice.services) + " names no VIP: " + detail::flaw_text(notice.ingress);
    case notice_kind::local:
      return "node " + notice.node + " cannot announce " + notice.address.to_string() + " of " +
             names_of(notice.services) + ": it has no endpoint of a Service with externalTrafficPolicy Local";
    case notice_kind::joined:
      return names_of(notice.services) + " has " + notice.address.to_string() +
             " from now on, which is announced already";
  }
  isat::detail::unreachable();
}

}  // namespace isat::inline v0::kubernetes
