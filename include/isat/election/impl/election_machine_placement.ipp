// SPDX-License-Identifier: BSL-1.0

// The bodies of election_machine.hpp that place groups on nodes: when that is known well enough, who should lead what,
// what that makes of each lease machine, and what is given back. Included by that header, never by itself.
#pragma once

#include "isat/election/election_machine.hpp"

namespace isat::inline v0::election {

// A release is about to be told: who goes first is decided by this one group, not as if all of its owner's were free.
template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::foresee(const lease_time& now, slot& told,
                                                              const lease_sight& sight) {
  const bool is_holder = told.owner.node == sight.claim.node;
  const group_owner owner = is_holder ? group_owner{sight.claim.node, true} : group_owner{};
  if (!sight.exists || sight.claim.mode != lease_mode::released || sight.claim.era != era_) return;
  if (told.lease.holds() || told.owner == owner || told.lease.view().seen().at.newer_than(sight.at)) return;
  told.owner = owner;
  if (places_in(now) > duration{0}) {
    placement_due_ = true;  // it is one of many that change hands: their owner's are all free, as was foreseen
  } else {
    place(now);
    set_candidacies(now);
  }
}

template <class LeaseRules, class LayoutRules>
bool basic_election_machine<LeaseRules, LayoutRules>::settled(const lease_time& now) const noexcept {
  if ((count_ <= 1 && !is_per_address_) || known_to_all_) return true;
  return presence_.first_written() && settles_in(now) <= duration{0};
}

// A second after the last one came, so that all that start together settle together; but nobody waits for ever.
template <class LeaseRules, class LayoutRules>
auto basic_election_machine<LeaseRules, LayoutRules>::settles_in(const lease_time& now) const noexcept -> duration {
  const duration own = elapsed_for_follower(*presence_.first_written(), now);
  const duration last = elapsed_for_follower(arrived_, now);
  const duration least = settling - (own < last ? own : last);
  const duration most = settling_max - own;
  return least < most ? least : most;
}

// Zero or less: at once.
template <class LeaseRules, class LayoutRules>
auto basic_election_machine<LeaseRules, LayoutRules>::places_in(const lease_time& now) const noexcept -> duration {
  if (!placed_at_) return duration{0};
  const auto pairs = static_cast<std::int64_t>(placed_.size() * live_.size());
  const duration asked = pairs * placement_rest;
  return (asked < placement_rest_max ? asked : placement_rest_max) - elapsed_for_follower(*placed_at_, now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::place(const lease_time& now) {
  placement_due_ = false;
  placed_at_ = now;
  candidacies_due_ = true;
  live_.assign(1, settings_.self);
  members_.for_each([this](const presence_member& each) { live_.push_back(each.node); });
  owners_.clear();
  keys_.clear();
  placed_.clear();
  for (auto& [key, each] : groups_) {
    each.place = exists_now(each) ? placed_.size() : nowhere;
    if (each.place == nowhere) continue;
    placed_.push_back(&each);
    keys_.push_back(key);
    // Nobody's is also what a node had before it started anew: it is as good a candidate for it as any other.
    const bool restarted = members_.has_restarted(each.owner.node, each.renewed);
    owners_.push_back(restarted ? group_owner{} : each.owner);
  }
  placement_.compute(live_, settings_.self, owners_, keys_);
  const auto& adopted = layout_.adopted();
  const bool differs = adopted && adopted->shape != settings_.wish;
  const bool agreed = differs && listed_since_ && presence_.first_written() && members_.all_wish(settings_.wish);
  layout_.set_consensus(now, agreed ? std::optional{settings_.wish} : std::nullopt);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::set_candidacies(const lease_time& now) {
  candidacies_due_ = false;
  bool candidate = false;
  for (const auto& [key, each] : groups_) candidate = candidate || each.wanted;
  presence_.set_candidate(now, candidate);
  for (auto& [key, each] : groups_) {
    const bool counts = in_layout(each);
    const bool is_placed = each.place < placement_.places().size();
    const bool may_start = listed_since_ && settled_ && is_placed;
    lease_candidacy next;
    const bool goes_on = each.lease.holds() || (may_start && (!layout_.doubtful() || !each.lease.idle()));
    next.willing = counts && each.wanted && !stopping_ && goes_on;
    next.alone = live_.size() <= 1 || each.came;
    if (is_placed) next.hold_off = placement::hold_off(placement_.places()[each.place]);
    if (next == each.lease.candidacy()) continue;
    each.lease.set_candidacy(now, next);
    touch(now, each);
  }
}

// Gives away one group that belongs elsewhere, if the node that it belongs to would be the one to take it, and both
// have been what they are for so long that whoever has released the group stays out of it no more.
template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::rebalance(const lease_time& now) {
  if (elapsed_for_follower(rebalanced_, now) < rebalance_step) return;
  rebalanced_ = now;
  const duration stays_out = machine::hold_down + (adopted() ? adopted()->shape.duration : duration{0});
  for (slot* const each : placed_) {
    const group_place& place = placement_.places()[each->place];
    if (each->term == 0 || place.successor == node_id{}) continue;
    if (elapsed_for_follower(each->led_since, now) < stays_out) continue;
    bool stays = false;
    members_.for_each([&](const presence_member& other) {
      stays = stays || (other.node == place.successor && elapsed_for_follower(other.since, now) >= stays_out);
    });
    if (!stays) continue;
    each->lease.hand_over(now, lease_reason::handed_over, place.successor);
    touch(now, *each);
    return;
  }
}

}  // namespace isat::inline v0::election
