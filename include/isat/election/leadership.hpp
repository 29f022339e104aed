// SPDX-License-Identifier: BSL-1.0

// The right to answer for a group: a deadline on the local clock, never a flag. Electors write one leadership_table;
// the responder, the announcer and whatever fences the kernel read it and hear every change of it from here, in order.
// The table refuses to know why a leadership changed, and it owns no clock: whoever asks brings `now`.
#pragma once

#include "isat/clock.hpp"

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace isat::inline v0 {

/// A set of VIPs that move together: the unit of leadership. Small and dense, given out by whoever maps VIPs to groups.
enum class group_id : std::uint32_t {};

}  // namespace isat::inline v0

namespace isat::inline v0::election {

/// The right to answer for a group until `valid_until`. A default one is no right at all.
struct leadership {
  lease_time valid_until{};  ///< exclusive: at this reading the right has ended
  std::uint64_t term{};      ///< fencing token; rises with every acquisition (DESIGN words: term), 0 for none

  /// True while this leadership entitles to answer at `now`.
  constexpr bool covers(const lease_time& now) const noexcept { return before_for_holder(now, valid_until); }

  /// A leadership that no deadline ends: only a release or a revocation does.
  static constexpr leadership until_revoked(std::uint64_t term) noexcept { return {lease_time::max(), term}; }

  friend constexpr bool operator==(const leadership&, const leadership&) noexcept = default;
};

/// Hears every change of a leadership_table, synchronously and in order.
class leadership_observer {
 public:
  /// `group` went from `before` to `after`. A lowered entry is heard here before any release is written.
  virtual void on_leadership(group_id group, const leadership& before, const leadership& after) = 0;

 protected:
  leadership_observer() = default;
  leadership_observer(const leadership_observer&) = default;
  leadership_observer& operator=(const leadership_observer&) = default;
  ~leadership_observer() = default;
};

/// group -> leadership. One writer (the elector), many readers, one thread of control.
class leadership_table {
 public:
  leadership_table() = default;
  leadership_table(const leadership_table&) = delete;
  leadership_table& operator=(const leadership_table&) = delete;

  /// The leadership of `group`; a group never set has none. O(1), allocates nothing.
  leadership find(group_id group) const noexcept {
    const auto at = static_cast<std::size_t>(group);
    return at < entries_.size() ? entries_[at] : leadership{};
  }

  /// True while this process may answer for `group` at `now`.
  bool leads(group_id group, const lease_time& now) const noexcept { return find(group).covers(now); }

  /// Replaces the leadership of `group` and tells every observer before it returns, unless nothing changed. Observers
  /// may change the table, too: each still hears all changes in order. @pre any leadership but none has a term above 0
  void set(group_id group, const leadership& next) {
    const auto at = static_cast<std::size_t>(group);
    if (at >= entries_.size()) entries_.resize(at + 1);
    assert(next == leadership{} || next.term != 0);
    if (entries_[at] == next) return;
    finish_telling();  // an observer changes the table: all others hear first of the change that it heard of
    told_ = {group, entries_[at], next};
    entries_[at] = next;
    next_to_tell_ = 0;
    finish_telling();
  }

  /// Ends the leadership of `group` at once.
  void revoke(group_id group) { set(group, leadership{}); }

  /// Ends every leadership at once, group by group.
  void revoke_all() {
    for (std::size_t at = 0; at < entries_.size(); ++at) revoke(static_cast<group_id>(at));
  }

  /// Number of groups ever set; their ids are 0 .. size() - 1.
  std::size_t size() const noexcept { return entries_.size(); }

  /// Adds an observer, which must unsubscribe before it dies.
  void subscribe(leadership_observer& observer) {
    for (auto*& slot : observers_) {
      if (slot == nullptr) {
        slot = &observer;
        return;
      }
    }
    observers_.push_back(&observer);
  }

  void unsubscribe(leadership_observer& observer) noexcept {
    for (auto*& slot : observers_) {
      if (slot == &observer) slot = nullptr;
    }
  }

 private:
  struct change {
    group_id group{};
    leadership before;
    leadership after;
  };

  void finish_telling() {
    while (next_to_tell_ < observers_.size()) {
      leadership_observer* const observer = observers_[next_to_tell_++];
      const change told = told_;  // the observer may start another one
      if (observer != nullptr) observer->on_leadership(told.group, told.before, told.after);
    }
    next_to_tell_ = all_told;
  }

  static constexpr std::size_t all_told = ~std::size_t{0};

  std::vector<leadership> entries_;
  std::vector<leadership_observer*> observers_;
  change told_;
  std::size_t next_to_tell_ = all_told;
};

}  // namespace isat::inline v0::election
