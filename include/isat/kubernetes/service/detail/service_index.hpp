// SPDX-License-Identifier: BSL-1.0

// The Services of a table and the slices behind them, by name and by address, and which addresses have to be looked at
// again since something changed. Slices may come before their Service, and stay when it goes. It refuses to judge.
#pragma once

#include "isat/address.hpp"
#include "isat/detail/build.hpp"
#include "isat/kubernetes/service/detail/interned_names.hpp"
#include "isat/kubernetes/service/service_facts.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace isat::inline v0::kubernetes::detail {

/// What a node of a map and the allocator take besides the value, where it is that of most systems.
inline constexpr std::size_t map_node_octets = 48;

class service_index {
 public:
  struct service;

  struct slice {
    service* of{};
    std::vector<interned_names::number> nodes;  // sorted
    bool unplaced{};
    bool here{};           // one of the nodes is this one
    std::uint32_t list{};  // the list that told of it last
  };

  struct service {
    const object_name* name{};
    bool known{};  // else there are only slices
    bool local{};
    std::uint32_t list{};
    std::string uid;
    std::vector<ipv4_address> addresses;
    std::vector<service_port> ports;
    std::vector<flawed_ingress> flaws;
    std::vector<slice*> slices;
  };

  /// Those of an address, by name.
  using services = std::vector<const service*>;

  /// What the slices of a Service say.
  struct endpoints {
    bool any{};       // one counts
    bool here{};      // on this node
    bool unplaced{};  // on no node
  };

  explicit service_index(std::string_view own_node) : own_node_{node_names_.acquire(own_node)} {}
  service_index(const service_index&) = delete;
  service_index& operator=(const service_index&) = delete;

  /// `list` is the number of the list that is told, or was last.
  void set(service_facts facts, std::uint32_t list);
  void set(const slice_facts& facts, std::uint32_t list);
  void erase_service(const object_name& name);
  void erase_slice(const object_name& name);
  /// Erases what was told by another list than this.
  void sweep_services(std::uint32_t list);
  void sweep_slices(std::uint32_t list);

  /// Null unless it is known.
  const service* find(const object_name& name) const;
  /// Empty if no Service has it.
  const services& at(ipv4_address address) const;
  static endpoints endpoints_of(const service& of) noexcept;
  /// True if one node has endpoints of all of them.
  static bool have_common_node(const services& of);

  /// `address` has to be looked at again, if a Service has it.
  void touch(ipv4_address address);
  void touch_all();
  /// The next address to look at.
  std::optional<ipv4_address> take_touched();

  std::size_t address_count() const noexcept { return addresses_.size(); }
  std::size_t service_count() const noexcept { return known_; }
  std::size_t memory() const noexcept;

 private:
  using service_map = std::map<object_name, service>;
  using slice_map = std::map<object_name, slice>;

  service& entry_of(const object_name& name);
  void drop_if_empty(const service& entry);
  void touch_addresses(const service& of);
  void attach(service& to);
  void detach(service& from);
  void forget(service& what);
  void unlink(slice& what) noexcept;
  std::vector<interned_names::number> intern(const std::vector<std::string>& nodes);
  void release(const std::vector<interned_names::number>& nodes) noexcept;

  interned_names node_names_;
  interned_names::number own_node_;
  service_map services_;
  slice_map slices_;
  std::map<ipv4_address, services> addresses_;
  std::set<ipv4_address> touched_;
  std::size_t known_ = 0;
};

}  // namespace isat::inline v0::kubernetes::detail

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/service/impl/service_index.ipp"
#endif
