// SPDX-License-Identifier: BSL-1.0

// The bodies of service_table.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/mix.hpp"
#include "isat/kubernetes/service/service_table.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace isat::inline v0::kubernetes {

namespace detail {

ISAT_INLINE service_reference reference_of(const service_index::service& service) {
  return {*service.name, service.uid};
}

ISAT_INLINE std::vector<service_reference> references_of(const service_index::services& services) {
  std::vector<service_reference> result;
  result.reserve(services.size());
  for (const auto* each : services) result.push_back(reference_of(*each));
  return result;
}

/// Two Services that want the same port.
struct shared_port {
  service_port port;
  const service_index::service* one = nullptr;  // null: there are none
  const service_index::service* other = nullptr;
};

ISAT_INLINE shared_port find_shared_port(const service_index::services& services) {
  std::map<service_port, const service_index::service*> wanted;
  for (const auto* each : services) {
    for (const service_port port : each->ports) {
      const auto [before, is_first] = wanted.emplace(port, each);
      if (!is_first) return {port, before->second, each};
    }
  }
  return {};
}

}  // namespace detail

ISAT_INLINE service_table::service_table(service_rules rules) : rules_{std::move(rules)}, services_{rules_.node_name} {}

// ---- Facts ----

ISAT_INLINE service_table::list_state& service_table::list_of(object_kind kind) noexcept {
  switch (kind) {
    case object_kind::none:
    case object_kind::service:
      return lists_[0];
    case object_kind::slice:
      return lists_[1];
    case object_kind::node:
      return lists_[2];
  }
  isat::detail::unreachable();
}

ISAT_INLINE bool service_table::is_listed() const noexcept { return std::ranges::all_of(lists_, &list_state::done); }

ISAT_INLINE void service_table::begin_list(object_kind kind) { ++list_of(kind).number; }

ISAT_INLINE void service_table::end_list(object_kind kind) {
  list_state& list = list_of(kind);
  switch (kind) {
    case object_kind::none:
      return;
    case object_kind::service:
      services_.sweep_services(list.number);
      break;
    case object_kind::slice:
      services_.sweep_slices(list.number);
      break;
    case object_kind::node:
      for (const ipv4_address address : nodes_.sweep(list.number)) services_.touch(address);
      break;
  }
  list.done = true;
  look_at_node();
}

ISAT_INLINE bool service_table::is_ours(const service_facts& service) const noexcept {
  return service.load_balancer && service.lb_class == rules_.lb_class;
}

ISAT_INLINE void service_table::set(service_facts service) {
  if (!is_ours(service)) return erase_service(service.name);
  tell_flaws(service);
  tell_joined(service);
  services_.set(std::move(service), list_of(object_kind::service).number);
}

ISAT_INLINE void service_table::set(const slice_facts& slice) {
  services_.set(slice, list_of(object_kind::slice).number);
}

ISAT_INLINE void service_table::set(node_facts node) {
  for (const ipv4_address address : nodes_.set(std::move(node), list_of(object_kind::node).number)) {
    services_.touch(address);
  }
  look_at_node();
}

ISAT_INLINE void service_table::erase_service(const object_name& name) { services_.erase_service(name); }

ISAT_INLINE void service_table::erase_slice(const object_name& name) { services_.erase_slice(name); }

ISAT_INLINE void service_table::erase_node(std::string_view name) {
  for (const ipv4_address address : nodes_.erase(name)) services_.touch(address);
  look_at_node();
}

ISAT_INLINE void service_table::set_carried_addresses(std::vector<ipv4_address> addresses) {
  std::ranges::sort(addresses);
  std::vector<ipv4_address> changed;
  std::ranges::set_symmetric_difference(carried_, addresses, std::back_inserter(changed));
  carried_ = std::move(addresses);
  for (const ipv4_address address : changed) services_.touch(address);
}

ISAT_INLINE void service_table::look_at_node() {
  if (!is_listed()) return;
  const vip_standing now = judge_node();
  if (std::exchange(own_node_, now) == now) return;
  services_.touch_all();
  service_notice notice;
  notice.kind = notice_kind::node;
  notice.standing = now;
  notice.node = rules_.node_name;
  notices_.push_back(std::move(notice));
}

// ---- Judgement ----

ISAT_INLINE vip_standing service_table::standing_of(ipv4_address address) const { return judge(address); }

ISAT_INLINE bool service_table::is_taken(ipv4_address address) const {
  return judge_address(address) != vip_standing::announced;
}

ISAT_INLINE vip_standing service_table::judge(ipv4_address address) const {
  const auto& services = services_.at(address);
  if (services.empty()) return vip_standing::none;
  if (!is_listed()) return vip_standing::waiting;
  const vip_standing own = judge_address(address);
  if (own != vip_standing::announced) return own;
  const vip_standing node = judge_node();
  return node != vip_standing::announced ? node : judge_endpoints(services);
}

/// announced: it is nobody's.
ISAT_INLINE vip_standing service_table::judge_address(ipv4_address address) const {
  if (nodes_.holder_of(address) != nullptr) return vip_standing::node_address;
  const bool is_carried = std::ranges::binary_search(carried_, address);
  return is_carried ? vip_standing::carried_address : vip_standing::announced;
}

/// announced: nothing is wrong with this node.
ISAT_INLINE vip_standing service_table::judge_node() const noexcept {
  const node_facts* node = nodes_.find(rules_.node_name);
  if (node == nullptr) return vip_standing::node_missing;
  if (node->excluded) return vip_standing::node_excluded;
  if (node->network_unavailable) return vip_standing::network_unavailable;
  const bool cordoned = node->unschedulable && rules_.withdraw_when_unschedulable;
  return cordoned ? vip_standing::node_unschedulable : vip_standing::announced;
}

ISAT_INLINE vip_standing service_table::judge_endpoints(const detail::service_index::services& services) const {
  bool any = false;
  bool here = true;
  detail::service_index::services bound;  // to nodes with endpoints
  for (const auto* each : services) {
    const auto endpoints = detail::service_index::endpoints_of(*each);
    any = any || endpoints.any || rules_.announce_without_endpoints;
    if (!endpoints.any || !each->local || endpoints.unplaced) continue;
    here = here && endpoints.here;
    bound.push_back(each);
  }
  if (!any) return vip_standing::no_endpoints;
  if (here) return vip_standing::announced;
  return detail::service_index::have_common_node(bound) ? vip_standing::no_local_endpoint
                                                        : vip_standing::no_common_node;
}

/// What stands in the way on every node, whatever this one is; none: nothing does.
ISAT_INLINE vip_standing service_table::trouble_of(ipv4_address address, vip_standing standing) const {
  if (is_of_node(standing)) standing = judge_endpoints(services_.at(address));
  return is_trouble(standing) ? standing : vip_standing::none;
}

// ---- Results ----

ISAT_INLINE std::optional<vip_change> service_table::take_change() {
  if (!is_listed()) return std::nullopt;
  while (const auto address = services_.take_touched()) {
    told_address& known = told_[*address];
    const vip_standing stood = std::exchange(known.standing, judge(*address));
    const bool before = stood == vip_standing::announced;
    const bool now = known.standing == vip_standing::announced;
    tell_standing(*address, known);
    if (known.standing == vip_standing::no_local_endpoint && stood != known.standing) tell_local(*address);
    tell_ports(*address, known);
    if (known.standing == vip_standing::none) told_.erase(*address);
    if (before != now) return vip_change{*address, now};
  }
  return std::nullopt;
}

ISAT_INLINE std::optional<service_notice> service_table::take_notice() {
  if (notices_.empty()) return std::nullopt;
  service_notice first = std::move(notices_.front());
  notices_.pop_front();
  return first;
}

ISAT_INLINE void service_table::tell_standing(ipv4_address address, told_address& known) {
  if (known.standing == vip_standing::none) return;
  const vip_standing trouble = trouble_of(address, known.standing);
  if (std::exchange(known.trouble, trouble) == trouble) return;
  service_notice notice;
  notice.kind = notice_kind::address;
  notice.standing = trouble != vip_standing::none ? trouble : known.standing;
  notice.address = address;
  notice.services = services_of(address);
  if (trouble == vip_standing::node_address) notice.node = nodes_.holder_of(address)->name;
  if (trouble == vip_standing::carried_address) notice.node = rules_.node_name;
  notices_.push_back(std::move(notice));
}

ISAT_INLINE void service_table::tell_local(ipv4_address address) {
  service_notice notice;
  notice.kind = notice_kind::local;
  notice.standing = vip_standing::no_local_endpoint;
  notice.address = address;
  notice.services = services_of(address);
  notice.node = rules_.node_name;
  notices_.push_back(std::move(notice));
}

ISAT_INLINE void service_table::tell_ports(ipv4_address address, told_address& known) {
  const auto& services = services_.at(address);
  const auto found = services.size() > 1 ? detail::find_shared_port(services) : detail::shared_port{};
  std::uint64_t sign = 0;
  if (found.one != nullptr) {
    sign = isat::detail::mix(std::uint64_t{found.port.port} << 8U | static_cast<std::uint64_t>(found.port.protocol));
    sign = isat::detail::mix(sign ^ isat::detail::mix(found.one->name->to_string()));
    sign = isat::detail::mix(sign ^ isat::detail::mix(found.other->name->to_string()));
  }
  if (std::exchange(known.shared_port, sign) == sign || sign == 0) return;
  service_notice notice;
  notice.kind = notice_kind::port;
  notice.address = address;
  notice.services = {detail::reference_of(*found.one), detail::reference_of(*found.other)};
  notice.port = found.port;
  notices_.push_back(std::move(notice));
}

ISAT_INLINE void service_table::tell_flaws(const service_facts& service) {
  const auto* before = services_.find(service.name);
  for (const auto& flawed : service.flaws) {
    if (before != nullptr && std::ranges::find(before->flaws, flawed) != before->flaws.end()) continue;
    service_notice notice;
    notice.kind = notice_kind::ingress;
    notice.services = {{service.name, service.uid}};
    notice.ingress = flawed;
    notices_.push_back(std::move(notice));
  }
}

// Whether the address is announced with it as well is only found afterwards.
ISAT_INLINE void service_table::tell_joined(const service_facts& service) {
  const auto* before = services_.find(service.name);
  const bool is_known = before != nullptr && before->uid == service.uid;
  for (const ipv4_address address : service.addresses) {
    const auto told = told_.find(address);
    if (told == told_.end() || told->second.standing != vip_standing::announced) continue;
    if (is_known && std::ranges::find(before->addresses, address) != before->addresses.end()) continue;
    service_notice notice;
    notice.kind = notice_kind::joined;
    notice.standing = vip_standing::announced;
    notice.address = address;
    notice.services = {{service.name, service.uid}};
    notices_.push_back(std::move(notice));
  }
}

// ---- Questions ----

ISAT_INLINE bool service_table::is_so(const service_notice& notice) const {
  switch (notice.kind) {
    case notice_kind::none:
      return false;
    case notice_kind::address: {
      const vip_standing standing = judge(notice.address);
      const vip_standing trouble = trouble_of(notice.address, standing);
      return is_trouble(notice.standing) ? trouble == notice.standing
                                         : trouble == vip_standing::none && standing == notice.standing;
    }
    case notice_kind::node:
      return judge_node() == notice.standing;
    case notice_kind::port: {
      const auto found = detail::find_shared_port(services_.at(notice.address));
      return found.one != nullptr && found.port == notice.port &&
             notice.services == std::vector{detail::reference_of(*found.one), detail::reference_of(*found.other)};
    }
    case notice_kind::ingress: {
      const auto* const of = notice.services.empty() ? nullptr : services_.find(notice.services.front().name);
      return of != nullptr && of->uid == notice.services.front().uid &&
             std::ranges::find(of->flaws, notice.ingress) != of->flaws.end();
    }
    case notice_kind::local:
      return judge(notice.address) == vip_standing::no_local_endpoint;
    case notice_kind::joined: {
      const auto services = services_of(notice.address);
      const bool has_it =
          !notice.services.empty() && std::ranges::find(services, notice.services.front()) != services.end();
      return has_it && judge(notice.address) == vip_standing::announced;
    }
  }
  isat::detail::unreachable();
}

ISAT_INLINE std::vector<service_reference> service_table::services_of(ipv4_address address) const {
  return detail::references_of(services_.at(address));
}

ISAT_INLINE std::size_t service_table::memory() const noexcept {
  return sizeof(*this) + services_.memory() + nodes_.memory() + carried_.capacity() * sizeof(ipv4_address) +
         told_.size() * (detail::map_node_octets + sizeof(decltype(told_)::value_type)) +
         notices_.size() * sizeof(service_notice);
}

}  // namespace isat::inline v0::kubernetes
