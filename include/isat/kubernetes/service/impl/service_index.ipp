// SPDX-License-Identifier: BSL-1.0

// The bodies of service_index.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/service/detail/service_index.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

// ---- Services ----

ISAT_INLINE void service_index::set(service_facts facts, std::uint32_t list) {
  service& entry = entry_of(facts.name);
  entry.list = list;
  entry.flaws = std::move(facts.flaws);
  const bool same = entry.known && entry.local == facts.local && entry.uid == facts.uid &&
                    entry.addresses == facts.addresses && entry.ports == facts.ports;
  if (same) return;
  detach(entry);
  if (!std::exchange(entry.known, true)) ++known_;
  entry.local = facts.local;
  entry.uid = std::move(facts.uid);
  entry.addresses = std::move(facts.addresses);
  entry.ports = std::move(facts.ports);
  attach(entry);
}

ISAT_INLINE void service_index::erase_service(const object_name& name) {
  const auto found = services_.find(name);
  if (found == services_.end()) return;
  forget(found->second);
  drop_if_empty(found->second);
}

ISAT_INLINE void service_index::sweep_services(std::uint32_t list) {
  for (auto each = services_.begin(); each != services_.end();) {
    service& entry = (each++)->second;
    if (entry.list == list) continue;
    forget(entry);
    drop_if_empty(entry);
  }
}

ISAT_INLINE service_index::service& service_index::entry_of(const object_name& name) {
  const auto [found, added] = services_.try_emplace(name);
  if (added) found->second.name = &found->first;
  return found->second;
}

ISAT_INLINE void service_index::forget(service& what) {
  if (!std::exchange(what.known, false)) return;
  --known_;
  detach(what);
  what.uid = {};
  what.addresses = {};
  what.ports = {};
  what.flaws = {};
}

ISAT_INLINE void service_index::drop_if_empty(const service& entry) {
  if (!entry.known && entry.slices.empty()) services_.erase(services_.find(*entry.name));
}

ISAT_INLINE const service_index::service* service_index::find(const object_name& name) const {
  const auto found = services_.find(name);
  return found != services_.end() && found->second.known ? &found->second : nullptr;
}

// ---- Addresses ----

ISAT_INLINE void service_index::attach(service& to) {
  const auto by_name = [](const service* one, const service* other) { return *one->name < *other->name; };
  for (const ipv4_address address : to.addresses) {
    services& list = addresses_[address];
    list.insert(std::ranges::lower_bound(list, &to, by_name), &to);
    touched_.insert(address);
  }
}

ISAT_INLINE void service_index::detach(service& from) {
  for (const ipv4_address address : from.addresses) {
    const auto found = addresses_.find(address);
    std::erase(found->second, &from);
    if (found->second.empty()) addresses_.erase(found);
    touched_.insert(address);
  }
}

ISAT_INLINE const service_index::services& service_index::at(ipv4_address address) const {
  static const services none;
  const auto found = addresses_.find(address);
  return found != addresses_.end() ? found->second : none;
}

ISAT_INLINE void service_index::touch(ipv4_address address) {
  if (addresses_.contains(address)) touched_.insert(address);
}

ISAT_INLINE void service_index::touch_all() {
  for (const auto& each : addresses_) touched_.insert(touched_.end(), each.first);
}

ISAT_INLINE void service_index::touch_addresses(const service& of) {
  touched_.insert(of.addresses.begin(), of.addresses.end());
}

ISAT_INLINE std::optional<ipv4_address> service_index::take_touched() {
  if (touched_.empty()) return std::nullopt;
  const ipv4_address first = *touched_.begin();
  touched_.erase(touched_.begin());
  return first;
}

// ---- Slices ----

ISAT_INLINE void service_index::set(const slice_facts& facts, std::uint32_t list) {
  if (facts.service.empty()) return erase_slice(facts.name);
  slice& entry = slices_[facts.name];
  entry.list = list;
  service& owner = entry_of({facts.name.name_space, facts.service});
  auto nodes = intern(facts.nodes);
  nodes.swap(entry.nodes);
  release(nodes);
  if (entry.of == &owner && nodes == entry.nodes && entry.unplaced == facts.unplaced) return;
  if (entry.of != &owner) {
    unlink(entry);
    entry.of = &owner;
    owner.slices.push_back(&entry);
  }
  entry.unplaced = facts.unplaced;
  entry.here = std::ranges::binary_search(entry.nodes, own_node_);
  touch_addresses(owner);
}

ISAT_INLINE void service_index::erase_slice(const object_name& name) {
  const auto found = slices_.find(name);
  if (found == slices_.end()) return;
  unlink(found->second);
  release(found->second.nodes);
  slices_.erase(found);
}

ISAT_INLINE void service_index::sweep_slices(std::uint32_t list) {
  for (auto each = slices_.begin(); each != slices_.end();) {
    const auto at = each++;
    if (at->second.list != list) erase_slice(at->first);
  }
}

ISAT_INLINE void service_index::unlink(slice& what) noexcept {
  if (what.of == nullptr) return;
  touch_addresses(*what.of);
  std::erase(what.of->slices, &what);
  drop_if_empty(*std::exchange(what.of, nullptr));
}

// ---- Nodes ----

ISAT_INLINE std::vector<interned_names::number> service_index::intern(const std::vector<std::string>& nodes) {
  std::vector<interned_names::number> numbers;
  numbers.reserve(nodes.size());
  for (const auto& name : nodes) numbers.push_back(node_names_.acquire(name));
  std::ranges::sort(numbers);
  return numbers;
}

ISAT_INLINE void service_index::release(const std::vector<interned_names::number>& nodes) noexcept {
  for (const auto number : nodes) node_names_.release(number);
}

ISAT_INLINE service_index::endpoints service_index::endpoints_of(const service& of) noexcept {
  endpoints result;
  for (const slice* each : of.slices) {
    result.any = result.any || each->unplaced || !each->nodes.empty();
    result.here = result.here || each->here;
    result.unplaced = result.unplaced || each->unplaced;
  }
  return result;
}

ISAT_INLINE bool service_index::have_common_node(const services& of) {
  std::optional<std::vector<interned_names::number>> common;
  for (const service* each : of) {
    std::vector<interned_names::number> nodes;
    for (const slice* part : each->slices) nodes.insert(nodes.end(), part->nodes.begin(), part->nodes.end());
    std::ranges::sort(nodes);
    nodes.erase(std::ranges::unique(nodes).begin(), nodes.end());
    std::vector<interned_names::number> both;
    if (common) std::ranges::set_intersection(*common, nodes, std::back_inserter(both));
    common = common ? std::move(both) : std::move(nodes);
  }
  return !common || !common->empty();
}

// ---- Memory ----

inline std::size_t memory_of(const std::string& text) noexcept {
  return text.capacity() > 15 ? text.capacity() + 17 : 0;
}
template <class Value>
std::size_t memory_of(const std::vector<Value>& values) noexcept {
  // Pointers are values here, too. NOLINTNEXTLINE(bugprone-sizeof-expression)
  return values.capacity() > 0 ? values.capacity() * sizeof(Value) + 16 : 0;
}
inline std::size_t memory_of(const object_name& name) noexcept {
  return memory_of(name.name_space) + memory_of(name.name);
}

ISAT_INLINE std::size_t service_index::memory() const noexcept {
  std::size_t octets = node_names_.memory() + touched_.size() * (map_node_octets + sizeof(ipv4_address));
  for (const auto& [name, entry] : services_) {
    octets += map_node_octets + sizeof(service_map::value_type) + memory_of(name) + memory_of(entry.uid) +
              memory_of(entry.addresses) + memory_of(entry.ports) + memory_of(entry.flaws) + memory_of(entry.slices);
    for (const auto& each : entry.flaws) octets += memory_of(each.text);
  }
  for (const auto& [name, entry] : slices_) {
    octets += map_node_octets + sizeof(slice_map::value_type) + memory_of(name) + memory_of(entry.nodes);
  }
  for (const auto& each : addresses_) {
    octets += map_node_octets + sizeof(each) + memory_of(each.second);
  }
  return octets;
}

}  // namespace isat::inline v0::kubernetes::detail
