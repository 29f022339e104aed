// SPDX-License-Identifier: BSL-1.0

// What one process knows of a record: the latest version that it saw, and since when it has known it. News come
// from reads, from the watch and from own writes, late and in any order; this is where they are put in order, so that
// nothing old undoes something new, and a store that went back is noticed. Part of the machines; it refuses to decide
// what follows from what it knows.
#pragma once

#include "isat/clock.hpp"
#include "isat/election/lease_claim.hpp"

#include <chrono>
#include <cstdint>

namespace isat::inline v0::election {

/// What a sight turned out to be.
enum class sight_kind : std::uint8_t {
  none = 0,
  old = 1,        ///< older than what is known, or the same
  orphaned = 2,   ///< the same version, whose writer is now proven to have ended
  changed = 3,    ///< a newer one: known from now on
  unordered = 4,  ///< neither newer nor older, and no fresh read: only a read can tell
};

/// What is known of one record, in the order of its versions.
template <class Claim>
class basic_view {
 public:
  using sight = basic_sight<Claim>;

  /// True once anything was seen.
  bool known() const noexcept { return known_; }

  /// True when what is known is proven to be out of date, until a read or a newer version says more.
  bool doubtful() const noexcept { return doubtful_; }
  void doubt() noexcept { doubtful_ = true; }

  const sight& seen() const noexcept { return seen_; }

  /// The first receipt of this version.
  const lease_time& since() const noexcept { return since_; }

  /// The latest proof that it is still the latest one, or of a newer one.
  const lease_time& heard() const noexcept { return heard_; }

  /// When it was proven that its writer has ended. @pre seen().orphaned
  const lease_time& orphaned_since() const noexcept { return orphaned_since_; }

  /// The version replaced one that was seen while it was fresh: whoever wrote it, its predecessor's end was witnessed.
  bool followed() const noexcept { return followed_; }

  /// A fresh read showed an older state than what was known: the store was restored, and what it says counts as
  /// missing.
  bool went_back() const noexcept { return went_back_; }

  /// The event at which this version became known, in the machine's own counting.
  std::uint64_t known_at() const noexcept { return known_at_; }

  /// Takes in what was seen.
  /// @param fresh    it is the answer to a read that was sent after what is known was received
  /// @param ordinal  number of this event, rising
  /// @param lively   how long ago at most a predecessor must have been heard of to count as followed
  sight_kind take(const sight& told, bool fresh, std::uint64_t ordinal, const lease_time& now,
                  std::chrono::nanoseconds lively) noexcept {
    if (known_ && told.at == seen_.at && told.exists == seen_.exists) return confirm(told, fresh, now);
    const bool newer = !known_ || told.at.newer_than(seen_.at);
    const bool older = known_ && seen_.at.newer_than(told.at);
    if (!newer && !fresh) return older ? sight_kind::old : sight_kind::unordered;
    followed_ = known_ && newer && seen_.exists && !went_back_ && elapsed_for_holder(heard_, now) <= lively;
    went_back_ = older;
    seen_ = told;
    since_ = heard_ = orphaned_since_ = now;
    known_at_ = ordinal;
    known_ = true;
    doubtful_ = false;
    return sight_kind::changed;
  }

 private:
  sight_kind confirm(const sight& told, bool fresh, const lease_time& now) noexcept {
    heard_ = now;
    doubtful_ = doubtful_ && !fresh;
    if (!told.orphaned || seen_.orphaned) return sight_kind::old;
    seen_.orphaned = true;
    orphaned_since_ = now;
    return sight_kind::orphaned;
  }

  sight seen_;
  lease_time since_;
  lease_time heard_;
  lease_time orphaned_since_;
  std::uint64_t known_at_ = 0;
  bool known_ = false;
  bool doubtful_ = false;
  bool followed_ = false;
  bool went_back_ = false;
};

using lease_view = basic_view<lease_claim>;

}  // namespace isat::inline v0::election
