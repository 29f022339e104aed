// SPDX-License-Identifier: BSL-1.0

// The bodies of election_machine.hpp but for those in election_machine_groups.ipp and election_machine_placement.ipp,
// in the order of its declarations. Included by that header, never by itself.
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
  for (auto& [key, each] : groups_) {
    if (each.due > now.boot) continue;
    each.lease.tick(now);
    touch(now, each);
  }
  remove_litter(now);
  settle(now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::set_candidate(const lease_time& now, group_id group,
                                                                    bool willing) {
  slot* const changed = slot_of(group);
  if (changed == nullptr) return;
  changed->came = willing && (changed->came || !changed->wanted) && group_names::is_of_address(group);
  changed->wanted = willing;
  note(*changed);
  candidacies_due_ = true;
  placement_due_ = placement_due_ || is_per_address_;  // of groups that there are
  settle(now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::on_listed(const lease_time& now) {
  listed_since_ = now;
  placement_due_ = true;
  for (auto& [key, each] : groups_) {
    each.is_gone = each.is_gone || !each.is_told;
    ceased_ = ceased_ || has_ceased(each);
  }
  presence_.tick(now);
  layout_.tick(now);
  settle(now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::on_watch_lost(const lease_time& now) {
  layout_.on_watch_lost(now);
  for (auto& [key, each] : groups_) {
    each.is_told = false;
    each.lease.on_watch_lost(now);
    touch(now, each);
  }
  settle(now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::on_lease(const lease_time& now, group_id group,
                                                               const lease_sight& sight) {
  slot* const told = slot_of(group);
  if (told == nullptr) return;
  told->is_told = true;
  doubt_era(now, sight);
  foresee(now, *told, sight);
  told->lease.on_sight(now, sight);
  if (!told->lease.view().seen().at.newer_than(sight.at)) told->is_gone = !sight.exists;
  touch(now, *told);
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
  } else if (sight.exists && sight.claim.process == presence_.process()) {
    // The others have heard of this one about when its own watch tells of it, not when its write was answered.
    if (!std::exchange(told_of_itself_, true) && !settled_) arrived_ = now;
  } else if (sight.exists && presence_.first_written() && sight.claim.process != presence_.process()) {
    name_is_taken_ = name_is_taken_ || !presence_.written_at().newer_than(sight.at);
  }
  settle(now);
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::on_lease_response(const lease_time& now, group_id group,
                                                                        const lease_response& response) {
  slot* const asked = known(group);
  if (asked == nullptr || response.id >> serial_shift != asked->serial) return;  // whom it is for is no more
  lease_response own = response;
  own.id -= asked->serial << serial_shift;
  if (own.id == removal_id) {
    // Who lost the race hears from the watch what is there now; whatever else went wrong is tried again much later.
    if (own.outcome != lease_outcome::done) return;
    asked->is_gone = true;
    asked->lease.on_sight(now, {own.sight.at, false, {}, false});
  } else {
    doubt_era(now, own.sight);
    foresee(now, *asked, own.sight);
    asked->lease.on_response(now, own);
  }
  touch(now, *asked);
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
  if (index(group) >= by_id_.size() || by_id_[index(group)] == nullptr) return {};
  const slot& asked = *by_id_[index(group)];
  if (!in_layout(asked)) return {};
  const leadership& own = asked.lease.leads();
  if (own.term == 0 || !was_valid_) return {};
  return {earlier(own.valid_until, layout_.valid_until()), own.term};
}

template <class LeaseRules, class LayoutRules>
std::optional<group_request> basic_election_machine<LeaseRules, LayoutRules>::take_lease_request() {
  for (; !may_ask_.empty(); may_ask_.pop()) {
    slot* const each = known(may_ask_.front());
    if (each == nullptr) continue;
    auto request = each->lease.take_request();
    if (!request) request = std::exchange(each->removal, std::nullopt);
    each->may_ask = request.has_value();
    if (!request) continue;
    request->id += each->serial << serial_shift;
    return group_request{each->id, *request};
  }
  return std::nullopt;
}

template <class LeaseRules, class LayoutRules>
std::optional<group_event> basic_election_machine<LeaseRules, LayoutRules>::take_event() {
  for (; !may_tell_.empty(); may_tell_.pop()) {
    slot* const each = known(may_tell_.front());
    if (each == nullptr) continue;
    const auto event = each->lease.take_event();
    each->may_tell = event.has_value();
    if (event) return group_event{each->id, *event};
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
  for (const auto& [key, each] : groups_) {
    at_most(each.due - now.boot);
    if (is_litter(each)) at_most(removes_in(now, key, each));
  }
  if (!settled_ && presence_.first_written()) at_most(settles_in(now));
  if (placement_due_) at_most(places_in(now));
  if (rebalances()) at_most(rebalance_step - elapsed_for_follower(rebalanced_, now));
  return result;
}

template <class LeaseRules, class LayoutRules>
bool basic_election_machine<LeaseRules, LayoutRules>::stopped() const noexcept {
  if (!stopping_ || !presence_.done()) return false;
  for (const auto& [key, each] : groups_) {
    if (!each.lease.idle()) return false;
  }
  return true;
}

// ---- What follows ----

// After an input of a lease machine: when does it want the next one, and whose is the group now?
template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::touch(const lease_time& now, slot& touched) {
  note(touched);
  touched.due = now.boot + touched.lease.wake_in(now);
  if (std::exchange(touched.term, touched.lease.leads().term) != touched.lease.leads().term) touched.led_since = now;
  if (touched.term != 0 && std::exchange(touched.came, false)) candidacies_due_ = true;
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

// What is asked of all groups at once is kept for those alone that may have it, for there may be thousands.
template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::note(slot& touched) {
  if (!std::exchange(touched.may_ask, true)) may_ask_.push(touched.id);
  if (!std::exchange(touched.may_tell, true)) may_tell_.push(touched.id);
  const bool was_busy = std::exchange(touched.busy, in_layout(touched) && !touched.lease.idle());
  busy_count_ += std::size_t{touched.busy};
  busy_count_ -= std::size_t{was_busy};
  ceased_ = ceased_ || has_ceased(touched);
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
  if (placement_due_ && places_in(now) <= duration{0}) place(now);
  if (candidacies_due_) set_candidacies(now);
  if (rebalances()) rebalance(now);
  layout_.set_reading(now, busy_count_ != 0);
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
  const bool is_open = era != 0 && layout_.adopted()->phase == layout_phase::open;
  open_since_ = is_open ? std::optional{open_since_.value_or(now)} : std::nullopt;
  was_valid_ = valid;
}

// A leadership that the layout's deadline has ended is over for good, even if the layout is confirmed later.
template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::check_layout(const lease_time& now) {
  if (!was_valid_ || before_for_holder(now, layout_.valid_until())) return;
  was_valid_ = false;
  for (auto& [key, each] : groups_) {
    if (each.lease.leads().term == 0) continue;
    each.lease.interrupt(now, lease_reason::layout_unknown);
    touch(now, each);
  }
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::adopt(const lease_time& now) {
  writer_ = layout_rules_.next_writer(writer_, ids_.next());
  const auto& adopted = layout_.adopted();
  count_ = adopted ? adopted->shape.count : 0;
  is_per_address_ = adopted && adopted->shape.is_per_address();
  open_since_.reset();
  placed_at_.reset();
  const duration longest = adopted ? adopted->shape.duration : settings_.timing.duration;
  for (std::uint32_t group = 0; group < count_; ++group) slot_of(group_id{group});
  for (auto& [key, each] : groups_) {
    each.lease.adopt(now, identity(each.serial), settings_.timing.fitted_to(longest), longest);
    touch(now, each);
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

}  // namespace isat::inline v0::election
