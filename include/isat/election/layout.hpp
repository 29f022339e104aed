// SPDX-License-Identifier: BSL-1.0

// How VIPs are put into groups: a function of the address and of nothing else, so that all speakers of one layout agree
// on it without asking. Which layout is in force is agreed on through the store (layout_machine). It refuses to know
// who leads what.
#pragma once

#include "isat/address.hpp"
#include "isat/detail/mix.hpp"
#include "isat/election/leadership.hpp"
#include "isat/election/lease_timing.hpp"
#include "isat/election/record_exchange.hpp"

#include <chrono>
#include <cstdint>

namespace isat::inline v0::election {

/// What makes a group.
enum class grouping : std::uint8_t {
  none = 0,
  single = 1,   ///< all VIPs move together
  shards = 2,   ///< VIPs are spread over a fixed number of groups by a hash of their address
  service = 3,  ///< each address is a group of its own: Services that share one move together (group_names)
};

/// A layout. The duration is part of it: all leases of one era last equally long.
struct layout {
  grouping mode = grouping::single;
  std::uint32_t count = 1;  ///< number of groups, 1 .. count_max; ids are 0 .. count - 1. 0 of one group per address
  std::chrono::nanoseconds duration = std::chrono::seconds{3};

  friend constexpr bool operator==(const layout&, const layout&) noexcept = default;

  /// True if all values are in range.
  constexpr bool is_sound() const noexcept {
    return counts() && duration >= lease_timing::duration_min && duration <= lease_timing::duration_max;
  }

  /// True if groups are as many as addresses, and group_names knows their ids.
  constexpr bool is_per_address() const noexcept { return mode == grouping::service; }

  /// The group of a VIP. @pre is_sound() && !is_per_address()
  constexpr group_id group_of(ipv4_address vip) const noexcept {
    return static_cast<group_id>(detail::mix(std::uint64_t{vip.bits()}) % count);
  }

  static constexpr std::uint32_t count_max = 256;

 private:
  constexpr bool counts() const noexcept {
    switch (mode) {
      case grouping::none:
        break;
      case grouping::single:
        return count == 1;
      case grouping::shards:
        return count - 1 < count_max;
      case grouping::service:
        return count == 0;
    }
    return false;
  }
};

/// Whether answers may be given by a layout.
enum class layout_phase : std::uint8_t {
  none = 0,     ///< cannot be read as a layout
  opening = 1,  ///< groups may be taken, nobody answers
  open = 2,     ///< whoever leads a group answers
  foreign = 3,  ///< a layout that this process cannot follow: of a later version, or of another validity
};

/// What a layout record says.
struct layout_claim {
  layout_phase phase{};
  layout shape;
  std::uint64_t era{};  ///< new with every record that is opening: its generation, and at random

  friend constexpr bool operator==(const layout_claim&, const layout_claim&) noexcept = default;
};

/// Which change of the layout this era began with: an older one never comes back.
constexpr std::uint64_t generation_of(std::uint64_t era) noexcept { return era >> 40U; }

/// An era of this generation, or of the last one there is.
constexpr std::uint64_t era_of(std::uint64_t generation, std::uint64_t random) noexcept {
  constexpr std::uint64_t last = (std::uint64_t{1} << 24U) - 1;
  return (generation < last ? generation : last) << 40U | random >> 24U;
}

using layout_sight = basic_sight<layout_claim>;
using layout_request = basic_request<layout_claim>;
using layout_response = basic_response<layout_claim>;

}  // namespace isat::inline v0::election
