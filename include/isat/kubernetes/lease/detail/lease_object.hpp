// SPDX-License-Identifier: BSL-1.0

// How a record of a lease store looks as a Lease object, so that people and client-go's election read it right:
//
//   record        | spec                                   | annotations
//   --------------+----------------------------------------+---------------------------------------------------
//   holder        | holderIdentity, NODE_BOOT_RANDOM       | isat/node
//   nonce         |                                        | isat/nonce
//   duration      | leaseDurationSeconds, a second longer  | isat/duration, in milliseconds
//   term          | leaseTransitions                       | isat/term, if it is beyond 31 bits
//   a note KEY    |                                        | isat/KEY
//   the write     | renewTime                              | isat/written, the same time
//
// Other programs keep annotations that they do not know: so ours count only if isat/written, isat/node and
// isat/duration agree with the spec; else the record is what the spec alone says, a stranger's. Labels, annotations and
// other metadata of others are kept. It refuses to send anything.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/election/lease_record.hpp"
#include "isat/kubernetes/lease/micro_time.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace isat::inline v0::kubernetes::detail {

inline constexpr std::string_view lease_api_version = "coordination.k8s.io/v1";
inline constexpr std::string_view record_label = "isat/record";  ///< on every Lease that a store has written

/// What a Lease object says, and what must be kept of it.
struct lease_object {
  election::entry found;
  std::string uid;
  std::string acquire_time;      ///< as in the spec; may be empty
  bool labelled{};               ///< carries record_label
  boost::json::object metadata;  ///< without what the server keeps by itself
};

/// Who writes, when, and over what.
struct lease_writing {
  std::string_view name_space;
  std::string_view identity;  ///< what follows the node name in holderIdentity
  micro_time now;
  const lease_object* before = nullptr;  ///< the version that is replaced; none: there is none
};

/// Reads a Lease. Total: whatever is missing or of a wrong type is left empty; no value without name, uid and version.
std::optional<lease_object> read_lease(const boost::json::object& lease);

/// The version of a uid and a resourceVersion; none if these are none.
std::optional<election::version> version_of(std::string_view uid, std::string_view resource_version) noexcept;

/// The Lease that says what `next` does; replaces `next.at`. @pre can_be_written(next)
boost::json::object make_lease(const election::entry& next, const lease_writing& how);

/// True if a Lease can have this name and carry these texts.
bool can_be_written(const election::entry& next) noexcept;

/// True if it is a DNS subdomain name (RFC 1123), as the names of Leases are.
bool is_lease_name(std::string_view name) noexcept;

}  // namespace isat::inline v0::kubernetes::detail

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/lease/impl/lease_object.ipp"
#endif
