// SPDX-License-Identifier: BSL-1.0

// Makes facts of Services, EndpointSlices and Nodes as an API server sends them. Total: whatever is missing or of a
// wrong type counts as absent; what is beyond service_limits is passed over. They refuse to judge what they read.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/kubernetes/service/service_facts.hpp"

#include <boost/json/fwd.hpp>

#include <optional>

namespace isat::inline v0::kubernetes::detail {

/// The readers give no value for an object without a name, or with one longer than names are.
std::optional<service_facts> read_service(const boost::json::object& service);

/// Endpoints count in slices of addressType IPv4 only, as no other serves an IPv4 address. One counts if it is ready
/// (by default yes) or is said to be serving.
std::optional<slice_facts> read_slice(const boost::json::object& slice);

std::optional<node_facts> read_node(const boost::json::object& node);

/// The name alone: what an object that is gone has to have.
std::optional<object_name> read_name(const boost::json::object& object);

}  // namespace isat::inline v0::kubernetes::detail

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/service/impl/object_facts.ipp"
#endif
