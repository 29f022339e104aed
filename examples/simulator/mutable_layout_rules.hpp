// SPDX-License-Identifier: BSL-1.0

// The rules of the layout with one of them broken on request, as mutable_rules.hpp does for those of a lease.
#pragma once

#include "isat/election/layout_rules.hpp"
#include "mutant.hpp"

#include <chrono>
#include <cstdint>

namespace simulator {

struct mutable_layout_rules {
  using duration = std::chrono::nanoseconds;
  using rules = isat::election::layout_rules;
  using layout_phase = isat::election::layout_phase;
  using lease_time = isat::lease_time;

  mutant broken{};

  lease_time valid_from(const lease_time& sent, const lease_time& answered) const noexcept {
    return broken == mutant::layout_valid_from_response ? answered : rules::valid_from(sent, answered);
  }

  duration validity(const isat::election::lease_timing& timing, duration layout_validity) const noexcept {
    return rules::validity(timing, layout_validity);
  }

  bool entitles(layout_phase phase) const noexcept {
    return broken == mutant::answers_while_opening ? phase != layout_phase::none : rules::entitles(phase);
  }

  layout_phase first_phase() const noexcept {
    return broken == mutant::layout_made_open ? layout_phase::open : rules::first_phase();
  }

  duration open_after(duration layout_validity) const noexcept {
    return broken == mutant::opened_at_once ? duration{0} : rules::open_after(layout_validity);
  }

  std::uint64_t next_era(std::uint64_t present, std::uint64_t fresh) const noexcept {
    return broken == mutant::era_kept_over_change && present != 0 ? present : rules::next_era(present, fresh);
  }

  bool is_over(std::uint64_t era, std::uint64_t generation_max) const noexcept {
    return broken != mutant::ended_era_returns && rules::is_over(era, generation_max);
  }

  std::uint64_t next_writer(std::uint64_t present, std::uint64_t fresh) const noexcept {
    return rules::next_writer(present, fresh);
  }

  bool is_fresh(std::uint64_t read_sent, std::uint64_t known_since) const noexcept {
    return broken == mutant::trusts_stale_layout_read || rules::is_fresh(read_sent, known_since);
  }
};

}  // namespace simulator
