// SPDX-License-Identifier: BSL-1.0

// The rules that keep a VIP from belonging to two groups at once, as pure functions: the layout is a lease, too. Nobody
// answers by a layout that it has not read lately, and nobody opens a new one before all such readings have run out.
// layout_machine takes them as a parameter, as lease_machine takes lease_rules. It refuses to know any state.
#pragma once

#include "isat/clock.hpp"
#include "isat/election/layout.hpp"
#include "isat/election/lease_timing.hpp"

#include <chrono>
#include <cstdint>

namespace isat::inline v0::election {

/// The rules of layouts (docs/election.md), each a function of what is known.
struct layout_rules {
  using duration = std::chrono::nanoseconds;

  /// Where the validity of a read begins: at its sending.
  static constexpr lease_time valid_from(const lease_time& sent, const lease_time& /*answered*/) noexcept {
    return sent;
  }

  /// How long it lasts.
  static constexpr duration validity(const lease_timing& timing, duration layout_validity) noexcept {
    return timing.validity_of(layout_validity);
  }

  /// Whether a read of a layout in this phase lets anybody answer.
  static constexpr bool entitles(layout_phase phase) noexcept { return phase == layout_phase::open; }

  /// In which phase a layout starts, also the very first one.
  static constexpr layout_phase first_phase() noexcept { return layout_phase::opening; }

  /// How long after the first receipt of an opening one it may be opened.
  static constexpr duration open_after(duration layout_validity) noexcept { return layout_validity; }

  /// The era of a new layout: never one that was, and of a later generation than every one that was seen.
  static constexpr std::uint64_t next_era(std::uint64_t present, std::uint64_t fresh) noexcept {
    return era_of(generation_of(present) + 1, fresh);
  }

  /// Whether an era has been seen to be over: a record of it was put back, by a restore or by hand, and counts as
  /// missing. Leases of that era still lie about, and whoever works by a later one may be answering.
  static constexpr bool is_over(std::uint64_t era, std::uint64_t generation_max) noexcept {
    return generation_of(era) < generation_max;
  }

  /// The nonce under which a process writes in a new era: never the one it had.
  static constexpr std::uint64_t next_writer(std::uint64_t /*present*/, std::uint64_t fresh) noexcept { return fresh; }

  /// Whether a read was sent after the receipt of what is known already: only then can it take something back.
  static constexpr bool is_fresh(std::uint64_t read_sent, std::uint64_t known_since) noexcept {
    return read_sent > known_since;
  }
};

}  // namespace isat::inline v0::election
