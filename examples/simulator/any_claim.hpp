// SPDX-License-Identifier: BSL-1.0

// What records of the simulated store say, whatever their kind: of a lease, the layout, a presence. The network and the
// store carry them without looking into them; nodes put in and take out what their machines know.
#pragma once

#include "isat/election/layout.hpp"
#include "isat/election/lease_claim.hpp"
#include "isat/election/presence.hpp"
#include "isat/election/record_exchange.hpp"

#include <cstddef>
#include <cstdint>
#include <variant>

namespace simulator {

using any_claim =
    std::variant<isat::election::lease_claim, isat::election::layout_claim, isat::election::presence_claim>;
using any_sight = isat::election::basic_sight<any_claim>;
using any_request = isat::election::basic_request<any_claim>;
using any_response = isat::election::basic_response<any_claim>;

/// A record of the store, by number.
using record_number = std::uint32_t;

/// The VIPs that are watched.
inline constexpr std::size_t vips_max = 6;

/// The records of a store in which speakers elect: one per group, then one per VIP, for when each is a group of its
/// own, then the layout, then the presences by node. A lone lease is record 0.
inline constexpr record_number groups_max = 8;
inline constexpr record_number first_vip_record = groups_max;
inline constexpr record_number layout_record = first_vip_record + vips_max;
inline constexpr record_number first_presence_record = layout_record + 1;

/// What a sight says, if it is of this kind; nothing otherwise, as when the record is missing.
template <class Claim>
isat::election::basic_sight<Claim> narrow(const any_sight& sight) noexcept {
  const Claim* const claim = std::get_if<Claim>(&sight.claim);
  return {sight.at, sight.exists, claim != nullptr ? *claim : Claim{}, sight.orphaned};
}

template <class Claim>
isat::election::basic_response<Claim> narrow(const any_response& response) noexcept {
  return {response.id, response.outcome, narrow<Claim>(response.sight), response.retry_after};
}

template <class Claim>
any_request widen(const isat::election::basic_request<Claim>& request) noexcept {
  return {request.operation, request.id, request.expected, request.claim, request.repeated};
}

/// What a lease says; of any other record, nothing.
inline isat::election::lease_claim lease_of(const any_claim& claim) noexcept {
  const auto* const lease = std::get_if<isat::election::lease_claim>(&claim);
  return lease != nullptr ? *lease : isat::election::lease_claim{};
}

inline bool is_layout(const any_claim& claim) noexcept {
  return std::holds_alternative<isat::election::layout_claim>(claim);
}

/// What a trace keeps of a claim: of a layout its phase, its number of groups and its generation, in the places of
/// others.
inline isat::election::lease_claim traced(const any_claim& claim) noexcept {
  const auto* const layout = std::get_if<isat::election::layout_claim>(&claim);
  if (layout == nullptr) return lease_of(claim);
  return {.attempt = static_cast<std::uint64_t>(layout->phase),
          .term = isat::election::generation_of(layout->era),
          .duration = std::chrono::milliseconds{layout->shape.count}};
}

/// The process that wrote, as far as the claim tells.
inline std::uint64_t writer_of(const any_claim& claim) noexcept {
  if (const auto* lease = std::get_if<isat::election::lease_claim>(&claim)) return lease->writer;
  if (const auto* presence = std::get_if<isat::election::presence_claim>(&claim)) return presence->process;
  return 0;
}

}  // namespace simulator
