// SPDX-License-Identifier: BSL-1.0

// The bodies of object_facts.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/detail/json_member.hpp"
#include "isat/kubernetes/service/detail/object_facts.hpp"
#include "isat/responder/vip_table.hpp"

#include <boost/asio/ip/address_v6.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isat::inline v0::kubernetes::detail {

namespace json = boost::json;

// ---- Pieces ----

inline const json::array& array_in(const json::object& of, std::string_view key) noexcept {
  static const json::array none;
  const json::value* found = of.if_contains(key);
  return found != nullptr && found->is_array() ? found->get_array() : none;
}

/// True, false, or what is meant if it is said neither way.
inline bool flag_in(const json::object& of, std::string_view key, bool absent) noexcept {
  const json::value* found = of.if_contains(key);
  return found != nullptr && found->is_bool() ? found->get_bool() : absent;
}

/// Calls `visit` for the objects in a list, `count` at most.
template <class Visit>
void for_each_object(const json::array& list, std::size_t count, Visit visit) {
  for (std::size_t i = 0; i < list.size() && i < count; ++i) {
    if (const json::object* each = list[i].if_object()) visit(*each);
  }
}

template <class Value>
void sort_unique(std::vector<Value>& values) {
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
  values.shrink_to_fit();
}

/// A text as people may be shown it: no control characters, cut between two characters of UTF-8.
inline std::string shortened(std::string_view text) {
  std::size_t size = std::min(text.size(), service_limits::text);
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
  std::string result{text.substr(0, size)};
  for (char& each : result) {
    if (static_cast<unsigned char>(each) < 0x20 || each == 0x7f) each = '?';
  }
  return result;
}

ISAT_INLINE std::optional<object_name> read_name(const json::object& object) {
  const json::object& metadata = object_in(object, "metadata");
  const std::string_view name = text_in(metadata, "name");
  const std::string_view name_space = text_in(metadata, "namespace");
  if (name.empty() || name.size() > service_limits::name_octets) return std::nullopt;
  if (name_space.size() > service_limits::name_space_octets) return std::nullopt;
  return object_name{std::string{name_space}, std::string{name}};
}

// ---- Services ----

inline ingress_flaw flaw_of(std::string_view ip) {
  if (const auto address = ipv4_address::parse(ip)) {
    return responder::can_be_vip(*address) ? ingress_flaw::none : ingress_flaw::unusable;
  }
  boost::system::error_code failure;
  boost::asio::ip::make_address_v6(std::string{ip.substr(0, service_limits::text)}, failure);
  return failure ? ingress_flaw::unreadable : ingress_flaw::ipv6;
}

inline void read_ingress(const json::object& ingress, service_facts& into) {
  const std::string_view mode = text_in(ingress, "ipMode");
  if (!mode.empty() && mode != "VIP") return;  // somebody else answers for it
  const std::string_view ip = text_in(ingress, "ip");
  const std::string_view hostname = text_in(ingress, "hostname");
  if (ip.empty() && !hostname.empty()) return into.flaws.push_back({ingress_flaw::hostname, shortened(hostname)});
  if (const ingress_flaw flaw = flaw_of(ip); flaw != ingress_flaw::none) {
    return into.flaws.push_back({flaw, shortened(ip)});
  }
  into.addresses.push_back(*ipv4_address::parse(ip));
}

inline void read_ingresses(const json::array& list, service_facts& into) {
  constexpr std::size_t count = service_limits::addresses;
  for_each_object(list, count, [&into](const json::object& each) { read_ingress(each, into); });
  if (list.size() > count) {
    const json::object* next = list[count].if_object();
    into.flaws.push_back({ingress_flaw::too_many, next != nullptr ? shortened(text_in(*next, "ip")) : std::string{}});
  }
  sort_unique(into.addresses);
  sort_unique(into.flaws);
}

inline port_protocol protocol_of(std::string_view text) noexcept {
  if (text.empty() || text == "TCP") return port_protocol::tcp;
  if (text == "UDP") return port_protocol::udp;
  return text == "SCTP" ? port_protocol::sctp : port_protocol::none;
}

inline void read_port(const json::object& port, service_facts& into) {
  const port_protocol protocol = protocol_of(text_in(port, "protocol"));
  const std::int64_t number = number_in(port, "port");
  if (protocol == port_protocol::none || number < 1 || number > 65535) return;
  into.ports.push_back({protocol, static_cast<std::uint16_t>(number)});
}

ISAT_INLINE std::optional<service_facts> read_service(const json::object& service) {
  auto name = read_name(service);
  if (!name) return std::nullopt;
  const json::object& spec = object_in(service, "spec");
  service_facts result;
  result.name = std::move(*name);
  result.uid = text_in(object_in(service, "metadata"), "uid").substr(0, service_limits::uid_octets);
  result.load_balancer = text_in(spec, "type") == "LoadBalancer";
  result.lb_class = text_in(spec, "loadBalancerClass").substr(0, service_limits::class_octets + 1);
  result.local = text_in(spec, "externalTrafficPolicy") == "Local";
  for_each_object(array_in(spec, "ports"), service_limits::ports,
                  [&result](const json::object& each) { read_port(each, result); });
  sort_unique(result.ports);
  read_ingresses(array_in(object_in(object_in(service, "status"), "loadBalancer"), "ingress"), result);
  return result;
}

// ---- EndpointSlices ----

inline bool counts(const json::object& endpoint) noexcept {
  const json::object& conditions = object_in(endpoint, "conditions");
  return flag_in(conditions, "ready", true) || flag_in(conditions, "serving", false);
}

inline void read_endpoint(const json::object& endpoint, slice_facts& into) {
  if (!counts(endpoint)) return;
  const std::string_view node = text_in(endpoint, "nodeName");
  if (node.empty()) into.unplaced = true;
  if (!node.empty() && node.size() <= service_limits::name_octets) into.nodes.emplace_back(node);
}

ISAT_INLINE std::optional<slice_facts> read_slice(const json::object& slice) {
  auto name = read_name(slice);
  if (!name) return std::nullopt;
  slice_facts result;
  result.name = std::move(*name);
  const std::string_view service =
      text_in(object_in(object_in(slice, "metadata"), "labels"), "kubernetes.io/service-name");
  if (service.size() <= service_limits::name_octets) result.service = service;
  if (text_in(slice, "addressType") != "IPv4") return result;
  for_each_object(array_in(slice, "endpoints"), service_limits::endpoints,
                  [&result](const json::object& each) { read_endpoint(each, result); });
  sort_unique(result.nodes);
  return result;
}

// ---- Nodes ----

ISAT_INLINE std::optional<node_facts> read_node(const json::object& node) {
  auto name = read_name(node);
  if (!name) return std::nullopt;
  const json::object& status = object_in(node, "status");
  node_facts result;
  result.name = std::move(name->name);
  result.excluded = object_in(object_in(node, "metadata"), "labels")
                        .contains("node.kubernetes.io/exclude-from-external-load-balancers");
  result.unschedulable = flag_in(object_in(node, "spec"), "unschedulable", false);
  for_each_object(array_in(status, "conditions"), 64, [&result](const json::object& each) {
    if (text_in(each, "type") == "NetworkUnavailable") result.network_unavailable = text_in(each, "status") == "True";
  });
  for_each_object(array_in(status, "addresses"), service_limits::addresses, [&result](const json::object& each) {
    const std::string_view type = text_in(each, "type");
    const auto address = ipv4_address::parse(text_in(each, "address"));
    if (address && (type == "InternalIP" || type == "ExternalIP")) result.addresses.push_back(*address);
  });
  sort_unique(result.addresses);
  return result;
}

}  // namespace isat::inline v0::kubernetes::detail
