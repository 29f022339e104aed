// SPDX-License-Identifier: BSL-1.0

// How a run of the daemon stands at one moment, as plain facts: what the pages about it are made of. Who runs it fills
// this in when asked; nobody acts on it.
#pragma once

#include "isat/kubernetes/service/event_recorder.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace speakerd {

enum class run_phase : std::uint8_t {
  none = 0,
  waiting = 1,  ///< for the store to answer for the first time
  running = 2,
  ending = 3,  ///< hands over
};

/// How an election that has a loop of its own stands.
struct election_state {
  bool is_running{};
  bool has_layout{};                  ///< it follows the layout of the speakers that share a store
  std::chrono::nanoseconds due_in{};  ///< when its next step is to be made; not above zero: now
};

struct run_state {
  run_phase phase{};
  bool is_synced{};                                    ///< the source has told all VIPs that it knew at its start
  std::optional<std::chrono::nanoseconds> source_age;  ///< since the source last knew to be up to date; none: never yet
  std::size_t interfaces{};                            ///< on which it announces now
  std::optional<election_state> election;              ///< none: the elector has no loop
  /// What became of Events on Services; none: none are written.
  std::optional<isat::kubernetes::event_counters> events = {};
};

}  // namespace speakerd
