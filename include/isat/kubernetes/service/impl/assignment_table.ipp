// SPDX-License-Identifier: BSL-1.0

// The bodies of assignment_table.hpp that decide what a Service should have. Compiled into the library, or included by
// that header; never by itself.
#pragma once

#include "isat/kubernetes/service/assignment_table.hpp"

#include <algorithm>

namespace isat::inline v0::kubernetes {

ISAT_INLINE assignment_table::assignment_table(assignment_settings settings)
    : settings_{std::move(settings)}, book_{settings_.prefix, settings_.seed} {}

ISAT_INLINE std::size_t assignment_table::claim_count() const noexcept { return book_.claim_count(); }

// ---- Rules ----

ISAT_INLINE bool assignment_table::is_ours(const assignee& service) const noexcept {
  return service.load_balancer && service.lb_class == settings_.lb_class;
}

// By the claim's class, not by ours: assigners with other settings may be at work, and a class never changes as long as
// the Service is of this type. What may_get() says must follow from the version of the Service and the claim alone.
ISAT_INLINE bool assignment_table::may_hold(const assignee& service, const detail::claim_owner& owner) noexcept {
  return service.load_balancer && service.lb_class == owner.lb_class;
}

ISAT_INLINE bool assignment_table::may_get(const assignee& service, ipv4_address address,
                                           const detail::claim_owner& owner) noexcept {
  if (!may_hold(service, owner) || service.going) return false;
  return service.wanted.empty() ? service.addresses.empty() && !service.foreign : service.wanted_address() == address;
}

ISAT_INLINE bool assignment_table::needs(const assignee& service, ipv4_address address,
                                         const detail::claim_owner& owner) noexcept {
  return service.names(address) || may_get(service, address, owner);
}

ISAT_INLINE bool assignment_table::can_join(const assignee& service, const detail::address_claim& claim) const {
  if (claim.owners.empty() || claim.sharing.empty() || claim.sharing != service.sharing) return false;
  return std::ranges::all_of(claim.owners, [&](const detail::claim_owner& each) {
    const auto found = services_.find(each.service.name);
    return found != services_.end() && found->second.facts.service.uid == each.service.uid &&
           may_share(found->second.facts, service);
  });
}

// Although nobody claims it.
ISAT_INLINE bool assignment_table::is_taken(ipv4_address address, const assignee& service) const {
  const auto found = named_by_.find(address);
  const bool named = found != named_by_.end() && (found->second.size() > 1 || !service.names(address));
  return named || (settings_.in_use && settings_.in_use(address));
}

// ---- Services ----

ISAT_INLINE void assignment_table::begin_list() {
  ++list_;
  listing_ = true;
}

ISAT_INLINE void assignment_table::end_list() {
  std::vector<object_name> gone;
  for (const auto& [name, service] : services_) {
    if (listing_ && service.list != list_) gone.push_back(name);
  }
  listing_ = false;
  for (const object_name& each : gone) erase(each);
  if (!std::exchange(listed_, true)) begin_work();
}

ISAT_INLINE void assignment_table::set(assignee service) {
  const object_name name = service.service.name;
  auto found = services_.find(name);
  if (found != services_.end() && found->second.facts.service.uid != service.service.uid) {
    erase(name);
    found = services_.end();
  }
  if (found == services_.end()) found = services_.try_emplace(name).first;
  known_service& known = found->second;
  known.list = list_;
  if (known.facts.version == service.version) return;
  const bool fewer = !std::ranges::includes(service.addresses, known.facts.addresses);
  index_addresses(known.facts, false);
  known.facts = std::move(service);
  index_addresses(known.facts, true);
  known.not_before = {};
  queue(known);
  if (fewer) queue_waiting();
}

ISAT_INLINE void assignment_table::erase(const object_name& name) {
  const auto found = services_.find(name);
  if (found == services_.end()) return;
  const assignee gone = std::move(found->second.facts);
  services_.erase(found);
  waiting_.erase(name);
  index_addresses(gone, false);
  if (!gone.addresses.empty()) queue_waiting();
  for (const ipv4_address each : book_.claims_of(gone.service.uid)) {
    const auto* const claim = book_.find(each);
    const auto* const owner = claim != nullptr ? claim->find(gone.service.uid) : nullptr;
    if (owner != nullptr) check(each, *owner);
  }
}

ISAT_INLINE assignment_table::known_service* assignment_table::find(const service_reference& which) {
  const auto found = services_.find(which.name);
  return found != services_.end() && found->second.facts.service.uid == which.uid ? &found->second : nullptr;
}

ISAT_INLINE void assignment_table::index_addresses(const assignee& service, bool named) {
  for (const ipv4_address each : service.addresses) {
    if (!settings_.pool.contains(each)) continue;
    auto& names = named_by_[each];
    named ? void(names.insert(service.service.name)) : void(names.erase(service.service.name));
    if (names.empty()) named_by_.erase(each);
  }
}

ISAT_INLINE void assignment_table::queue(known_service& service) {
  if (!std::exchange(service.queued, true)) queue_.push_back(service.facts.service.name);
}

ISAT_INLINE void assignment_table::queue_waiting() {
  free_from_ = {};
  in_use_.clear();
  for (const object_name& each : std::exchange(waiting_, {})) {
    if (const auto found = services_.find(each); found != services_.end()) queue(found->second);
  }
}

// ---- What a Service should have ----

ISAT_INLINE void assignment_table::work(time_point now) {
  if (!is_ready()) return;
  looked_in_use_ = false;
  while (!retries_.empty() && retries_.begin()->first <= now) {
    const auto found = services_.find(retries_.begin()->second);
    retries_.erase(retries_.begin());
    if (found != services_.end()) queue(found->second);
  }
  while (!queue_.empty()) {
    const auto found = services_.find(queue_.front());
    queue_.pop_front();
    if (found == services_.end()) continue;
    found->second.queued = false;
    consider(found->second, now);
  }
}

// Whatever it returns without having done is done when it is considered again: what it waits for queues it.
ISAT_INLINE void assignment_table::consider(known_service& service, time_point now) {
  if (service.patching || service.claiming > 0) return;
  if (service.not_before > now) {
    retries_.emplace(service.not_before, service.facts.service.name);
    return;
  }
  waiting_.erase(service.facts.service.name);
  if (!look_at_claims(service)) return;
  if (!is_ours(service.facts) || service.facts.going) return tell_trouble(service, {});
  if (adopt(service)) find_address(service);
}

/// @return false if its status has to be mended first
ISAT_INLINE bool assignment_table::look_at_claims(known_service& service) {
  const assignee& facts = service.facts;
  for (const ipv4_address each : book_.claims_of(facts.service.uid)) {
    const auto* const claim = book_.find(each);
    const auto* const owner = claim != nullptr ? claim->find(facts.service.uid) : nullptr;
    if (owner == nullptr) continue;
    if (!needs(facts, each, *owner)) {
      check(each, *owner);
      continue;
    }
    checks_.erase({each, facts.service.uid});
    if (may_hold(facts, *owner)) {
      // Whether others may share the address is for its first owner to say.
      const bool says = claim->owners.size() > 1 || claim->sharing == facts.sharing || !facts.names(each);
      if (!says && this->claim(service, each)) return false;
      continue;
    }
    // What else is in its status cannot be written back as it was.
    if (facts.foreign) continue;
    std::vector<ipv4_address> left = facts.addresses;
    std::erase(left, each);
    patch(service, std::move(left), {assignment_news::taken_back, facts.service, each, {}, {}});
    return false;
  }
  return true;
}

/// Claims what its status names already. @return false if there is something to wait for
ISAT_INLINE bool assignment_table::adopt(known_service& service) {
  for (const ipv4_address each : service.facts.addresses) {
    if (!settings_.pool.contains(each)) continue;
    if (book_.is_unknown(each)) return false;
    if (book_.usable(each) == nullptr) continue;
    const auto* const claim = book_.find(each);
    if (claim != nullptr && claim->find(service.facts.service.uid) != nullptr) continue;
    if (claim == nullptr || can_join(service.facts, *claim)) {
      if (this->claim(service, each)) return false;
      continue;
    }
    const object_name other = claim->owners.empty() ? object_name{} : claim->owners.front().service.name;
    waiting_.insert(service.facts.service.name);
    tell_trouble(service, {assignment_news::duplicate, service.facts.service, each, other, {}});
    return false;
  }
  return true;
}

ISAT_INLINE void assignment_table::find_address(known_service& service) {
  const assignee& facts = service.facts;
  const bool others = facts.foreign || std::ranges::any_of(facts.addresses, [this](ipv4_address each) {
                        return !settings_.pool.contains(each);
                      });
  if (others) return tell_trouble(service, {});
  const auto wanted = facts.wanted_address();
  if (!facts.wanted.empty() && !wanted) {
    return tell_trouble(service, {assignment_news::unreadable, facts.service, {}, {}, facts.wanted});
  }
  if (wanted ? facts.names(*wanted) : !facts.addresses.empty()) return tell_trouble(service, {});
  if (go_on_with_claim(service)) return;
  wanted ? choose_wanted(service, *wanted) : choose_any(service);
}

ISAT_INLINE bool assignment_table::go_on_with_claim(known_service& service) {
  const assignee& facts = service.facts;
  for (const ipv4_address each : book_.claims_of(facts.service.uid)) {
    if (book_.is_unknown(each)) return true;
    const auto* const claim = book_.find(each);
    const auto* const owner = claim != nullptr ? claim->find(facts.service.uid) : nullptr;
    if (owner == nullptr || !may_get(facts, each, *owner) || !settings_.pool.contains(each)) continue;
    if (service.vouched_address == each && service.vouched_version == facts.version) {
      patch(service, {each}, {assignment_news::assigned, facts.service, each, {}, {}});
    } else {
      this->claim(service, each);
    }
    return true;
  }
  return false;
}

ISAT_INLINE void assignment_table::choose_wanted(known_service& service, ipv4_address wanted) {
  const assignee& facts = service.facts;
  if (!settings_.pool.contains(wanted)) {
    return tell_trouble(service, {assignment_news::not_in_pool, facts.service, wanted, {}, {}});
  }
  if (book_.is_unknown(wanted)) return;
  const auto* const claim = book_.find(wanted);
  const bool free = claim != nullptr ? can_join(facts, *claim) : !is_taken(wanted, facts);
  if (free && book_.usable(wanted) != nullptr && this->claim(service, wanted)) return;
  object_name other;
  if (claim != nullptr && !claim->owners.empty()) other = claim->owners.front().service.name;
  waiting_.insert(facts.service.name);
  tell_trouble(service, {assignment_news::in_use, facts.service, wanted, std::move(other), {}});
}

ISAT_INLINE void assignment_table::choose_any(known_service& service) {
  const auto shared = find_shared(service.facts);
  if (shared && claim(service, *shared)) return;
  const auto free = find_free(service.facts);
  if (free && claim(service, *free)) return;
  waiting_.insert(service.facts.service.name);
  const bool is_certain = std::ranges::all_of(book_.blocks(), [](const auto& each) { return each.second.known; });
  if (is_certain) tell_trouble(service, {assignment_news::pool_full, service.facts.service, {}, {}, {}});
}

ISAT_INLINE std::optional<ipv4_address> assignment_table::find_shared(const assignee& service) const {
  if (service.sharing.empty()) return std::nullopt;
  for (const auto& [first, block] : book_.blocks()) {
    if (book_.usable(first) == nullptr) continue;
    for (const auto& [address, claim] : block.claims) {
      if (settings_.pool.contains(address) && can_join(service, claim)) return address;
    }
  }
  return std::nullopt;
}

// Never looks twice at what is not free: what makes an address free, or a block known, calls queue_waiting(), which
// begins anew. Only when something else in the cluster gives an address up nobody tells.
ISAT_INLINE std::optional<ipv4_address> assignment_table::find_free(const assignee& service) {
  if (!looked_in_use_) {
    for (const ipv4_address each : in_use_) {
      if (has_room(each) && book_.find(each) == nullptr && !is_taken(each, service)) return each;
    }
  }
  looked_in_use_ = true;
  constexpr std::uint32_t block_end = 0xff;
  while (const auto at = settings_.pool.next(free_from_)) {
    const bool is_open = has_room(*at);
    const bool is_free = is_open && book_.find(*at) == nullptr;
    if (is_free && !is_taken(*at, service)) return at;
    if (is_free && settings_.in_use && settings_.in_use(*at)) in_use_.insert(*at);
    const std::uint32_t tried = is_open ? at->bits() : at->bits() | block_end;
    free_from_ = ipv4_address{std::max(tried, tried + 1)};  // the very last is in no pool
  }
  return std::nullopt;
}

// For any claim, in its block.
ISAT_INLINE bool assignment_table::has_room(ipv4_address address) const {
  const auto* const block = book_.usable(address);
  return block != nullptr && block->octets < detail::block_octets_free;
}

ISAT_INLINE bool assignment_table::claim(known_service& service, ipv4_address address) {
  const assignee& facts = service.facts;
  if (!book_.claim(address, {facts.service, facts.lb_class}, facts.sharing, facts.version)) return false;
  ++service.claiming;
  return true;
}

ISAT_INLINE void assignment_table::patch(known_service& service, std::vector<ipv4_address> addresses,
                                         assignment_notice news) {
  service.patching = true;
  patches_.push_back({service.facts.service, service.facts.version, std::move(addresses), std::move(news)});
}

ISAT_INLINE void assignment_table::tell_trouble(known_service& service, assignment_notice trouble) {
  if (service.trouble == trouble) return;
  service.trouble = trouble;
  if (trouble.news != assignment_news::none) notices_.push_back(std::move(trouble));
}

}  // namespace isat::inline v0::kubernetes
