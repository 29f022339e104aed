// SPDX-License-Identifier: BSL-1.0

// What happened to the leadership of one group, and why: the answer to "why is nobody answering", as values. Machines
// give them out, a log or a metric takes them. They refuse to be needed: nothing acts on them.
#pragma once

#include "isat/detail/unreachable.hpp"
#include "isat/election/leadership.hpp"
#include "isat/election/lease_claim.hpp"

#include <cstdint>
#include <string_view>

namespace isat::inline v0::election {

/// What happened. The values are API: append only.
enum class lease_change : std::uint8_t {
  none = 0,
  gained = 1,    ///< the lease entitles from now on; under a layout, that has to be open, too
  lost = 2,      ///< the lease entitles no more
  seized = 3,    ///< holds a record that was missing, and is silent until nobody can be entitled by an older one
  released = 4,  ///< the release has been written
  follows = 5,   ///< another node holds the record
};

/// Why it happened. The values are API: append only.
enum class lease_reason : std::uint8_t {
  none = 0,
  // of a gain
  expired = 1,   ///< the last holder did not renew in time
  released = 2,  ///< the last holder released
  orphaned = 3,  ///< the last holder's process has ended
  vacant = 4,    ///< the record named nobody and bore no mark of a release
  missing = 5,   ///< there was no record of this era
  regained = 6,  ///< still the holder: a later renewal succeeded
  // of a loss
  lapsed = 7,           ///< not renewed in time
  superseded = 8,       ///< a newer version of the record is another's
  conflict = 9,         ///< a renewal met another version
  unwilling = 10,       ///< not a candidate any more
  handed_over = 11,     ///< another node is to lead
  era_changed = 12,     ///< the layout has changed
  clock_jumped = 13,    ///< the wall clock was set, or the host was frozen
  layout_unknown = 14,  ///< the layout was not confirmed in time
};

/// One change.
struct lease_event {
  lease_change what{};
  lease_reason why{};
  std::uint64_t term{};
  node_id node{};  ///< of `follows`: the holder

  friend constexpr bool operator==(const lease_event&, const lease_event&) noexcept = default;
};

/// An event, and the group that it is about.
struct group_event {
  group_id group{};
  lease_event event;
};

/// One word.
constexpr std::string_view to_string(lease_change change) noexcept {
  switch (change) {
    case lease_change::none:
      return "none";
    case lease_change::gained:
      return "gained";
    case lease_change::lost:
      return "lost";
    case lease_change::seized:
      return "seized";
    case lease_change::released:
      return "released";
    case lease_change::follows:
      return "follows";
  }
  detail::unreachable();
}

/// A phrase for a log line, for the reason of a gain or a loss.
constexpr std::string_view to_string(lease_reason reason) noexcept {
  switch (reason) {
    case lease_reason::none:
      return "none";
    case lease_reason::expired:
      return "the lease has expired";
    case lease_reason::released:
      return "the holder released it";
    case lease_reason::orphaned:
      return "the holder's process has ended";
    case lease_reason::vacant:
      return "nobody held it";
    case lease_reason::missing:
      return "there was no lease";
    case lease_reason::regained:
      return "renewed again";
    case lease_reason::lapsed:
      return "not renewed in time";
    case lease_reason::superseded:
      return "another node wrote the lease";
    case lease_reason::conflict:
      return "a renewal met another version";
    case lease_reason::unwilling:
      return "not a candidate any more";
    case lease_reason::handed_over:
      return "handed over";
    case lease_reason::era_changed:
      return "the layout has changed";
    case lease_reason::clock_jumped:
      return "the clock jumped";
    case lease_reason::layout_unknown:
      return "the layout was not confirmed in time";
  }
  detail::unreachable();
}

}  // namespace isat::inline v0::election
