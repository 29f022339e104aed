// SPDX-License-Identifier: BSL-1.0

// The rules that keep two nodes from answering for one group, as pure functions: most unsafe changes of the election
// are a change of one of them. Time is counted by holders from their own sends and by followers from their own
// receipts; clocks of two nodes are never compared. docs/election.md gives the reasons. lease_machine takes them as a
// parameter, so that the simulator can break each one and see that it is noticed. It refuses to know any state.
#pragma once

#include "isat/clock.hpp"
#include "isat/election/lease_claim.hpp"
#include "isat/election/lease_timing.hpp"

#include <chrono>
#include <cstdint>

namespace isat::inline v0::election {

/// The rules as they are: stateless.
struct lease_rules {
  using duration = std::chrono::nanoseconds;

  // ---- Holder: stop before anyone may start ----

  /// Where the validity of a committed attempt begins: at the first time that any copy of it was sent.
  static constexpr lease_time valid_from(const lease_time& first_send, const lease_time& /*last_send*/,
                                         const lease_time& /*confirmed*/) noexcept {
    return first_send;
  }

  /// How long it lasts: by the own duration, and never by more than the record told the others to wait, nor by more
  /// than they believe of any record.
  static constexpr duration validity(const lease_timing& timing, duration carried) noexcept {
    const duration own = timing.duration < lease_timing::duration_max ? timing.duration : lease_timing::duration_max;
    return timing.validity_of(carried < own ? carried : own);
  }

  /// Whether an attempt may entitle: none that was sent before the latest loss or release.
  static constexpr bool entitles(std::uint64_t attempt, std::uint64_t first_after_loss) noexcept {
    return attempt >= first_after_loss;
  }

  /// Whether a conflict can be the work of a copy of the own attempt: then it proves no rival.
  static constexpr bool conflict_may_be_own(bool copies_unresolved) noexcept { return copies_unresolved; }

  /// Whether a newer version that still names the last confirmed attempt, for somebody only touched it, may be held on
  /// to. Once that attempt's validity is over another may have led in between, and the record been put back.
  static constexpr bool keeps_touched(bool still_valid) noexcept { return still_valid; }

  // ---- Follower: wait until everybody who may answer has stopped ----

  /// How long to wait after the first receipt of this version before writing over it.
  /// @param followed the version that it replaced was seen while that was fresh
  /// @param longest  the longest duration that any candidate may use
  static constexpr duration wait(const lease_sight& seen, bool followed, duration /*own*/, duration longest) noexcept {
    switch (seen.claim.mode) {
      case lease_mode::released:
        return followed ? duration{0} : longest;
      case lease_mode::held:
        if (seen.orphaned) return duration{0};
        // Who writes no nonce may have written over anything, and says nothing of how long that entitles.
        if (seen.claim.writer == 0) return longer_silence(plausible(seen.claim.duration, longest), longest);
        return plausible(seen.claim.duration, longest);
      case lease_mode::waiting:
        return plausible(seen.claim.duration, longest);  // for whom it waits may be alive, whatever became of it
      case lease_mode::vacant:
      case lease_mode::none:
        break;
    }
    return longest;
  }

  /// A duration as a record carries it, made plausible: nothing becomes the longest, and no record blocks for ever.
  static constexpr duration plausible(duration carried, duration longest) noexcept {
    if (carried <= duration{0}) return longest;
    return carried < lease_timing::duration_max ? carried : lease_timing::duration_max;
  }

  /// Whether a version was written by whom the one before it names, and later: only then a mark of release counts. One
  /// that was put back, by a restore or by hand, follows upon another's version or on its own writer's later one.
  static constexpr bool follows_on(const lease_claim& before, const lease_claim& after) noexcept {
    return after.writer == before.writer && after.attempt > before.attempt;
  }

  /// How long others leave a released record to the node that it was released for.
  static constexpr duration head_start = std::chrono::milliseconds{300};

  // ---- Missing records: seize, then wait ----

  /// Whether the record counts as missing: nothing there, not a lease, or of another era.
  static constexpr bool is_missing(const lease_sight& seen, std::uint64_t era) noexcept {
    return !seen.exists || seen.claim.mode == lease_mode::none || seen.claim.era != era;
  }

  /// How long a seizer is silent, and from when on: from the confirmation, for the seizing may commit just before it.
  static constexpr duration silence(duration /*own*/, duration longest) noexcept { return longest; }
  static constexpr lease_time silent_from(const lease_time& /*first_send*/, const lease_time& confirmed) noexcept {
    return confirmed;
  }

  /// Of the silence that runs and the one that a new seizure asks for, both as time left: the one that counts.
  static constexpr duration longer_silence(duration running, duration asked) noexcept {
    return running > asked ? running : asked;
  }

  /// What a record says, and whether it may be released, by whether its writer is silent still.
  static constexpr lease_mode mode(bool silent) noexcept { return silent ? lease_mode::waiting : lease_mode::held; }
  static constexpr duration carried(bool silent, duration own, duration longest) noexcept {
    return silent ? longest : own;
  }
  static constexpr bool may_release(bool silent) noexcept { return !silent; }

  /// Whether a write from the silence entitles when that is over: only one that is sent afterwards does. Meanwhile the
  /// last holder's record may have been put back, and its holder may go on with it (keeps_touched()).
  static constexpr bool waiting_entitles() noexcept { return false; }

  /// Whether a read was sent after the receipt of what is known already: only then can it take something back.
  static constexpr bool is_fresh(std::uint64_t read_sent, std::uint64_t known_since) noexcept {
    return read_sent > known_since;
  }

  // ---- Beside foreign electors ----

  /// The duration for candidates that know none but whole seconds. They compare records by whole seconds, too, so that
  /// a renewal within the second of the one before escapes them: hence a second more than the lease lasts.
  static constexpr std::chrono::seconds whole_seconds(duration lasting) noexcept {
    return std::chrono::ceil<std::chrono::seconds>(lasting) + std::chrono::seconds{1};
  }

  // ---- Records that nothing can need any more ----

  /// Whether a record may be removed, should it lie there unchanged for long enough: one of another era, or one whose
  /// group has ceased. Safety does not rest on it, for a missing record is seized and waited for. But what a stranger
  /// has written is never removed.
  /// @param ceases nobody needs the group unless somebody says so by taking it
  static constexpr bool is_litter(const lease_claim& claim, std::uint64_t era, bool ceases) noexcept {
    return claim.writer != 0 && claim.era != 0 && (claim.era != era || ceases);
  }

  /// For how long after anybody may have taken it, and under a layout that was open all the time: so nobody holds it.
  static constexpr duration litter_age() noexcept { return std::chrono::seconds{60}; }

  // ---- Pace ----

  /// How long to wait after a failure. A leader does not obey a store that asks for more than its lease can bear, and
  /// nobody one that asks for more than a few seconds.
  static constexpr duration retry_delay(bool leading, duration backoff, duration asked) noexcept {
    if (leading || asked < backoff) return backoff;
    return asked < asked_max ? asked : asked_max;
  }
  static constexpr duration asked_max = std::chrono::seconds{5};
};

}  // namespace isat::inline v0::election
