// SPDX-License-Identifier: BSL-1.0

// What matters of Services, EndpointSlices and Nodes, as values: readers make them of objects
// (detail/object_facts.hpp), service_table.hpp makes VIPs of them. Everything in them has a bound, so a table of them
// has one too. They refuse to keep anything else of an object.
#pragma once

#include "isat/address.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace isat::inline v0::kubernetes {

/// The kinds of objects from which VIPs follow.
enum class object_kind : std::uint8_t { none = 0, service = 1, slice = 2, node = 3 };

/// A namespaced object's name.
struct object_name {
  std::string name_space;  ///< at most 63 octets
  std::string name;        ///< at most 253

  /// NAMESPACE/NAME
  std::string to_string() const { return name_space + '/' + name; }

  friend auto operator<=>(const object_name&, const object_name&) = default;
};

/// The transport protocols of Services.
enum class port_protocol : std::uint8_t { none = 0, tcp = 1, udp = 2, sctp = 3 };

/// A port that a Service serves at its addresses.
struct service_port {
  port_protocol protocol{};
  std::uint16_t port{};

  friend constexpr auto operator<=>(const service_port&, const service_port&) noexcept = default;
};

/// Why an entry of status.loadBalancer.ingress gives no VIP. The values are API: append only.
enum class ingress_flaw : std::uint8_t {
  none = 0,
  unreadable = 1,  ///< its ip is no address
  ipv6 = 2,        ///< its ip is an IPv6 address
  hostname = 3,    ///< it has a hostname instead of an ip
  unusable = 4,    ///< no host can own its ip, see responder::can_be_vip
  too_many = 5,    ///< it comes after service_limits::addresses others
};

/// An entry that gives no VIP.
struct flawed_ingress {
  ingress_flaw flaw{};
  std::string text;  ///< the ip or the hostname, without control characters; at most service_limits::text octets

  friend auto operator<=>(const flawed_ingress&, const flawed_ingress&) = default;
};

/// How much is kept of one object; what is beyond is passed over.
struct service_limits {
  static constexpr std::size_t addresses = 16;      ///< VIPs of a Service, flawed entries, and addresses of a Node
  static constexpr std::size_t ports = 128;         ///< of a Service
  static constexpr std::size_t endpoints = 1000;    ///< of a slice; the API server takes no more
  static constexpr std::size_t text = 64;           ///< octets of what is shown to people
  static constexpr std::size_t class_octets = 317;  ///< the longest load balancer class; a longer one is nobody's
  static constexpr std::size_t name_octets = 253;   ///< the longest name; an object with a longer one is none
  static constexpr std::size_t name_space_octets = 63;
  static constexpr std::size_t uid_octets = 64;  ///< a longer one is cut
};

/// A Service. Lists are sorted and have nothing twice.
struct service_facts {
  object_name name;
  std::string uid;
  bool load_balancer{};                 ///< its type
  std::string lb_class;                 ///< spec.loadBalancerClass; may be empty
  bool local{};                         ///< externalTrafficPolicy Local: only nodes with an endpoint serve it
  std::vector<ipv4_address> addresses;  ///< VIPs by its status
  std::vector<service_port> ports;
  std::vector<flawed_ingress> flaws;  ///< what else its status names

  friend bool operator==(const service_facts&, const service_facts&) = default;
};

/// An EndpointSlice. An endpoint counts if it is ready, or serves until it ends.
struct slice_facts {
  object_name name;
  std::string service;             ///< the name of its Service, in the same namespace; empty: it has none
  std::vector<std::string> nodes;  ///< where endpoints that count are; sorted, nothing twice
  bool unplaced{};                 ///< one that counts has no node: it is reached from everywhere

  friend bool operator==(const slice_facts&, const slice_facts&) = default;
};

/// A Node.
struct node_facts {
  std::string name;
  bool excluded{};                      ///< by the label node.kubernetes.io/exclude-from-external-load-balancers
  bool network_unavailable{};           ///< by its condition
  bool unschedulable{};                 ///< cordoned
  std::vector<ipv4_address> addresses;  ///< internal and external ones; sorted, nothing twice

  friend bool operator==(const node_facts&, const node_facts&) = default;
};

}  // namespace isat::inline v0::kubernetes
