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
  carried_validity = 5,
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
  // of the seizer's rules
  creates_and_answers = 15,
  silence_from_send = 16,
  waiting_carries_own_duration = 17,
  waiting_releases = 18,
  // of the driver
  guards_by_fresh_read = 19,
  ignores_foreign_events = 20,
  releases_before_silence = 21,
  no_incarnation_guard = 22,
  steady_clock_only = 23,
  reads_clock_before_message = 24,
  // of the record that foreigners see
  whole_seconds_without_one = 25,
  // of the layout
  layout_valid_from_response = 26,
  layout_made_open = 27,
  opened_at_once = 28,
  answers_while_opening = 29,
  era_kept_over_change = 30,
  trusts_stale_layout_read = 31,
  layout_not_read = 32,
  foreign_era_free = 33,
  foreign_era_ours = 34,
  ended_era_returns = 35,
};

struct mutant_entry {
  mutant which{};
  std::string_view name;
  unsigned seeds{};  ///< caught within so many
  std::string_view says;
};

/// True for those that only a speaker's whole election shows.
constexpr bool is_of_layout(mutant which) noexcept { return which >= mutant::layout_valid_from_response; }

/// All of them.
std::span<const mutant_entry> mutants() noexcept;

std::optional<mutant> find_mutant(std::string_view name) noexcept;

std::string_view to_string(mutant which) noexcept;

}  // namespace simulator
