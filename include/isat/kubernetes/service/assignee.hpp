// SPDX-License-Identifier: BSL-1.0

// What an address assigner must know of a Service: what it asks for, what its status names, and at which version that
// was. More than what speakers keep (service_facts.hpp), for the leader of the assigners only. Everything in it has a
// bound. It refuses to keep anything else of an object.
#pragma once

#include "isat/address.hpp"
#include "isat/detail/build.hpp"
#include "isat/kubernetes/service/service_facts.hpp"
#include "isat/kubernetes/service/service_notice.hpp"

#include <boost/json/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isat::inline v0::kubernetes {

/// Annotations by which users of a cluster talk to the assigner.
inline constexpr std::string_view address_annotation = "isat/address";        ///< which address; beats loadBalancerIP
inline constexpr std::string_view sharing_annotation = "isat/share-address";  ///< a word: who has the same may share

/// A Service as its assigner sees it.
struct ISAT_API assignee {
  service_reference service;
  std::string version;   ///< resourceVersion
  bool load_balancer{};  ///< its type
  bool going{};          ///< it is being deleted, and something else must be done before
  std::string lb_class;  ///< may be empty
  /// Asked for by address_annotation or spec.loadBalancerIP, without blanks around it; at most service_limits::text
  /// octets. Perhaps no address.
  std::string wanted;
  std::string sharing;                  ///< the word of sharing_annotation; empty also if it is longer than sharing_max
  bool local{};                         ///< externalTrafficPolicy Local
  std::uint64_t selector{};             ///< a hash of its selector
  std::vector<service_port> ports;      ///< sorted, nothing twice
  std::vector<ipv4_address> addresses;  ///< that its status names; sorted, nothing twice
  bool foreign{};                       ///< its status names something else, too

  static constexpr std::size_t sharing_max = 128;

  std::optional<ipv4_address> wanted_address() const noexcept { return ipv4_address::parse(wanted); }
  bool names(ipv4_address address) const noexcept;

  friend bool operator==(const assignee&, const assignee&) = default;
};

/// True if both may have one address: the same word, no port in common, and the same nodes serve them.
ISAT_API bool may_share(const assignee& one, const assignee& other) noexcept;

/// Reads a Service. Total: no value without name, namespace, uid and version.
ISAT_API std::optional<assignee> read_assignee(const boost::json::object& service);

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/service/impl/assignee.ipp"
#endif
