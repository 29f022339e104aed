// SPDX-License-Identifier: BSL-1.0

// The bodies of assignee.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/mix.hpp"
#include "isat/kubernetes/detail/json_member.hpp"
#include "isat/kubernetes/detail/printable.hpp"
#include "isat/kubernetes/service/assignee.hpp"
#include "isat/kubernetes/service/detail/object_facts.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <utility>

namespace isat::inline v0::kubernetes {

namespace detail {

inline std::string_view without_blanks(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// The same for the same labels in any order.
inline std::uint64_t hash_of_selector(const boost::json::object& selector) noexcept {
  std::uint64_t sum = 0;
  for (const auto& [key, value] : selector) {
    const auto* text = value.if_string();
    const std::uint64_t pair = isat::detail::mix(std::string_view{key});
    sum += isat::detail::mix(pair ^ (text != nullptr ? isat::detail::mix(std::string_view{*text}) : 0));
  }
  return sum;
}

inline std::size_t count_ingresses(const boost::json::object& service) noexcept {
  const boost::json::object& balancer = object_in(object_in(service, "status"), "loadBalancer");
  const boost::json::value* list = balancer.if_contains("ingress");
  return list != nullptr && list->is_array() ? list->get_array().size() : 0;
}

inline bool is_printable(std::string_view text) noexcept {
  return std::ranges::none_of(text, [](char each) { return static_cast<unsigned char>(each) < 0x20 || each == 0x7f; });
}

}  // namespace detail

ISAT_INLINE bool assignee::names(ipv4_address address) const noexcept {
  return std::ranges::binary_search(addresses, address);
}

ISAT_INLINE bool may_share(const assignee& one, const assignee& other) noexcept {
  if (one.sharing.empty() || one.sharing != other.sharing || one.local != other.local) return false;
  // Where nodes are chosen by their endpoints, both must choose the same.
  if (one.local && one.selector != other.selector) return false;
  return std::ranges::none_of(
      one.ports, [&other](const service_port& each) { return std::ranges::binary_search(other.ports, each); });
}

ISAT_INLINE std::optional<assignee> read_assignee(const boost::json::object& service) {
  const boost::json::object& metadata = detail::object_in(service, "metadata");
  const boost::json::object& annotations = detail::object_in(metadata, "annotations");
  const boost::json::object& spec = detail::object_in(service, "spec");
  const std::string_view uid = detail::text_in(metadata, "uid");
  const std::string_view version = detail::text_in(metadata, "resourceVersion");
  auto facts = detail::read_service(service);
  // The texts go into claims and guards, where a part of one would be wrong.
  if (!facts || facts->name.name_space.empty() || uid.empty() || uid.size() > service_limits::uid_octets ||
      version.empty() || version.size() > service_limits::text || !detail::is_printable(uid)) {
    return std::nullopt;
  }
  assignee result;
  result.service = {std::move(facts->name), std::string{uid}};
  result.version = version;
  result.load_balancer = facts->load_balancer;
  result.going = metadata.contains("deletionTimestamp");
  result.lb_class = std::move(facts->lb_class);
  std::string_view wanted = detail::without_blanks(detail::text_in(annotations, address_annotation));
  if (wanted.empty()) wanted = detail::without_blanks(detail::text_in(spec, "loadBalancerIP"));
  result.wanted = detail::printable(wanted, service_limits::text);
  const std::string_view sharing = detail::without_blanks(detail::text_in(annotations, sharing_annotation));
  if (sharing.size() <= assignee::sharing_max && detail::is_printable(sharing)) result.sharing = sharing;
  result.local = facts->local;
  result.selector = detail::hash_of_selector(detail::object_in(spec, "selector"));
  result.ports = std::move(facts->ports);
  result.addresses = std::move(facts->addresses);
  result.foreign = detail::count_ingresses(service) != result.addresses.size();
  return result;
}

}  // namespace isat::inline v0::kubernetes
