// SPDX-License-Identifier: BSL-1.0

// The unsafe changes that the simulator must notice: each breaks one line of the election's policy, or of the driver
// around it, the way a plausible mistake would. They are switches of the simulator's copy of both; the product knows
// nothing of them. An entry says within how many seeds its change is caught at the latest.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace simulator {

enum class mutant : std::uint8_t {
  none = 0,
  // of the holder's rules
  deadline_from_response = 1,
  deadline_from_last_send = 2,
  deadline_from_read_back = 3,
  no_drift_allowance = 4,
  touched_kept_late = 5,
  resumes_after_release = 6,
  conflict_drops_leadership = 7,
  obeys_retry_after = 8,
  // of the follower's rules
  unmarked_release_frees = 9,
  any_release_frees = 10,
  empty_waits_own_duration = 11,
  follower_uses_own_duration = 12,
  orphaned_waiting_frees = 13,
  trusts_stale_read = 14,
  heir_needs_no_mark = 15,
  // of the seizer's rules
  creates_and_answers = 16,
  silence_from_send = 17,
  waiting_carries_own_duration = 18,
  waiting_releases = 19,
  waiting_entitles = 20,
  // of the driver
  guards_by_fresh_read = 21,
  ignores_foreign_events = 22,
  releases_before_silence = 23,
  no_incarnation_guard = 24,
  steady_clock_only = 25,
  reads_clock_before_message = 26,
  // of the record that foreigners see
  whole_seconds_without_one = 27,
  // of the layout
  layout_valid_from_response = 28,
  layout_made_open = 29,
  opened_at_once = 30,
  answers_while_opening = 31,
  era_kept_over_change = 32,
  trusts_stale_layout_read = 33,
  layout_not_read = 34,
  foreign_era_free = 35,
  foreign_era_ours = 36,
  ended_era_returns = 37,
  // of groups that come and go
  group_id_reused_at_once = 38,
  removes_held = 39,
  removes_unguarded = 40,
};

struct mutant_entry {
  mutant which{};
  std::string_view name;
  unsigned seeds{};  ///< caught within so many
  std::string_view says;
};

/// True for those that only a speaker's whole election shows.
constexpr bool is_of_layout(mutant which) noexcept { return which >= mutant::layout_valid_from_response; }

/// True for those that only groups of one address each show.
constexpr bool is_of_own_groups(mutant which) noexcept { return which >= mutant::group_id_reused_at_once; }

/// All of them.
std::span<const mutant_entry> mutants() noexcept;

std::optional<mutant> find_mutant(std::string_view name) noexcept;

std::string_view to_string(mutant which) noexcept;

}  // namespace simulator
