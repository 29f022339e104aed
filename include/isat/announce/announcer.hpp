// SPDX-License-Identifier: BSL-1.0

// The state machine that says which announcement to send when, for one interface. The speaker starts a VIP when its
// group is taken over or the interface changed; a driver asks step() what is due, sends that, and wakes at `wake_at`.
//
//   a VIP is        on              goes to
//   idle            start           round 0 (due at once)
//   in round r      start           round 0, counted from the new start
//   in round r      stop            idle
//   in round r      due, led        emitted once; round r + 1, or idle after the last
//   in round r      due, not led    idle: a new leadership starts it again
//
// A round is one offset in one form. All request forms of an offset go before its reply forms, so the first frame that
// moves neighbours is out early also for many VIPs; earlier rounds go first. Memory is bounded by the VIPs started.
// It refuses to build frames and to read clocks; leadership is asked per announcement here and again at the send.
#pragma once

#include "isat/address.hpp"
#include "isat/announce/schedule.hpp"
#include "isat/clock.hpp"
#include "isat/detail/address_map.hpp"
#include "isat/election/leadership.hpp"
#include "isat/wire/frame.hpp"

#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace isat::inline v0::announce {

/// One frame to send: `address` is here.
struct announcement {
  ipv4_address address;
  group_id group{};
  wire::announcement_form form{};

  friend constexpr bool operator==(const announcement&, const announcement&) noexcept = default;
};

/// What step() found.
struct announcer_step {
  std::size_t count{};  ///< announcements written; if it fills the span, ask again at once
  /// MONOTONIC_RAW reading at which something may be due next; none when all VIPs are idle.
  std::optional<std::chrono::nanoseconds> wake_at;
};

/// The announcements of one interface.
class announcer {
 public:
  explicit announcer(schedule when = {}) : schedule_{std::move(when)}, rounds_(2 * schedule_.offsets.size()) {
    assert(schedule_.burst > 0);
  }

  /// Announces `address` from the first round on, whatever it was doing. O(1). @param now not before any earlier one
  void start(ipv4_address address, group_id group, const lease_time& now) {
    if (rounds_.empty()) return;
    if (const entry* known = index_.find(address); known != nullptr) {
      job& again = jobs_[known->job];
      unlink(known->job);
      again.group = group;
      again.started = now.raw;
      link(known->job, 0);
      return;
    }
    const auto at = static_cast<std::uint32_t>(jobs_.size());
    index_.insert({address, at});
    jobs_.push_back({.address = address, .group = group, .started = now.raw});
    link(at, 0);
  }

  /// Announces `address` no more. O(1); unknown addresses are ignored.
  void stop(ipv4_address address) noexcept {
    if (const entry* known = index_.find(address); known != nullptr) retire(known->job);
  }

  /// Number of VIPs that still have announcements to come.
  std::size_t size() const noexcept { return jobs_.size(); }

  /// Writes what is due at `now` into `out`, as far as the pace allows. VIPs that are due but not led become idle.
  announcer_step step(const lease_time& now, const election::leadership_table& leaderships,
                      std::span<announcement> out) noexcept {
    announcer_step result;
    if (now.raw - window_start_ >= schedule_.window) {
      window_start_ = now.raw;
      window_sent_ = 0;
    }
    for (std::size_t round = 0; round < rounds_.size(); ++round) {
      while (rounds_[round].head != nil && due(rounds_[round].head) <= now.raw) {
        const std::uint32_t at = rounds_[round].head;
        if (!leaderships.leads(jobs_[at].group, now)) {
          retire(at);
          continue;
        }
        if (window_sent_ == schedule_.burst || result.count == out.size()) {
          result.wake_at = window_sent_ == schedule_.burst ? window_start_ + schedule_.window : now.raw;
          return result;
        }
        out[result.count++] = {jobs_[at].address, jobs_[at].group, form_of(round)};
        ++window_sent_;
        advance(at);
      }
    }
    result.wake_at = next_due();
    return result;
  }

 private:
  static constexpr std::uint32_t nil = 0xffffffff;

  struct entry {
    ipv4_address address;
    std::uint32_t job{};
  };
  struct job {
    ipv4_address address;
    group_id group{};
    std::chrono::nanoseconds started{};
    std::uint32_t round{};
    std::uint32_t previous = nil;
    std::uint32_t next = nil;
  };
  // The jobs of one round in order of their start, hence of their due times: a doubly linked list through jobs_.
  struct round_list {
    std::uint32_t head = nil;
    std::uint32_t tail = nil;
  };

  static constexpr wire::announcement_form form_of(std::size_t round) noexcept {
    return round % 2 == 0 ? wire::announcement_form::request : wire::announcement_form::reply;
  }
  std::chrono::nanoseconds due(std::uint32_t at) const noexcept {
    return jobs_[at].started + schedule_.offsets[jobs_[at].round / 2];
  }
  std::optional<std::chrono::nanoseconds> next_due() const noexcept {
    std::optional<std::chrono::nanoseconds> earliest;
    for (const auto& list : rounds_) {
      if (list.head != nil && (!earliest || due(list.head) < *earliest)) earliest = due(list.head);
    }
    return earliest;
  }

  void link(std::uint32_t at, std::uint32_t round) noexcept {
    round_list& list = rounds_[round];
    job& linked = jobs_[at];
    linked.round = round;
    linked.previous = list.tail;
    linked.next = nil;
    (list.tail == nil ? list.head : jobs_[list.tail].next) = at;
    list.tail = at;
  }
  void unlink(std::uint32_t at) noexcept {
    const job& gone = jobs_[at];
    round_list& list = rounds_[gone.round];
    (gone.previous == nil ? list.head : jobs_[gone.previous].next) = gone.next;
    (gone.next == nil ? list.tail : jobs_[gone.next].previous) = gone.previous;
  }
  void advance(std::uint32_t at) noexcept {
    const std::uint32_t round = jobs_[at].round + 1;
    if (round == rounds_.size()) return retire(at);
    unlink(at);
    link(at, round);
  }
  // Forgets a job; the last one moves into its place.
  void retire(std::uint32_t at) noexcept {
    unlink(at);
    index_.erase(jobs_[at].address);
    const auto last = static_cast<std::uint32_t>(jobs_.size() - 1);
    if (at != last) {
      job& moved = jobs_[at] = jobs_[last];
      round_list& list = rounds_[moved.round];
      (moved.previous == nil ? list.head : jobs_[moved.previous].next) = at;
      (moved.next == nil ? list.tail : jobs_[moved.next].previous) = at;
      index_.find(moved.address)->job = at;
    }
    jobs_.pop_back();
  }

  schedule schedule_;
  std::vector<round_list> rounds_;
  std::vector<job> jobs_;
  detail::address_map<entry> index_;
  std::chrono::nanoseconds window_start_{};
  std::size_t window_sent_{};
};

}  // namespace isat::inline v0::announce
