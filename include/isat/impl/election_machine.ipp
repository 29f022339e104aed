// SPDX-License-Identifier: BSL-1.0

// The bodies of election_machine.hpp, in the order of its declarations. Included by that header, never by itself.
#pragma once

#include "isat/election/election_machine.hpp"

#include <utility>

namespace isat::inline v0::election {

template <class LeaseRules, class LayoutRules>
basic_election_machine<LeaseRules, LayoutRules>::basic_election_machine(const election_settings& settings,
                                                                        LeaseRules lease_rules,
                                                                        LayoutRules layout_rules)
    : settings_{settings},
      lease_rules_{lease_rules},
      layout_rules_{layout_rules},
      ids_{settings.seed},
      layout_{settings.wish, settings.timing, settings.layout_validity, ids_.next(), layout_rules},
      presence_{presence_claim{settings.self, ids_.next(), 0, settings.wish}} {}

// ---- Inputs ----

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::tick(const lease_time& now) {
  layout_.tick(now);
  presence_.tick(now);
  for (std::size_t at = 0; at < groups_.size(); ++at) {
    if (groups_[at].due > now.boot) continue;
    groups_[at].lease.tick(now);
    touch(now, at);
  }
  settle(now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::set_candidate(const lease_time& now, group_id group,
                                                                    bool willing) {
  if (index(group) >= layout::count_max) return;
  slot_of(index(group)).wanted = willing;
  candidacies_due_ = true;
  settle(now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::on_listed(const lease_time& now) {
  listed_ = true;
  placement_due_ = true;
  presence_.tick(now);
  layout_.tick(now);
  settle(now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::on_watch_lost(const lease_time& now) {
  layout_.on_watch_lost(now);
  for (std::size_t at = 0; at < groups_.size(); ++at) {
    groups_[at].lease.on_watch_lost(now);
    touch(now, at);
  }
  settle(now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::on_lease(const lease_time& now, group_id group,
                                                               const lease_sight& sight) {
  if (index(group) >= layout::count_max) return;
  slot_of(index(group));
  doubt_era(now, sight);
  foresee(now, index(group), sight);
  groups_[index(group)].lease.on_sight(now, sight);
  touch(now, index(group));
  settle(now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::on_layout(const lease_time& now, const layout_sight& sight) {
  layout_.on_sight(now, sight);
  settle(now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::on_presence(const lease_time& now, node_id node,
                                                                  const presence_sight& sight) {
  if (node != settings_.self) {
    if (members_.learn(now, node, sight)) {
      placement_due_ = true;
      if (!settled_) arrived_ = now;
    }
  } else if (sight.exists && presence_.first_written() && sight.claim.process != presence_.process()) {
    name_is_taken_ = name_is_taken_ || !presence_.written_at().newer_than(sight.at);
  }
  settle(now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::on_lease_response(const lease_time& now, group_id group,
                                                                        const lease_response& response) {
  doubt_era(now, response.sight);
  foresee(now, index(group), response.sight);
  groups_[index(group)].lease.on_response(now, response);
  touch(now, index(group));
  settle(now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::on_layout_response(const lease_time& now,
                                                                         const layout_response& response) {
  check_layout(now);  // before the response makes it valid again
  layout_.on_response(now, response);
  settle(now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::on_presence_response(const lease_time& now,
                                                                           const presence_response& response) {
  const bool was_written = presence_.first_written().has_value();
  presence_.on_response(now, response);
  if (presence_.first_written().has_value() != was_written) placement_due_ = true;
  settle(now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::stop(const lease_time& now) {
  stopping_ = true;
  candidacies_due_ = true;
  presence_.stop(now);
  settle(now);
}

// ---- Outputs ----

template <class LeaseRules, class LayoutRules>
leadership basic_election_machine<LeaseRules, LayoutRules>::leads(group_id group) const noexcept {
  if (index(group) >= count_ || index(group) >= groups_.size()) return {};
  const leadership& own = groups_[index(group)].lease.leads();
  if (own.term == 0 || !was_valid_) return {};
  return {earlier(own.valid_until, layout_.valid_until()), own.term};
}

template <class LeaseRules, class LayoutRules>
std::optional<group_request> basic_election_machine<LeaseRules, LayoutRules>::take_lease_request() {
  for (std::size_t at = 0; at < groups_.size(); ++at) {
    if (auto request = groups_[at].lease.take_request()) return group_request{static_cast<group_id>(at), *request};
  }
  return std::nullopt;
}

template <class LeaseRules, class LayoutRules>
std::optional<group_event> basic_election_machine<LeaseRules, LayoutRules>::take_event() {
  for (std::size_t at = 0; at < groups_.size(); ++at) {
    if (auto event = groups_[at].lease.take_event()) return group_event{static_cast<group_id>(at), *event};
  }
  return std::nullopt;
}

template <class LeaseRules, class LayoutRules>
auto basic_election_machine<LeaseRules, LayoutRules>::wake_in(const lease_time& now) const noexcept -> duration {
  duration result = layout_.wake_in(now);
  const auto at_most = [&result](duration left) {
    if (left < result) result = left;
  };
  at_most(presence_.wake_in(now));
  at_most(members_.expires_in(now));
  for (const slot& each : groups_) at_most(each.due - now.boot);
  if (!settled_ && presence_.first_written()) at_most(settles_in(now));
  if (settings_.rebalance) at_most(rebalance_step - elapsed_for_follower(rebalanced_, now));
  return result;
}

template <class LeaseRules, class LayoutRules>
bool basic_election_machine<LeaseRules, LayoutRules>::stopped() const noexcept {
  if (!stopping_ || !presence_.done()) return false;
  for (const slot& each : groups_) {
    if (!each.lease.idle()) return false;
  }
  return true;
}

// ---- What follows ----

template <class LeaseRules, class LayoutRules>
auto basic_election_machine<LeaseRules, LayoutRules>::slot_of(std::size_t at) -> slot& {
  while (at >= groups_.size()) {
    const duration longest = layout_.adopted() ? layout_.adopted()->shape.duration : settings_.timing.duration;
    groups_.emplace_back(machine{identity(groups_.size()), settings_.timing.fitted_to(longest), longest, lease_rules_});
  }
  return groups_[at];
}

// After an input of a lease machine: when does it want the next one, and whose is the group now?
template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::touch(const lease_time& now, std::size_t at) {
  slot& touched = groups_[at];
  touched.due = now.boot + touched.lease.wake_in(now);
  if (std::exchange(touched.term, touched.lease.leads().term) != touched.lease.leads().term) touched.led_since = now;
  group_owner owner = owner_of(touched.lease);
  // What was given up before this process knew the holder is nobody's: the holder may be back by now.
  if (owner.leaving && owner.node != touched.owner.node) owner = {};
  const group_owner before = std::exchange(touched.owner, owner);
  const lease_time renewed = std::exchange(touched.renewed, touched.lease.view().since());
  if (before == owner) return;
  // Whose process has ended, or who has let its lease expire, is taken for gone until there are news of it.
  if (!before.leaving && owner.node == before.node && touched.lease.view().seen().orphaned) {
    members_.count_out(before.node);
  } else if (!before.leaving && owner.node != node_id{} && owner.node != before.node) {
    members_.count_out(before.node, renewed, touched.lease.view().seen().claim.duration);
  }
  placement_due_ = true;
}

// A lease of an era that is not known to be over may be of one that is not known yet: before a record of it is taken
// for missing, the layout is read.
template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::doubt_era(const lease_time& now, const lease_sight& sight) {
  const std::uint64_t era = sight.claim.era;
  const bool is_lease = sight.exists && sight.claim.mode != lease_mode::none;
  if (!is_lease || era == 0 || era == era_ || generation_of(era) < generation_of(era_)) return;
  layout_.doubt(now);
  set_candidacies(now);
}

// A release is about to be told: who goes first is decided by this one group, not as if all of its owner's were free.
template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::foresee(const lease_time& now, std::size_t at,
                                                              const lease_sight& sight) {
  slot& told = groups_[at];
  const bool is_holder = groups_[at].owner.node == sight.claim.node;
  const group_owner owner = is_holder ? group_owner{sight.claim.node, true} : group_owner{};
  if (!sight.exists || sight.claim.mode != lease_mode::released || sight.claim.era != era_) return;
  if (told.lease.holds() || told.owner == owner || told.lease.view().seen().at.newer_than(sight.at)) return;
  told.owner = owner;
  place(now);
  set_candidacies(now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::settle(const lease_time& now) {
  follow_layout(now);
  if (members_.expire(now)) placement_due_ = true;
  if (settled_ != settled(now)) {
    settled_ = !settled_;
    candidacies_due_ = true;
  }
  if (doubted_ != layout_.doubtful()) {
    doubted_ = !doubted_;
    candidacies_due_ = true;
  }
  if (placement_due_) place(now);
  if (candidacies_due_) set_candidacies(now);
  if (settings_.rebalance) rebalance(now);
  bool busy = false;
  for (std::size_t at = 0; at < count_ && at < groups_.size(); ++at) {
    busy = busy || !groups_[at].lease.idle();
  }
  layout_.set_reading(now, busy);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::follow_layout(const lease_time& now) {
  const std::uint64_t era = layout_.adopted() ? layout_.adopted()->era : 0;
  const bool valid = era != 0 && before_for_holder(now, layout_.valid_until());
  if (era != era_) {
    known_to_all_ = known_to_all_ || (era_ != 0 && era != 0 && presence_.first_written());
    era_ = era;
    adopt(now);
  } else {
    check_layout(now);
  }
  was_valid_ = valid;
}

// A leadership that the layout's deadline has ended is over for good, even if the layout is confirmed later.
template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::check_layout(const lease_time& now) {
  if (!was_valid_ || before_for_holder(now, layout_.valid_until())) return;
  was_valid_ = false;
  for (std::size_t at = 0; at < groups_.size(); ++at) {
    if (groups_[at].lease.leads().term == 0) continue;
    groups_[at].lease.interrupt(now, lease_reason::layout_unknown);
    touch(now, at);
  }
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::adopt(const lease_time& now) {
  writer_ = layout_rules_.next_writer(writer_, ids_.next());
  const auto& adopted = layout_.adopted();
  count_ = adopted ? adopted->shape.count : 0;
  const duration longest = adopted ? adopted->shape.duration : settings_.timing.duration;
  if (count_ > 0) slot_of(count_ - 1);
  for (std::size_t at = 0; at < groups_.size(); ++at) {
    groups_[at].lease.adopt(now, identity(at), settings_.timing.fitted_to(longest), longest);
    touch(now, at);
  }
  placement_due_ = candidacies_due_ = true;
}

template <class LeaseRules, class LayoutRules>
group_owner basic_election_machine<LeaseRules, LayoutRules>::owner_of(const machine& lease) const noexcept {
  const lease_view& view = lease.view();
  if (lease.holds()) return {settings_.self, false};
  if (!view.known() || view.went_back() || lease_rules_.is_missing(view.seen(), era_)) return {};
  const lease_claim& claim = view.seen().claim;
  const bool is_held = claim.mode == lease_mode::held || claim.mode == lease_mode::waiting;
  if (claim.node == settings_.self && claim.writer != lease.who().writer) return {};  // a predecessor's: nobody's
  return {claim.node, !is_held || view.seen().orphaned || claim.node == settings_.self};
}

template <class LeaseRules, class LayoutRules>
bool basic_election_machine<LeaseRules, LayoutRules>::settled(const lease_time& now) const noexcept {
  if (count_ <= 1 || known_to_all_) return true;
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

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::place(const lease_time& now) {
  placement_due_ = false;
  candidacies_due_ = true;
  live_.assign(1, settings_.self);
  members_.for_each([this](const presence_member& each) { live_.push_back(each.node); });
  owners_.clear();
  for (std::size_t at = 0; at < count_; ++at) {
    const slot& each = groups_[at];
    // Nobody's is also what a node had before it started anew: it is as good a candidate for it as any other.
    const bool restarted = members_.has_restarted(each.owner.node, each.renewed);
    owners_.push_back(restarted ? group_owner{} : each.owner);
  }
  placement_.compute(live_, settings_.self, owners_);
  const auto& adopted = layout_.adopted();
  const bool differs = adopted && adopted->shape != settings_.wish;
  const bool agreed = differs && listed_ && presence_.first_written() && members_.all_wish(settings_.wish);
  layout_.set_consensus(now, agreed ? std::optional{settings_.wish} : std::nullopt);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::set_candidacies(const lease_time& now) {
  candidacies_due_ = false;
  bool candidate = false;
  for (const slot& each : groups_) candidate = candidate || each.wanted;
  presence_.set_candidate(now, candidate);
  for (std::size_t at = 0; at < groups_.size(); ++at) {
    slot& each = groups_[at];
    const bool in_layout = at < count_;
    const bool may_start = listed_ && settled_;
    lease_candidacy next;
    const bool goes_on = each.lease.holds() || (may_start && (!layout_.doubtful() || !each.lease.idle()));
    next.willing = in_layout && each.wanted && !stopping_ && goes_on;
    next.alone = live_.size() <= 1;
    if (in_layout && at < placement_.places().size()) next.hold_off = placement::hold_off(placement_.places()[at]);
    if (next == each.lease.candidacy()) continue;
    each.lease.set_candidacy(now, next);
    touch(now, at);
  }
}

// Gives away one group that belongs elsewhere, if the node that it belongs to would be the one to take it, and both
// have been what they are for so long that whoever has released the group stays out of it no more.
template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::rebalance(const lease_time& now) {
  if (elapsed_for_follower(rebalanced_, now) < rebalance_step) return;
  rebalanced_ = now;
  const duration stays_out = machine::hold_down + (adopted() ? adopted()->shape.duration : duration{0});
  for (std::size_t at = 0; at < count_ && at < placement_.places().size(); ++at) {
    const group_place& place = placement_.places()[at];
    if (groups_[at].term == 0 || place.successor == node_id{}) continue;
    if (elapsed_for_follower(groups_[at].led_since, now) < stays_out) continue;
    bool stays = false;
    members_.for_each([&](const presence_member& each) {
      stays = stays || (each.node == place.successor && elapsed_for_follower(each.since, now) >= stays_out);
    });
    if (!stays) continue;
    groups_[at].lease.hand_over(now);
    touch(now, at);
    return;
  }
}

}  // namespace isat::inline v0::election
