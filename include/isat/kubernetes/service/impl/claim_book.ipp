// SPDX-License-Identifier: BSL-1.0

// The bodies of detail/claim_book.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/random_number.hpp"
#include "isat/kubernetes/service/address_pool.hpp"
#include "isat/kubernetes/service/detail/claim_book.hpp"

#include <algorithm>
#include <iterator>

namespace isat::inline v0::kubernetes::detail {

ISAT_INLINE std::size_t claim_book::claim_count() const noexcept {
  std::size_t count = 0;
  for (const auto& [first, block] : blocks_) count += block.claims.size();
  return count;
}

ISAT_INLINE const claim_block* claim_book::usable(ipv4_address address) const {
  const auto found = blocks_.find(address_pool::block_of(address));
  return found != blocks_.end() && found->second.known && !found->second.foreign ? &found->second : nullptr;
}

ISAT_INLINE bool claim_book::is_unknown(ipv4_address address) const {
  const auto found = blocks_.find(address_pool::block_of(address));
  return found != blocks_.end() && !found->second.known;
}

ISAT_INLINE const address_claim* claim_book::find(ipv4_address address) const {
  const claim_block* const block = usable(address);
  if (block == nullptr) return nullptr;
  const auto found = block->claims.find(address);
  return found != block->claims.end() ? &found->second : nullptr;
}

ISAT_INLINE const std::set<ipv4_address>& claim_book::claims_of(std::string_view uid) const {
  static const std::set<ipv4_address> none;
  const auto found = by_uid_.find(uid);
  return found != by_uid_.end() ? found->second : none;
}

// ---- Plans ----

ISAT_INLINE bool claim_book::claim(ipv4_address address, claim_owner owner, std::string sharing, std::string version) {
  claim_block& block = blocks_.at(address_pool::block_of(address));
  const auto found = block.claims.find(address);
  address_claim next = found != block.claims.end() ? found->second : address_claim{};
  const std::size_t before = found != block.claims.end() ? octets_of(next) : 0;
  if (next.find(owner.service.uid) == nullptr) next.owners.push_back(owner);
  if (next.owners.size() == 1) next.sharing = std::move(sharing);
  const std::size_t octets = block.octets - before + octets_of(next);
  if (octets > block_octets_max && octets > block.octets) return false;
  block.octets = octets;
  by_uid_[owner.service.uid].insert(address);
  block.claims.insert_or_assign(address, std::move(next));
  block.planned.push_back({false, address, std::move(owner), std::move(version)});
  return true;
}

ISAT_INLINE void claim_book::free(ipv4_address address, std::string_view uid) {
  claim_block& block = blocks_.at(address_pool::block_of(address));
  const auto found = block.claims.find(address);
  if (found == block.claims.end()) return;
  auto& owners = found->second.owners;
  const auto owner = std::ranges::find_if(owners, [uid](const claim_owner& each) { return each.service.uid == uid; });
  if (owner == owners.end()) return;
  block.planned.push_back({true, address, *owner, {}});
  block.octets -= octets_of(found->second);
  owners.erase(owner);
  if (owners.empty()) {
    block.claims.erase(found);
  } else {
    block.octets += octets_of(found->second);
  }
  if (const auto of = by_uid_.find(uid); of != by_uid_.end()) {
    of->second.erase(address);
    if (of->second.empty()) by_uid_.erase(of);
  }
}

// ---- Records ----

ISAT_INLINE void claim_book::list(const std::vector<ipv4_address>& blocks,
                                  const std::vector<election::entry>& records) {
  listed_ = true;
  for (const ipv4_address each : blocks) {
    const auto found = std::ranges::find(records, name_of(each), &election::entry::name);
    load(each, found != records.end() ? *found : election::entry{name_of(each), {}, {}, false});
  }
}

ISAT_INLINE std::vector<claim_change> claim_book::load(ipv4_address block, const election::entry& record) {
  claim_block& into = blocks_[block];
  std::vector<claim_change> dropped = std::exchange(into.sent, {});
  std::ranges::move(std::exchange(into.planned, {}), std::back_inserter(dropped));
  auto claims = record.value ? read_pool_record(block, *record.value) : block_claims{};
  into.at = record.at;
  into.known = true;
  into.foreign = !claims.has_value();
  ++into.reading;
  replace(into, claims ? std::move(*claims) : block_claims{});
  return dropped;
}

ISAT_INLINE std::vector<claim_change> claim_book::written(ipv4_address block, const election::version& at) {
  claim_block& into = blocks_.at(block);
  into.at = at;
  into.failures = 0;
  return std::exchange(into.sent, {});
}

ISAT_INLINE void claim_book::lose(ipv4_address block, time_point not_before) {
  claim_block& lost = blocks_.at(block);
  lost.known = false;
  lost.not_before = not_before;
}

ISAT_INLINE election::entry claim_book::make_write(ipv4_address block, std::uint64_t id) {
  claim_block& from = blocks_.at(block);
  from.request = id;
  from.sent = std::exchange(from.planned, {});
  return {name_of(block), from.at, make_pool_record(block, from.claims, isat::detail::hex_text(nonces_.next())), false};
}

ISAT_INLINE void claim_book::replace(claim_block& block, block_claims claims) {
  index(block.claims, false);
  block.claims = std::move(claims);
  index(block.claims, true);
  block.octets = 0;
  for (const auto& [address, claim] : block.claims) block.octets += octets_of(claim);
}

ISAT_INLINE void claim_book::index(const block_claims& claims, bool present) {
  for (const auto& [address, claim] : claims) {
    for (const claim_owner& owner : claim.owners) {
      auto& of = by_uid_[owner.service.uid];
      present ? void(of.insert(address)) : void(of.erase(address));
      if (of.empty()) by_uid_.erase(owner.service.uid);
    }
  }
}

}  // namespace isat::inline v0::kubernetes::detail
