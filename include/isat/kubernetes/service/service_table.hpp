// SPDX-License-Identifier: BSL-1.0

// Which addresses this node can serve, by what is known of Services, EndpointSlices and Nodes. Sans-I/O: facts go in,
// changes of VIPs and notices come out; service_source.hpp drives it. Every node comes to its own answer from the same
// objects, so who is a candidate for an address needs no agreement. It refuses to know who leads.
//
//   an address of a Service             | standing here, the first that holds
//   ------------------------------------+--------------------------------------------------------------------
//   not all three kinds were listed     | waiting
//   a Node has it                       | node_address
//   an announcing interface carries it  | carried_address
//   this Node: none, excluded, …        | node_missing, node_excluded, network_unavailable, node_unschedulable
//   no Service has an endpoint          | no_endpoints; else those without one do not count
//   each Service is served from here    | announced
//   no node serves each of them         | no_common_node
//   otherwise                           | no_local_endpoint
//
// What all nodes see alike is told alike: what is wrong with an address and its endpoints also while this Node is out.
// A Service is served from everywhere, unless it wants local endpoints and all that count have a node: then from those.
// With announce_without_endpoints one that has none is served from everywhere, too.
#pragma once

#include "isat/address.hpp"
#include "isat/detail/build.hpp"
#include "isat/kubernetes/service/detail/node_index.hpp"
#include "isat/kubernetes/service/detail/service_index.hpp"
#include "isat/kubernetes/service/service_facts.hpp"
#include "isat/kubernetes/service/service_notice.hpp"
#include "isat/kubernetes/service/vip_standing.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isat::inline v0::kubernetes {

/// Which Services are ours, and what counts.
struct service_rules {
  std::string node_name;               ///< of this node, as its Node object has it
  std::string lb_class = {};           ///< only Services of this class; empty: only those of none
  bool announce_without_endpoints{};   ///< a Service that nothing serves keeps its addresses
  bool withdraw_when_unschedulable{};  ///< nothing is announced on a node that is cordoned
};

/// An address is a VIP on this node from now on, or is none any more.
struct vip_change {
  ipv4_address address;
  bool present{};

  friend bool operator==(const vip_change&, const vip_change&) noexcept = default;
};

/// The facts of a cluster as one node sees them. Not thread-safe.
class ISAT_API service_table {
 public:
  explicit service_table(service_rules rules);

  // ---- Facts ----

  /// A list of one kind begins; one that had begun counts for nothing.
  void begin_list(object_kind kind);
  /// It is at its end: what was not told since begin_list() is gone. Without begin_list() nothing is.
  void end_list(object_kind kind);

  /// New, changed or the same as before.
  void set(service_facts service);
  void set(const slice_facts& slice);
  void set(node_facts node);
  /// Gone; what is unknown is ignored.
  void erase_service(const object_name& name);
  void erase_slice(const object_name& name);
  void erase_node(std::string_view name);

  /// The addresses that announcing interfaces of this node carry, all of them.
  void set_carried_addresses(std::vector<ipv4_address> addresses);

  // ---- Results, to be taken after each fact until there is none, the changes first ----

  /// Nothing before all kinds were listed once; each change once.
  std::optional<vip_change> take_change();
  std::optional<service_notice> take_notice();

  // ---- Questions ----

  /// True since each kind was listed once.
  bool is_listed() const noexcept;
  /// True while what the notice tells is so: for whoever tells it later than at once. What has `joined` an address has
  /// it still, and that is announced.
  bool is_so(const service_notice& notice) const;
  vip_standing standing_of(ipv4_address address) const;
  /// True if a Node has it, or an announcing interface of this node carries it: then it can be no VIP.
  bool is_taken(ipv4_address address) const;
  /// The Services that name it, by name.
  std::vector<service_reference> services_of(ipv4_address address) const;
  /// The addresses of Services, whether announced or not.
  std::size_t address_count() const noexcept { return services_.address_count(); }
  /// Services of ours.
  std::size_t service_count() const noexcept { return services_.service_count(); }
  /// About how many octets the facts take. Takes as long as there are facts.
  std::size_t memory() const noexcept;

 private:
  struct told_address {
    vip_standing standing{};
    vip_standing trouble{};       // the last that was told, until its end is told
    std::uint64_t shared_port{};  // stands for what was told of ports that two Services want
  };
  struct list_state {
    std::uint32_t number{};  // of the last list that began
    bool done{};             // one got to its end
  };

  list_state& list_of(object_kind kind) noexcept;
  bool is_ours(const service_facts& service) const noexcept;
  vip_standing judge(ipv4_address address) const;
  vip_standing judge_address(ipv4_address address) const;
  vip_standing judge_endpoints(const detail::service_index::services& of) const;
  vip_standing trouble_of(ipv4_address address, vip_standing standing) const;
  vip_standing judge_node() const noexcept;
  void look_at_node();
  void tell_flaws(const service_facts& service);
  void tell_joined(const service_facts& service);
  void tell_standing(ipv4_address address, told_address& known);
  void tell_local(ipv4_address address);
  void tell_ports(ipv4_address address, told_address& known);

  service_rules rules_;
  std::array<list_state, 3> lists_{};
  detail::service_index services_;
  detail::node_index nodes_;
  std::vector<ipv4_address> carried_;  // sorted
  std::map<ipv4_address, told_address> told_;
  vip_standing own_node_ = vip_standing::announced;  // as was told
  std::deque<service_notice> notices_;
};

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/service/impl/service_table.ipp"
#endif
