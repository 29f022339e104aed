// SPDX-License-Identifier: BSL-1.0

// The bodies of election_machine.hpp that know which groups there are: how they come, which of them the layout has,
// when they go and what becomes of their records. Included by that header, never by itself.
#pragma once

#include "isat/election/election_machine.hpp"

namespace isat::inline v0::election {

// Keys of addresses come after all ids.
template <class LeaseRules, class LayoutRules>
std::optional<std::uint64_t> basic_election_machine<LeaseRules, LayoutRules>::key_of(group_id group) const noexcept {
  if (!group_names::is_of_address(group)) return index(group);
  const auto address = settings_.groups != nullptr ? settings_.groups->address_of(group) : std::nullopt;
  if (!address) return std::nullopt;
  return std::uint64_t{1} << 32U | address->bits();
}

// Null for an id that stands for nothing.
template <class LeaseRules, class LayoutRules>
auto basic_election_machine<LeaseRules, LayoutRules>::slot_of(group_id group) -> slot* {
  if (slot* const found = known(group)) return found;
  const auto key = key_of(group);
  if (!key) return nullptr;
  if (index(group) >= by_id_.size()) by_id_.resize(index(group) + 1);
  const std::uint64_t serial = group_names::is_of_address(group) ? next_serial_++ : index(group);
  const duration longest = layout_.adopted() ? layout_.adopted()->shape.duration : settings_.timing.duration;
  machine fresh{identity(serial), settings_.timing.fitted_to(longest), longest, lease_rules_};
  if (group_names::is_of_address(group)) fresh.pass_term(term_max_);
  slot& made = groups_.try_emplace(*key, std::move(fresh), group, serial).first->second;
  made.place = nowhere;
  return by_id_[index(group)] = &made;
}

template <class LeaseRules, class LayoutRules>
std::optional<group_id> basic_election_machine<LeaseRules, LayoutRules>::take_ceased() {
  if (!ceased_) return std::nullopt;
  for (auto at = groups_.begin(); at != groups_.end(); ++at) {
    const slot& each = at->second;
    if (!has_ceased(each)) continue;
    const group_id id = each.id;
    if (each.lease.term_max() > term_max_) term_max_ = each.lease.term_max();
    by_id_[index(id)] = nullptr;
    groups_.erase(at);
    placement_due_ = true;
    return id;
  }
  ceased_ = false;
  return std::nullopt;
}

// Nobody here wants it, and nothing of it is left: neither a record nor a write that may make one.
template <class LeaseRules, class LayoutRules>
bool basic_election_machine<LeaseRules, LayoutRules>::has_ceased(const slot& asked) const noexcept {
  if (!group_names::is_of_address(asked.id) || asked.wanted || !asked.lease.idle()) return false;
  const lease_view& view = asked.lease.view();
  return !view.known() || !view.seen().exists || asked.is_gone;
}

template <class LeaseRules, class LayoutRules>
bool basic_election_machine<LeaseRules, LayoutRules>::in_layout(const slot& asked) const noexcept {
  return group_names::is_of_address(asked.id) ? is_per_address_ : index(asked.id) < count_;
}

// A group of one address is there while somebody wants it or has it.
template <class LeaseRules, class LayoutRules>
bool basic_election_machine<LeaseRules, LayoutRules>::exists_now(const slot& asked) const noexcept {
  if (!in_layout(asked)) return false;
  return !is_per_address_ || asked.wanted || (asked.owner.node != node_id{} && !asked.owner.leaving);
}

// A record that nothing can need any more, and of which nothing is wanted or on its way here.
template <class LeaseRules, class LayoutRules>
bool basic_election_machine<LeaseRules, LayoutRules>::is_litter(const slot& asked) const noexcept {
  const bool serves = in_layout(asked);
  const lease_view& view = asked.lease.view();
  if ((serves && asked.wanted) || !asked.lease.idle() || stopping_ || !listed_since_) return false;
  if (!open_since_ || layout_.doubtful() || !view.known() || view.doubtful() || view.went_back()) return false;
  if (!view.seen().exists || asked.is_gone || !asked.is_told) return false;
  return lease_rules_.is_litter(view.seen().claim, era_, is_per_address_ || !serves);
}

// @pre is_litter(). Who weighs most goes first; the others meet a conflict at worst, for the version guards it.
template <class LeaseRules, class LayoutRules>
auto basic_election_machine<LeaseRules, LayoutRules>::removes_in(const lease_time& now, std::uint64_t key,
                                                                 const slot& asked) const noexcept -> duration {
  duration lain = -asked.lease.free_in(now);
  // While the watch had failed, whoever holds it may have been away from the store likewise.
  for (const lease_time& since : {*open_since_, *listed_since_}) {
    const duration own = elapsed_for_follower(since, now);
    if (own < lain) lain = own;
  }
  if (asked.removal_asked) {
    const duration tried = elapsed_for_follower(*asked.removal_asked, now);
    if (tried < lain) lain = tried;
  }
  const duration left = lease_rules_.litter_age() - lain;
  if (left > duration{0}) return left;  // which of the nodes is first is asked when it matters
  std::uint32_t rank = 0;
  for (const node_id each : live_) rank += std::uint32_t{weight(key, each) > weight(key, settings_.self)};
  return left + rank * removal_step;
}

template <class LeaseRules, class LayoutRules>
void basic_election_machine<LeaseRules, LayoutRules>::remove_litter(const lease_time& now) {
  for (auto& [key, each] : groups_) {
    if (!is_litter(each) || removes_in(now, key, each) > duration{0}) continue;
    each.removal = lease_request{lease_operation::remove, removal_id, each.lease.view().seen().at, {}, false};
    each.removal_asked = now;
    note(each);
  }
}

}  // namespace isat::inline v0::election
