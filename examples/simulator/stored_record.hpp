// SPDX-License-Identifier: BSL-1.0

// One record of the simulated store: linearizable compare-and-swap, versions that never repeat, and what happens to
// records in real life, by the hands of others: removed, made again, edited, restored from an older state. Two manners
// of absence are simulated: that of Kubernetes, where nothing has no version, and that of stores that keep a tombstone.
// It refuses to know messages and time-outs: an operation takes effect when it is called.
#pragma once

#include "any_claim.hpp"
#include "event_queue.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace simulator {

/// What foreigners, who know nothing of claims, see of a record: times and durations in whole seconds.
struct public_face {
  std::int64_t renewed{};
  std::int64_t lasting{};

  friend constexpr bool operator==(const public_face&, const public_face&) noexcept = default;
};

/// One state of a record.
struct stored {
  any_sight sight;
  public_face face;
  instant since{};
  bool by_node{};  ///< written by a node of ours, and not changed by hand since
  bool touched{};  ///< ... but for something that it does not claim
};

class stored_record {
 public:
  /// @param tombstones    what is removed keeps its incarnation and has a version
  /// @param guards_uid    a write that names an incarnation meets no other one
  /// @param guards_removal a removal that names a version meets no other one
  stored_record(bool tombstones, bool guards_uid, bool guards_removal = true) noexcept
      : tombstones_{tombstones}, guards_uid_{guards_uid}, guards_removal_{guards_removal} {}

  const stored& now() const noexcept { return states_[count_ % states_.size()]; }

  /// The state `back` writes ago, as far as it is kept.
  const stored& before(std::uint64_t back) const noexcept {
    const std::uint64_t kept = count_ < states_.size() - 1 ? count_ : states_.size() - 1;
    return states_[(count_ - (back < kept ? back : kept)) % states_.size()];
  }

  /// Compare and swap, by a node of ours or by a rival. @return whether it took effect
  bool swap(instant at, const isat::election::version& expected, const any_claim& claim, const public_face& face,
            bool by_node) noexcept {
    const any_sight& is = now().sight;
    const bool recreates = !guards_uid_ && !is.exists && expected.incarnation != 0;
    if (is.at != expected && !recreates) return false;
    put(at, claim, face, by_node);
    return true;
  }

  /// Compare and remove, by a node.
  bool swap_out(instant at, const isat::election::version& expected) noexcept {
    if ((guards_removal_ && now().sight.at != expected) || !now().sight.exists) return false;
    take_out(at, false);
    return true;
  }

  /// A write by somebody else, over whatever is there.
  void overwrite(instant at, const any_claim& claim, const public_face& face) noexcept {
    put(at, claim, face, false);
    disturbed_ = at;
  }

  /// A new version of what is there; of a lease, with this heir. @pre it exists
  void touch(instant at, isat::election::node_id heir) noexcept {
    const stored is = now();
    any_claim claim = is.sight.claim;
    if (auto* const lease = std::get_if<isat::election::lease_claim>(&claim)) lease->heir = heir;
    put(at, claim, is.face, is.by_node, true);
  }

  void remove(instant at, bool without_trace) noexcept {
    if (!now().sight.exists && !without_trace) return;
    take_out(at, without_trace);
    disturbed_ = at;
  }

  /// Goes back to what it was at `to`, as far as it is kept. Versions to come are still new ones.
  void restore(instant at, instant to) noexcept {
    std::uint64_t back = 0;
    while (back < states_.size() - 2 && back < count_ && before(back).since > to) ++back;
    stored next = before(back);
    next.since = at;
    push(next);
    disturbed_ = restored_ = at;
  }

  /// When it was last restored: what was before that, no watch tells any more.
  instant restored() const noexcept { return restored_; }

  /// When it was last removed, edited, made by a stranger or restored.
  instant disturbed() const noexcept { return disturbed_; }

 private:
  void take_out(instant at, bool without_trace) noexcept {
    stored next;
    next.since = at;
    if (tombstones_ && !without_trace) next.sight.at = {now().sight.at.incarnation, ++revision_};
    push(next);
  }

  void put(instant at, const any_claim& claim, const public_face& face, bool by_node, bool touched = false) noexcept {
    stored next;
    next.sight.exists = true;
    next.sight.claim = claim;
    const isat::election::version& is = now().sight.at;
    next.sight.at = {is.incarnation == 0 ? ++incarnations_ : is.incarnation, ++revision_};
    next.face = face;
    next.since = at;
    next.by_node = by_node;
    next.touched = touched;
    push(next);
  }

  void push(const stored& next) noexcept { states_[++count_ % states_.size()] = next; }

  std::array<stored, 64> states_;
  std::uint64_t count_ = 0;
  std::uint64_t revision_ = 0;
  std::uint64_t incarnations_ = 0;
  instant disturbed_{-std::chrono::hours{1}};
  instant restored_{-std::chrono::hours{1}};
  bool tombstones_;
  bool guards_uid_;
  bool guards_removal_;
};

}  // namespace simulator
