// SPDX-License-Identifier: BSL-1.0

// Keeps this process's presence record written: once per period, guarded by the version that is there, and removed at
// the end. Sans-I/O, a part of election_machine. Nothing depends on its success, so it repeats without haste and gives
// up without a word. It refuses to read what others write.
#pragma once

#include "isat/clock.hpp"
#include "isat/election/presence.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace isat::inline v0::election {

/// Writes one process's presence from its start to stop().
class presence_writer {
 public:
  using duration = std::chrono::nanoseconds;

  explicit presence_writer(const presence_claim& own) noexcept : claim_{own} {}

  void tick(const lease_time& now) {
    if (in_flight_ != 0 && elapsed_for_holder(sent_, now) >= time_out) failed(now);
    if (stopping_ && elapsed_for_holder(stopping_since_, now) >= patience) done_ = true;
    if (in_flight_ != 0 || request_ || done_ || due_in(now) > duration{0}) return;
    if (!known_) {
      send(now, lease_operation::load, {});
    } else if (stopping_ && !own_) {
      done_ = true;
    } else if (stopping_) {
      send(now, lease_operation::remove, {});
    } else {
      ++claim_.beat;
      changed_ = false;
      send(now, lease_operation::cas, claim_);
    }
  }

  void on_response(const lease_time& now, const presence_response& response) {
    if (response.id != in_flight_) return;
    if (response.outcome != lease_outcome::done) {
      failed(now);
      return tick(now);
    }
    in_flight_ = 0;
    pause_ = {};
    known_ = true;
    at_ = response.sight.at;
    own_ = operation_ == lease_operation::cas;
    if (operation_ == lease_operation::load) {
      own_ = response.sight.exists && response.sight.claim.process == claim_.process;
    } else if (operation_ == lease_operation::remove) {
      done_ = true;
    } else {
      written_ = now;
      written_at_ = at_;
      if (!first_written_) first_written_ = now;
    }
    tick(now);
  }

  /// Whether this process wants to lead anything. Written at once when it changes.
  void set_candidate(const lease_time& now, bool candidate) {
    if (claim_.candidate == candidate) return;
    claim_.candidate = candidate;
    changed_ = first_written_ || in_flight_ != 0;
    tick(now);
  }

  /// Removes the record, if it is this process's; done() then, or when the store has not answered for long enough.
  void stop(const lease_time& now) {
    if (std::exchange(stopping_, true)) return;
    stopping_since_ = now;
    pause_ = {};
    if (claim_.beat == 0) done_ = true;  // never asked for
    tick(now);
  }

  /// True when nothing more will be sent.
  bool done() const noexcept { return done_; }

  /// When the record was first known to be written.
  const std::optional<lease_time>& first_written() const noexcept { return first_written_; }
  std::uint64_t process() const noexcept { return claim_.process; }

  /// The version that this process is known to have written last.
  const version& written_at() const noexcept { return written_at_; }

  duration wake_in(const lease_time& now) const noexcept {
    if (done_) return presence_table::fresh_for;
    const duration next = in_flight_ != 0 ? time_out - elapsed_for_holder(sent_, now) : due_in(now);
    if (!stopping_) return next;
    const duration end = patience - elapsed_for_holder(stopping_since_, now);
    return end < next ? end : next;
  }
  std::optional<presence_request> take_request() noexcept { return std::exchange(request_, std::nullopt); }

 private:
  static constexpr duration time_out = std::chrono::seconds{1};
  static constexpr duration patience = std::chrono::milliseconds{1500};  // of one that is to end: drivers wait for 2 s

  duration due_in(const lease_time& now) const noexcept {
    if (pause_ > duration{0}) return pause_ - elapsed_for_holder(sent_, now);
    if (!known_ || stopping_ || changed_ || !first_written_) return duration{0};
    return presence_table::period - elapsed_for_holder(written_, now);
  }

  void send(const lease_time& now, lease_operation operation, const presence_claim& claim) {
    operation_ = operation;
    in_flight_ = ++last_id_;
    sent_ = now;
    request_ = presence_request{operation, in_flight_, at_, claim, false};
  }

  void failed(const lease_time& now) noexcept {
    in_flight_ = 0;
    known_ = false;
    changed_ = changed_ || operation_ == lease_operation::cas;
    pause_ = stopping_ ? time_out / 10 : time_out;
    sent_ = now;
  }

  presence_claim claim_;
  version at_;
  bool known_ = false;  // what is there, so that it can be written over
  bool own_ = false;    // and it is this process's
  version written_at_;
  bool changed_ = false;
  bool stopping_ = false;
  bool done_ = false;
  lease_time stopping_since_;
  std::optional<lease_time> first_written_;
  lease_time written_;
  lease_time sent_;
  duration pause_{};
  lease_operation operation_{};  // of the request in flight
  std::uint64_t in_flight_ = 0;  // its id; 0: none
  std::uint64_t last_id_ = 0;
  std::optional<presence_request> request_;
};

}  // namespace isat::inline v0::election
