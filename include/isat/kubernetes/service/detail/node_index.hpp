// SPDX-License-Identifier: BSL-1.0

// The Nodes of a table, by name and by address. Its changes say which addresses came or went with them, for these may
// be VIPs that must not be. It refuses to judge.
#pragma once

#include "isat/address.hpp"
#include "isat/detail/build.hpp"
#include "isat/kubernetes/service/service_facts.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace isat::inline v0::kubernetes::detail {

class node_index {
 public:
  /// `list` is the number of the list that is told, or was last.
  /// @return the addresses that the Node had, and those that it has
  std::vector<ipv4_address> set(node_facts facts, std::uint32_t list);
  /// @return the addresses that it had
  std::vector<ipv4_address> erase(std::string_view name);
  /// Erases what was told by another list than this. @return the addresses of all that
  std::vector<ipv4_address> sweep(std::uint32_t list);

  /// Null: there is no such Node.
  const node_facts* find(std::string_view name) const;
  /// A Node with this address; null: none has it.
  const node_facts* holder_of(ipv4_address address) const;

  std::size_t size() const noexcept { return nodes_.size(); }
  std::size_t memory() const noexcept;

 private:
  struct node {
    node_facts facts;
    std::uint32_t list{};
  };

  void detach(const node& from);

  std::map<std::string, node, std::less<>> nodes_;
  std::multimap<ipv4_address, const node*> addresses_;
};

}  // namespace isat::inline v0::kubernetes::detail

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/service/impl/node_index.ipp"
#endif
