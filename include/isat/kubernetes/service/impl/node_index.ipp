// SPDX-License-Identifier: BSL-1.0

// The bodies of node_index.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/service/detail/node_index.hpp"

#include <algorithm>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

ISAT_INLINE std::vector<ipv4_address> node_index::set(node_facts facts, std::uint32_t list) {
  node& entry = nodes_[facts.name];
  entry.list = list;
  if (entry.facts == facts) return {};
  detach(entry);
  std::vector<ipv4_address> concerned = std::move(entry.facts.addresses);
  entry.facts = std::move(facts);
  for (const ipv4_address address : entry.facts.addresses) {
    addresses_.emplace(address, &entry);
    concerned.push_back(address);
  }
  return concerned;
}

ISAT_INLINE std::vector<ipv4_address> node_index::erase(std::string_view name) {
  const auto found = nodes_.find(name);
  if (found == nodes_.end()) return {};
  detach(found->second);
  std::vector<ipv4_address> concerned = std::move(found->second.facts.addresses);
  nodes_.erase(found);
  return concerned;
}

ISAT_INLINE std::vector<ipv4_address> node_index::sweep(std::uint32_t list) {
  std::vector<ipv4_address> concerned;
  for (auto each = nodes_.begin(); each != nodes_.end();) {
    const auto at = each++;
    if (at->second.list == list) continue;
    const auto of_it = erase(at->first);
    concerned.insert(concerned.end(), of_it.begin(), of_it.end());
  }
  return concerned;
}

ISAT_INLINE void node_index::detach(const node& from) {
  for (const ipv4_address address : from.facts.addresses) {
    const auto [begin, end] = addresses_.equal_range(address);
    addresses_.erase(std::find_if(begin, end, [&from](const auto& each) { return each.second == &from; }));
  }
}

ISAT_INLINE const node_facts* node_index::find(std::string_view name) const {
  const auto found = nodes_.find(name);
  return found != nodes_.end() ? &found->second.facts : nullptr;
}

ISAT_INLINE const node_facts* node_index::holder_of(ipv4_address address) const {
  const auto found = addresses_.find(address);
  return found != addresses_.end() ? &found->second->facts : nullptr;
}

ISAT_INLINE std::size_t node_index::memory() const noexcept {
  std::size_t octets = addresses_.size() * 64;
  for (const auto& [name, entry] : nodes_) {
    octets += 64 + sizeof(entry) + 2 * (sizeof(std::string) + name.capacity()) +
              entry.facts.addresses.capacity() * sizeof(ipv4_address);
  }
  return octets;
}

}  // namespace isat::inline v0::kubernetes::detail
