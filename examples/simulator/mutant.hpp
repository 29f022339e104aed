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
  late_seizure_shortens = 17,
  waiting_carries_own_duration = 18,
  waiting_releases = 19,
  // of the driver
  guards_by_fresh_read = 20,
  ignores_foreign_events = 21,
  releases_before_silence = 22,
  no_incarnation_guard = 23,
  steady_clock_only = 24,
  reads_clock_before_message = 25,
  // of the record that foreigners see
  whole_seconds_without_one = 26,
};

struct mutant_entry {
  mutant which{};
  std::string_view name;
  unsigned seeds{};  ///< caught within so many
  std::string_view says;
};

/// All of them.
std::span<const mutant_entry> mutants() noexcept;

std::optional<mutant> find_mutant(std::string_view name) noexcept;

std::string_view to_string(mutant which) noexcept;

}  // namespace simulator
