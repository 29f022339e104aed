// SPDX-License-Identifier: BSL-1.0

// Whether this node can serve an address, and if not, why. service_table.hpp finds it; people read it when they ask
// why a speaker is silent. It refuses to say who leads.
#pragma once

#include "isat/detail/unreachable.hpp"

#include <cstdint>
#include <string_view>

namespace isat::inline v0::kubernetes {

/// How an address stands on this node. The values are API: append only.
enum class vip_standing : std::uint8_t {
  none = 0,                 ///< no Service names it
  announced = 1,            ///< it is a VIP here
  waiting = 2,              ///< not everything was listed yet
  node_address = 3,         ///< a Node has it
  carried_address = 4,      ///< an announcing interface of this node carries it
  node_missing = 5,         ///< this node has no Node object
  node_excluded = 6,        ///< this node is excluded from external load balancers
  network_unavailable = 7,  ///< this node's network is not set up
  node_unschedulable = 8,   ///< this node is cordoned, and that counts
  no_endpoints = 9,         ///< nothing is ready or serving behind it
  no_local_endpoint = 10,   ///< a Service that wants local endpoints has none on this node
  no_common_node = 11,      ///< Services that want local endpoints share it, and no node has one of each
};

/// True for what is wrong with this node, whatever the address.
constexpr bool is_of_node(vip_standing standing) noexcept {
  return standing >= vip_standing::node_missing && standing <= vip_standing::node_unschedulable;
}

/// True for what somebody has to mend before any node can serve the address.
constexpr bool is_trouble(vip_standing standing) noexcept {
  return standing == vip_standing::node_address || standing == vip_standing::carried_address ||
         standing == vip_standing::no_endpoints || standing == vip_standing::no_common_node;
}

/// The enumerator's name, as used in logs and metrics.
constexpr std::string_view to_string(vip_standing standing) noexcept {
  switch (standing) {
    case vip_standing::none:
      return "none";
    case vip_standing::announced:
      return "announced";
    case vip_standing::waiting:
      return "waiting";
    case vip_standing::node_address:
      return "node_address";
    case vip_standing::carried_address:
      return "carried_address";
    case vip_standing::node_missing:
      return "node_missing";
    case vip_standing::node_excluded:
      return "node_excluded";
    case vip_standing::network_unavailable:
      return "network_unavailable";
    case vip_standing::node_unschedulable:
      return "node_unschedulable";
    case vip_standing::no_endpoints:
      return "no_endpoints";
    case vip_standing::no_local_endpoint:
      return "no_local_endpoint";
    case vip_standing::no_common_node:
      return "no_common_node";
  }
  isat::detail::unreachable();
}

}  // namespace isat::inline v0::kubernetes
