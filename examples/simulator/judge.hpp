// SPDX-License-Identifier: BSL-1.0

// What must hold at every instant of a run, looked at from outside with the true time, which no node has. It is told of
// every change that can break an invariant, just after it: so "at every instant" costs nothing between events. It
// shares no line with the election: it counts entitlements, it does not ask why. It refuses to stop a run; the first
// violation is kept, and what only looks like one, because the guarantee excludes its cause, is counted apart.
#pragma once

#include "isat/election/lease_timing.hpp"
#include "network.hpp"

#include <array>
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
  no_leader = 7,      ///< all is well, for long enough, and nobody leads
  no_progress = 8,    ///< a machine wants to be woken at once, again and again, and does nothing
  needless_loss = 9,  ///< a leadership ended by a conflict with its own writer's write
  beside_rival = 10,  ///< a rival could take the record by expiry while a node was entitled
};

std::string_view to_string(violation_kind kind) noexcept;

/// The most requests that a machine may make within a second. A load follows a load after 50 ms at the earliest (20),
/// and so does a write after a conflict, which needs a load; after a refusal or a time-out everything pauses for 37.5
/// ms at least, during which one hedge may go out (2 x 27); a write that succeeds is followed by another one after a
/// renewal period at the earliest.
inline constexpr unsigned requests_max = 74;

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

class judge final : public write_observer {
 public:
  using lease_claim = isat::election::lease_claim;
  using lease_request = isat::election::lease_request;
  using lease_sight = isat::election::lease_sight;
  using version = isat::election::version;

  /// @param longest the longest lease duration in this run
  judge(timeline& time, const stored_record& record, duration longest)
      : time_{time}, record_{record}, longest_{longest} {}

  void on_process(node_number node, std::uint64_t writer);

  /// What a node's answering goes by has changed, or its clock has: when it ends, as true time, and its term; 0: none.
  void on_entitlement(node_number node, instant ends, std::uint64_t term);

  /// A machine has begun a term, or tells of another event.
  void on_gain(node_number node, std::uint64_t term);
  void on_conflict_loss(node_number node, bool excused);

  /// A node is given a sight, before its machine is; and afterwards. `confirmed`: by a response.
  void on_received(node_number node, const lease_sight& sight, bool confirmed);
  void on_handled(node_number node);

  void on_request(node_number node, const lease_request& request);
  void on_written(node_number node, const stored& before, const stored& after) override;
  void on_idle_wake(node_number node) { violate(violation_kind::no_progress, node); }

  /// The rival writes over `before`, which it took for expired.
  void on_rival_takeover(const stored& before);

  /// What happened until this instant is not to be held against this node's leadership, or anybody's.
  void excuse(node_number node, instant until) { nodes_[node].frozen_until = until; }
  void excuse_all(instant until) { restored_until_ = until; }

  /// From now until `end` somebody must lead at every instant, but for gaps that are allowed.
  void expect_leader(instant end) {
    expected_until_ = end;
    gap_until_ = time_.now;
  }
  void allow_gap(instant until) { gap_until_ = until; }
  void expect_nothing() { expected_until_ = {}; }
  bool expects_leader() const noexcept { return time_.now < expected_until_; }

  /// Checks what time alone can break. To be called at every event.
  void check() {
    if (time_.now < expected_until_ && time_.now > gap_until_ && led_until_ < time_.now) {
      violate(violation_kind::no_leader, 0);
    }
  }

  /// The node that is entitled; -1 if none is.
  int leader() const noexcept;
  /// When a leadership began last.
  instant gained_at() const noexcept { return gained_at_; }

  violation_kind violation() const noexcept { return violation_; }
  instant violated_at() const noexcept { return violated_at_; }
  tally& counts() noexcept { return counts_; }
  const tally& counts() const noexcept { return counts_; }

 private:
  struct watched_node {
    std::uint64_t writer{};
    instant entitled_until{};
    instant entitled_since{};
    std::uint64_t term{};
    std::uint64_t last_gained_term{};
    std::uint64_t seen_term{};
    std::uint64_t asked_term{};
    std::uint64_t asked_attempt{};
    std::uint64_t asked_incarnation{};
    version own;                     ///< the newest that it knows to be its own
    version foreign;                 ///< the newest that it has read and that names another
    std::array<version, 2048> seen;  ///< by number; that of nothing is known to all
    instant second{};
    unsigned requests{};
    instant frozen_until{};
  };

  void violate(violation_kind kind, node_number node);
  void check_overlap(node_number node);
  bool is_excused(const watched_node& one) const noexcept;
  void check_rate(watched_node& one, node_number node);
  static bool has_seen(const watched_node& one, const version& at) noexcept;

  timeline& time_;
  const stored_record& record_;
  duration longest_;
  std::array<watched_node, nodes_max> nodes_;
  instant led_until_{};
  instant expected_until_{};
  instant gap_until_{};
  instant restored_until_{};
  instant gained_at_{};
  violation_kind violation_{};
  instant violated_at_{};
  tally counts_;
};

}  // namespace simulator
