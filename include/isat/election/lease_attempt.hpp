// SPDX-License-Identifier: BSL-1.0

// One attempt to write a lease record, and the copies of it that were sent. A copy whose outcome is unknown may take
// effect at any later time, so an attempt is repeated exactly as it was until something proves what became of it; a
// second copy on another connection (a hedge) is harmless for the same reason. Part of lease_machine; it refuses to
// know what the attempt is for.
#pragma once

#include "isat/clock.hpp"
#include "isat/election/lease_claim.hpp"

#include <array>
#include <chrono>
#include <cstdint>

namespace isat::inline v0::election {

/// One write and its copies: what became of each, and whether one of them may yet take effect.
class lease_attempt {
 public:
  using duration = std::chrono::nanoseconds;

  lease_attempt() = default;
  lease_attempt(const lease_claim& claim, const version& expected, std::uint64_t first_id) noexcept
      : claim_{claim}, expected_{expected}, first_id_{first_id} {}

  const lease_claim& claim() const noexcept { return claim_; }
  const lease_time& first_sent() const noexcept { return first_sent_; }
  const lease_time& last_sent() const noexcept { return last_sent_; }

  /// True if a copy with this id may have been sent.
  bool may_have_sent(std::uint64_t id) const noexcept { return id >= first_id_; }

  bool in_flight() const noexcept { return copies_[0].id != 0 || copies_[1].id != 0; }
  bool may_hedge() const noexcept { return (copies_[0].id == 0) != (copies_[1].id == 0); }

  /// True if a copy may take effect, or have done so, without our knowing.
  bool unresolved() const noexcept { return in_flight() || unresolved_; }

  /// A conflict has been told that a copy of its own may have caused: to be read back before anything else is done.
  bool disputed() const noexcept { return disputed_; }
  void dispute() noexcept { disputed_ = true; }
  void settle() noexcept { disputed_ = false; }

  /// Notes that a copy is sent. @pre at most one is in flight
  lease_request send(std::uint64_t id, const lease_time& now) noexcept {
    const bool repeated = sent_;
    if (!sent_) first_sent_ = now;
    last_sent_ = now;
    sent_ = true;
    copies_[copies_[0].id == 0 ? 0 : 1] = {id, now};
    return {lease_operation::cas, id, expected_, claim_, repeated};
  }

  /// Notes how a copy ended. @return false if it had been given up already
  bool end(std::uint64_t id, lease_outcome outcome) noexcept {
    for (copy& each : copies_) {
      if (each.id != id) continue;
      each = {};
      unresolved_ = unresolved_ || outcome == lease_outcome::unknown;
      return true;
    }
    return false;
  }

  /// Gives up copies that were sent `limit` ago or earlier; their outcome is unknown from then on.
  /// @return true if there was one
  bool expire(const lease_time& now, duration limit) noexcept {
    bool any = false;
    for (copy& each : copies_) {
      if (each.id == 0 || elapsed_for_holder(each.sent, now) < limit) continue;
      each = {};
      unresolved_ = any = true;
    }
    return any;
  }

  /// How long until expire() finds something. @pre in_flight()
  duration expires_in(const lease_time& now, duration limit) const noexcept {
    duration left = duration::max();
    for (const copy& each : copies_) {
      if (each.id == 0) continue;
      const duration own = limit - elapsed_for_holder(each.sent, now);
      if (own < left) left = own;
    }
    return left;
  }

 private:
  struct copy {
    std::uint64_t id = 0;  // 0: none
    lease_time sent;
  };

  lease_claim claim_;
  version expected_;
  std::uint64_t first_id_ = 0;
  lease_time first_sent_;
  lease_time last_sent_;
  std::array<copy, 2> copies_;
  bool sent_ = false;
  bool unresolved_ = false;
  bool disputed_ = false;
};

}  // namespace isat::inline v0::election
