// SPDX-License-Identifier: BSL-1.0

// What a run has come to: the first violation of an invariant, and counts of what happened, so that nobody mistakes a
// run in which nothing happened for one that went well. It refuses to stop a run: whoever drives it asks.
#pragma once

#include "event_queue.hpp"
#include "network.hpp"

#include <cstdint>
#include <string_view>

namespace simulator {

enum class violation_kind : std::uint8_t {
  none = 0,
  two_leaders = 1,
  leads_against_news = 2,  ///< a node answers although it has read that a newer version names another
  term_not_rising = 3,
  released_while_leading = 4,  ///< a release leaves a node that may still answer
  unseen_version = 5,          ///< a write names a version that its node has not seen
  too_many_requests = 6,
  no_leader = 7,         ///< all is well, for long enough, and nobody leads
  no_progress = 8,       ///< a machine wants to be woken at once, again and again, and does nothing
  needless_loss = 9,     ///< a leadership ended by a conflict with its own writer's write
  beside_rival = 10,     ///< a rival could take the record by expiry while a node was entitled
  unnamed_request = 11,  ///< a request is made in the name of a group that stands for nothing
};

std::string_view to_string(violation_kind kind) noexcept;

/// What is counted over a run, so that nobody mistakes a run in which nothing happened for one that went well.
struct tally {
  std::uint64_t gains{};
  std::uint64_t writes{};
  std::uint64_t conflicts{};
  std::uint64_t seizures{};
  std::uint64_t releases{};
  std::uint64_t void_overlaps{};  ///< two leaders, but a clock was frozen or the store restored in between
  std::uint64_t rival_takeovers{};
  std::uint64_t requests_peak{};
  duration answered{};

  void add(const tally& other) noexcept;
};

class verdict {
 public:
  explicit verdict(timeline& time) : time_{time} {}

  /// Keeps the first one.
  void violate(violation_kind kind, node_number node) {
    if (violation_ != violation_kind::none) return;
    violation_ = kind;
    violated_at_ = time_.now;
    time_.trace.note({time_.now, trace_kind::violation, node, static_cast<std::uint8_t>(kind), {}, {}, {}});
  }

  violation_kind violation() const noexcept { return violation_; }
  instant violated_at() const noexcept { return violated_at_; }
  tally& counts() noexcept { return counts_; }
  const tally& counts() const noexcept { return counts_; }

 private:
  timeline& time_;
  violation_kind violation_{};
  instant violated_at_{};
  tally counts_;
};

}  // namespace simulator
