// SPDX-License-Identifier: BSL-1.0

// Who may answer for one thing (a group, or a VIP), at every instant of true time, which no node has: never two at
// once, and in good times never nobody. It is told of every change of a leadership or of a clock, just after it, and
// computes when what a node goes by will end; so "at every instant" costs nothing between events. It shares no line
// with the election: it counts entitlements, it does not ask why. What the guarantee excludes is counted apart.
#pragma once

#include "verdict.hpp"

#include <cstdint>
#include <vector>

namespace simulator {

class entitlement {
 public:
  /// @param longest the longest time that anybody may be entitled without confirmation
  entitlement(timeline& time, verdict& result, std::size_t nodes, duration longest)
      : time_{time}, verdict_{result}, nodes_(nodes), longest_{longest} {}

  /// What a node's answering goes by has changed, or its clock has: when it ends, as true time, and its term; 0: none.
  void change(node_number node, instant ends, std::uint64_t term);

  /// What happened until this instant is not to be held against this node's leadership, or anybody's.
  void excuse(node_number node, instant until) { nodes_[node].frozen_until = until; }
  void excuse_all(instant until) { excused_until_ = until; }

  /// From now until `end` somebody must lead at every instant, but for gaps that are allowed.
  void expect_leader(instant end) {
    expected_until_ = end;
    gap_until_ = time_.now;
  }
  void allow_gap(instant until) { gap_until_ = until; }
  void expect_nothing() { expected_until_ = {}; }

  /// Checks what time alone can break. To be called at every event.
  void check() const {
    if (time_.now < expected_until_ && time_.now > gap_until_ && led_until_ < time_.now) {
      verdict_.violate(violation_kind::no_leader, 0);
    }
  }

  /// The node that is entitled; -1 if none is.
  int leader() const noexcept;
  bool is_entitled(node_number node) const noexcept { return nodes_[node].until > time_.now; }
  /// As is_entitled(), and nothing that the guarantee excludes is the reason.
  bool is_guilty(node_number node) const noexcept;
  /// When a leadership began last.
  instant gained_at() const noexcept { return gained_at_; }

 private:
  struct entitled_node {
    instant since{};
    instant until{};
    instant frozen_until{};
  };

  bool is_excused(const entitled_node& one) const noexcept;
  void check_overlap(node_number node);

  timeline& time_;
  verdict& verdict_;
  std::vector<entitled_node> nodes_;
  duration longest_;
  instant led_until_{};
  instant expected_until_{};
  instant gap_until_{};
  instant excused_until_{};
  instant gained_at_{};
};

}  // namespace simulator
