// SPDX-License-Identifier: BSL-1.0

// Follows the record that says how VIPs are grouped, says how long it may be acted upon, and changes it when all want
// another one. Sans-I/O, one per process, beside its lease machines: who answers needs the deadline of its group and
// this one. A layout is not owned: anybody may write it, and no write of it entitles to anything, only a read does.
//
//   what the record is             | what the machine does                                     | who may answer by it
//   -------------------------------+-----------------------------------------------------------+----------------------
//   unknown                        | reads                                                     | nobody
//   foreign                        | reads it now and then                                     | nobody
//   missing, unreadable, went back | puts {own wish, opening, new era} over it                 | nobody
//   opening, another era           | adopts it                                                 | nobody
//   opening for L since first seen | puts {the same, open} over that very version              | nobody
//   open, another era              | adopts it, reads it                                       | nobody yet
//   open, the adopted era          | reads it every L/3 if the process leads or is about to    | for L from that send
//   open, and all wish another one | puts {their wish, opening, new era} over it               | as before, until seen
//
// It refuses to know leases; election_machine ties them together by the era.
#pragma once

#include "isat/clock.hpp"
#include "isat/detail/backoff.hpp"
#include "isat/detail/mix.hpp"
#include "isat/election/layout.hpp"
#include "isat/election/layout_rules.hpp"
#include "isat/election/lease_timing.hpp"
#include "isat/election/lease_view.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace isat::inline v0::election {

/// The layout as one speaker follows it, by rules that a test may replace. Not thread-safe.
template <class Rules = layout_rules>
class basic_layout_machine {
 public:
  using duration = std::chrono::nanoseconds;

  /// @param timing   margin, drift and attempt time-out of this process
  /// @param validity L: how long a read lets answer, the same for all speakers of a store
  /// @param seed     random: eras are drawn from it
  basic_layout_machine(const layout& wish, const lease_timing& timing, duration validity, std::uint64_t seed,
                       Rules rules = {})
      : wish_{wish}, timing_{timing}, validity_{validity}, eras_{seed}, rules_{rules} {
    // A reading may be lost without an end of the validity, however long the process's leases are.
    if (timing_.attempt_timeout > validity / 4) timing_.attempt_timeout = validity / 4;
  }

  // ---- Inputs ----

  void tick(const lease_time& now) {
    begin(now);
    review(now);
  }
  void on_sight(const lease_time& now, const layout_sight& sight) {
    begin(now);
    learn(now, sight, false);
    review(now);
  }
  void on_watch_lost(const lease_time& now) {
    want_load();
    begin(now);
    review(now);
  }
  void on_response(const lease_time& now, const layout_response& response);

  /// Something hints that the record may have changed.
  void doubt(const lease_time& now) {
    doubted_at_ = ++ordinal_;
    want_load();
    begin(now);
    review(now);
  }

  /// Whether this process leads a group or is about to: then its readings must not run out.
  void set_reading(const lease_time& now, bool reading) {
    if (reading && !reading_) want_load();
    reading_ = reading;
    begin(now);
    review(now);
  }

  /// What all speakers wish that are known to be alive, this one included; no value while they differ.
  void set_consensus(const lease_time& now, const std::optional<layout>& wish) {
    consensus_ = wish;
    begin(now);
    review(now);
  }

  // ---- Outputs ----

  /// The layout that this process works by; no value while there is none.
  const std::optional<layout_claim>& adopted() const noexcept { return adopted_; }

  /// True while the record is a layout that this process cannot follow, and leaves alone.
  bool is_foreign() const noexcept { return view_.seen().claim.phase == layout_phase::foreign && !is_missing(); }

  /// True until a read that was sent after doubt().
  bool doubtful() const noexcept { return doubted_at_ != 0; }

  /// Until when it may answer by the adopted layout.
  const lease_time& valid_until() const noexcept { return valid_until_; }

  /// How long, at most, until the next tick().
  duration wake_in(const lease_time& now) const noexcept;
  std::optional<layout_request> take_request() noexcept { return std::exchange(request_, std::nullopt); }

 private:
  void begin(const lease_time& now) noexcept;
  void want_load() noexcept {
    load_wanted_ = true;
    load_missed_ = load_id_ != 0;
  }
  void learn(const lease_time& now, const layout_sight& sight, bool fresh);
  void review(const lease_time& now);
  duration read_in(const lease_time& now) const noexcept;
  duration write_in(const lease_time& now) const noexcept;
  bool is_missing() const noexcept {
    return view_.went_back() || !view_.seen().exists || !is_readable(view_.seen().claim) ||
           rules_.is_over(view_.seen().claim.era, generation_max_);
  }
  static bool is_readable(const layout_claim& claim) noexcept {
    return claim.phase == layout_phase::foreign || (claim.phase != layout_phase::none && claim.shape.is_sound());
  }
  layout_claim next() noexcept;
  void send(const lease_time& now, lease_operation operation, const layout_claim& claim);

  static constexpr duration pause_min = std::chrono::milliseconds{50};
  static constexpr duration pause_max = std::chrono::milliseconds{400};
  static constexpr duration never = std::chrono::hours{1};

  // How long to wait after failures. Reads and writes have one each: a store may refuse the one and do the other.
  struct backoff {
    lease_time since;
    duration pause{};
    unsigned failures = 0;

    duration left(const lease_time& now) const noexcept { return pause - elapsed_for_follower(since, now); }
    void fail(const lease_time& now) noexcept {
      since = now;
      pause = detail::doubled(pause_min, failures++, pause_max);
    }
  };

  layout wish_;
  lease_timing timing_;
  duration validity_;
  detail::id_sequence eras_;
  [[no_unique_address]] Rules rules_;

  basic_view<layout_claim> view_;
  std::optional<layout_claim> adopted_;
  std::optional<layout> consensus_;
  lease_time valid_until_;
  std::uint64_t generation_max_ = 0;  // the latest that was seen
  std::uint64_t doubted_at_ = 0;      // 0: no doubt
  bool reading_ = false;

  std::optional<layout_request> request_;
  std::uint64_t next_id_ = 1;
  std::uint64_t ordinal_ = 0;
  std::uint64_t load_id_ = 0;  // 0: none in flight
  std::uint64_t load_ordinal_ = 0;
  lease_time load_sent_;
  bool load_wanted_ = true;
  bool load_missed_ = false;
  std::uint64_t write_id_ = 0;  // 0: none in flight
  lease_time write_sent_;
  backoff load_backoff_;
  backoff write_backoff_;

  lease_time last_;
  bool started_ = false;
};

using layout_machine = basic_layout_machine<>;

}  // namespace isat::inline v0::election

#include "isat/election/impl/layout_machine.ipp"
