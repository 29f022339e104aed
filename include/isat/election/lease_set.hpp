// SPDX-License-Identifier: BSL-1.0

// The election of a process that knows its groups and needs no layout: one lease machine per group, side by side, and
// nothing in common but the process. It is to lease_elector what election_machine is to layout_elector. It refuses to
// rank candidates: who is first at an expired lease takes it.
#pragma once

#include "isat/clock.hpp"
#include "isat/election/leadership.hpp"
#include "isat/election/lease_machine.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace isat::inline v0::election {

/// What a lease_set is told at its start.
struct lease_set_settings {
  node_id self{};
  std::uint64_t writer{};  ///< random, from the operating system
  lease_timing timing;
  std::chrono::nanoseconds longest{};  ///< the longest duration that any candidate may use, at least timing.duration
};

/// The lease machines of groups 0 .. size() - 1, made as they are named.
class lease_set {
 public:
  using duration = std::chrono::nanoseconds;

  explicit lease_set(const lease_set_settings& settings) noexcept : settings_{settings} {}

  // ---- Inputs ----

  void tick(const lease_time& now) {
    for (lease_machine& each : groups_) each.tick(now);
  }
  void set_candidate(const lease_time& now, group_id group, bool willing) {
    lease_machine& changed = machine(group);
    lease_candidacy next = changed.candidacy();
    next.willing = willing && !stopping_;
    changed.set_candidacy(now, next);
  }
  void on_listed(const lease_time& now) { tick(now); }
  void on_watch_lost(const lease_time& now) {
    for (lease_machine& each : groups_) each.on_watch_lost(now);
  }
  void on_lease(const lease_time& now, group_id group, const lease_sight& sight) {
    machine(group).on_sight(now, sight);
  }
  void on_lease_response(const lease_time& now, group_id group, const lease_response& response) {
    machine(group).on_response(now, response);
  }
  /// Gives up what is led although willing, for another to take.
  void hand_over(const lease_time& now, group_id group) { machine(group).hand_over(now); }
  void stop(const lease_time& now) {
    stopping_ = true;
    for (std::size_t at = 0; at < groups_.size(); ++at) set_candidate(now, static_cast<group_id>(at), false);
  }

  // ---- Outputs, to be taken after each input, the leaderships first ----

  std::size_t size() const noexcept { return groups_.size(); }
  leadership leads(group_id group) const noexcept {
    const auto at = static_cast<std::size_t>(group);
    return at < groups_.size() ? groups_[at].leads() : leadership{};
  }
  std::optional<group_request> take_lease_request() {
    for (std::size_t at = 0; at < groups_.size(); ++at) {
      if (auto request = groups_[at].take_request()) return group_request{static_cast<group_id>(at), *request};
    }
    return std::nullopt;
  }
  std::optional<group_event> take_event() {
    for (std::size_t at = 0; at < groups_.size(); ++at) {
      if (auto event = groups_[at].take_event()) return group_event{static_cast<group_id>(at), *event};
    }
    return std::nullopt;
  }
  duration wake_in(const lease_time& now) const noexcept {
    duration result = std::chrono::hours{1};
    for (const lease_machine& each : groups_) {
      const duration own = each.wake_in(now);
      if (own < result) result = own;
    }
    return result;
  }
  bool stopped() const noexcept {
    for (const lease_machine& each : groups_) {
      if (!each.idle()) return false;
    }
    return stopping_;
  }

  const lease_machine& group(std::size_t at) const noexcept { return groups_[at]; }

 private:
  lease_machine& machine(group_id group) {
    const auto at = static_cast<std::size_t>(group);
    while (at >= groups_.size()) {
      const std::uint64_t writer = writer_of(settings_.writer, static_cast<group_id>(groups_.size()));
      groups_.emplace_back(lease_identity{settings_.self, writer, 0}, settings_.timing, settings_.longest);
    }
    return groups_[at];
  }

  lease_set_settings settings_;
  std::vector<lease_machine> groups_;
  bool stopping_ = false;
};

}  // namespace isat::inline v0::election
