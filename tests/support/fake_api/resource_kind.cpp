// SPDX-License-Identifier: BSL-1.0
#include "fake_api/resource_kind.hpp"

#include <algorithm>
#include <array>

namespace isat::test::fake_api {

namespace {

// group, plural, kind, short name; namespaced, status, PUT creates, PUT without a version, generation
constexpr std::array<resource_kind, 7> kinds{{
    {"", "namespaces", "Namespace", "ns", false, true, false, true, false},
    {"", "nodes", "Node", "no", false, true, false, true, false},
    {"", "services", "Service", "svc", true, true, true, true, false},
    {"", "endpoints", "Endpoints", "ep", true, false, true, true, false},
    {"coordination.k8s.io", "leases", "Lease", "", true, false, true, false, false},
    {"discovery.k8s.io", "endpointslices", "EndpointSlice", "", true, false, false, true, true},
    {"events.k8s.io", "events", "Event", "ev", true, false, true, true, false},
}};

}  // namespace

std::span<const resource_kind> resource_kinds() noexcept { return kinds; }

const resource_kind* find_kind(std::string_view group, std::string_view plural) noexcept {
  const auto found = std::ranges::find_if(
      kinds, [&](const resource_kind& each) { return each.group == group && each.plural == plural; });
  return found == kinds.end() ? nullptr : &*found;
}

const resource_kind* find_kind_of(std::string_view api_version, std::string_view kind) noexcept {
  const auto found = std::ranges::find_if(
      kinds, [&](const resource_kind& each) { return each.kind == kind && each.api_version() == api_version; });
  return found == kinds.end() ? nullptr : &*found;
}

}  // namespace isat::test::fake_api
