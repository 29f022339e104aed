// SPDX-License-Identifier: BSL-1.0

#include "entitlement.hpp"

namespace simulator {

void entitlement::change(node_number node, instant ends, std::uint64_t term) {
  entitled_node& one = nodes_[node];
  const instant until = term == 0 ? instant{} : ends;
  if (one.until > one.since) {
    verdict_.counts().answered += (time_.now < one.until ? time_.now : one.until) - one.since;
  }
  if (one.until <= time_.now && until > time_.now) gained_at_ = time_.now;
  one.since = time_.now;
  one.until = until;
  if (until > time_.now) check_overlap(node);
  led_until_ = {};
  for (const entitled_node& each : nodes_) {
    if (each.until > led_until_) led_until_ = each.until;
  }
}

// A deadline that was counted from before a freeze is void.
bool entitlement::is_excused(const entitled_node& one) const noexcept {
  return one.frozen_until > time_.now || one.until < one.frozen_until + longest_ * 12 / 10;
}

bool entitlement::is_guilty(node_number node) const noexcept {
  return is_entitled(node) && !is_excused(nodes_[node]) && time_.now >= excused_until_;
}

void entitlement::check_overlap(node_number node) {
  for (node_number each = 0; each < nodes_.size(); ++each) {
    if (each == node || !is_entitled(each)) continue;
    if (is_guilty(each) && is_guilty(node)) {
      verdict_.violate(violation_kind::two_leaders, node);
    } else {
      ++verdict_.counts().void_overlaps;
    }
  }
}

int entitlement::leader() const noexcept {
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    if (nodes_[node].until > time_.now) return static_cast<int>(node);
  }
  return -1;
}

}  // namespace simulator
