// SPDX-License-Identifier: BSL-1.0

// The rules of the election with one of them broken on request. Without a mutant every function is the product's own;
// with one, a single function answers as a plausible mistake would. Given to basic_lease_machine as its policy, so that
// the machine itself runs unchanged.
#pragma once

#include "isat/election/lease_rules.hpp"
#include "mutant.hpp"

#include <chrono>

namespace simulator {

struct mutable_rules {
  using duration = std::chrono::nanoseconds;
  using rules = isat::election::lease_rules;
  using lease_claim = isat::election::lease_claim;
  using lease_mode = isat::election::lease_mode;
  using lease_sight = isat::election::lease_sight;
  using lease_timing = isat::election::lease_timing;
  using lease_time = isat::lease_time;
  using node_id = isat::election::node_id;

  static constexpr duration head_start = rules::head_start;

  mutant broken{};
  duration age = rules::litter_age();
  mutable std::uint64_t era_asked{};  // wait() is not told

  lease_time valid_from(const lease_time& first_send, const lease_time& last_send,
                        const lease_time& confirmed) const noexcept {
    if (broken == mutant::deadline_from_response) return confirmed;
    if (broken == mutant::deadline_from_last_send) return last_send;
    if (broken == mutant::deadline_from_read_back && last_send != first_send) return confirmed;
    return rules::valid_from(first_send, last_send, confirmed);
  }

  duration validity(const lease_timing& timing, duration carried) const noexcept {
    if (broken == mutant::no_drift_allowance) {
      lease_timing undrifting = timing;
      undrifting.drift_ppm = 0;
      return rules::validity(undrifting, carried);
    }
    return rules::validity(timing, carried);
  }

  bool entitles(std::uint64_t attempt, std::uint64_t first_after_loss) const noexcept {
    return broken == mutant::resumes_after_release || rules::entitles(attempt, first_after_loss);
  }

  bool keeps_touched(bool still_valid) const noexcept {
    return broken == mutant::touched_kept_late || rules::keeps_touched(still_valid);
  }

  bool conflict_may_be_own(bool copies_unresolved) const noexcept {
    return broken != mutant::conflict_drops_leadership && rules::conflict_may_be_own(copies_unresolved);
  }

  duration wait(const lease_sight& seen, bool followed, duration own, duration longest) const noexcept {
    const lease_mode mode = seen.claim.mode;
    if (broken == mutant::unmarked_release_frees && mode == lease_mode::vacant) return duration{0};
    if (broken == mutant::any_release_frees && mode == lease_mode::released) return duration{0};
    if (broken == mutant::heir_needs_no_mark && mode == lease_mode::released && seen.claim.heir != node_id{}) {
      return duration{0};
    }
    if (broken == mutant::empty_waits_own_duration && mode == lease_mode::vacant) {
      return rules::plausible(seen.claim.duration, longest);
    }
    if (broken == mutant::follower_uses_own_duration && mode == lease_mode::held) return own;
    if (broken == mutant::orphaned_waiting_frees && mode == lease_mode::waiting && seen.orphaned) return duration{0};
    if (broken == mutant::foreign_era_free && seen.claim.era != era_asked) return duration{0};
    return rules::wait(seen, followed, own, longest);
  }

  duration plausible(duration carried, duration longest) const noexcept { return rules::plausible(carried, longest); }

  bool follows_on(const lease_claim& before, const lease_claim& after) const noexcept {
    return rules::follows_on(before, after);
  }

  bool is_missing(const lease_sight& seen, std::uint64_t era) const noexcept {
    const bool knows_no_era = broken == mutant::foreign_era_free || broken == mutant::foreign_era_ours;
    era_asked = era;
    return rules::is_missing(seen, knows_no_era ? seen.claim.era : era);
  }

  duration silence(duration own, duration longest) const noexcept {
    return broken == mutant::creates_and_answers ? duration{0} : rules::silence(own, longest);
  }

  lease_time silent_from(const lease_time& first_send, const lease_time& confirmed) const noexcept {
    return broken == mutant::silence_from_send ? first_send : rules::silent_from(first_send, confirmed);
  }

  duration longer_silence(duration running, duration asked) const noexcept {
    return rules::longer_silence(running, asked);
  }

  lease_mode mode(bool silent) const noexcept { return rules::mode(silent); }

  duration carried(bool silent, duration own, duration longest) const noexcept {
    return broken == mutant::waiting_carries_own_duration ? own : rules::carried(silent, own, longest);
  }

  bool may_release(bool silent) const noexcept {
    return broken == mutant::waiting_releases || rules::may_release(silent);
  }

  bool waiting_entitles() const noexcept { return broken == mutant::waiting_entitles || rules::waiting_entitles(); }

  bool is_fresh(std::uint64_t read_sent, std::uint64_t known_since) const noexcept {
    return broken == mutant::trusts_stale_read || rules::is_fresh(read_sent, known_since);
  }

  std::chrono::seconds whole_seconds(duration lasting) const noexcept {
    const auto whole = rules::whole_seconds(lasting);
    return broken == mutant::whole_seconds_without_one ? whole - std::chrono::seconds{1} : whole;
  }

  bool is_litter(const isat::election::lease_claim& claim, std::uint64_t era, bool ceases) const noexcept {
    return rules::is_litter(claim, era, ceases);
  }

  duration litter_age() const noexcept {
    return broken == mutant::removes_held ? -isat::election::lease_timing::duration_max : age;
  }

  duration retry_delay(bool leading, duration backoff, duration asked) const noexcept {
    if (broken == mutant::obeys_retry_after) return asked < backoff ? backoff : asked;
    return rules::retry_delay(leading, backoff, asked);
  }
};

}  // namespace simulator
