// SPDX-License-Identifier: BSL-1.0

// The bodies of detail/pool_record.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/service/address_pool.hpp"
#include "isat/kubernetes/service/detail/pool_record.hpp"

#include <utility>

namespace isat::inline v0::kubernetes::detail {

inline constexpr std::string_view pool_note = "pool";
inline constexpr std::string_view owner_end = ", ";
inline constexpr std::string_view class_mark = " class=";
inline constexpr std::string_view sharing_mark = "; share=";

ISAT_INLINE const claim_owner* address_claim::find(std::string_view uid) const noexcept {
  for (const claim_owner& each : owners) {
    if (each.service.uid == uid) return &each;
  }
  return nullptr;
}

// ---- Notes ----

inline std::optional<claim_owner> read_owner(std::string_view text) {
  claim_owner result;
  if (const std::size_t mark = text.find(class_mark); mark != std::string_view::npos) {
    result.lb_class = text.substr(mark + class_mark.size());
    text = text.substr(0, mark);
    if (result.lb_class.empty()) return std::nullopt;
  }
  const std::size_t slash = text.find('/');
  const std::size_t blank = text.find(' ');
  if (slash == std::string_view::npos || blank == std::string_view::npos || blank < slash) return std::nullopt;
  result.service.name.name_space = text.substr(0, slash);
  result.service.name.name = text.substr(slash + 1, blank - slash - 1);
  result.service.uid = text.substr(blank + 1);
  const bool whole = slash > 0 && blank > slash + 1 && !result.service.uid.empty() &&
                     result.service.uid.find(' ') == std::string::npos &&
                     result.lb_class.find(' ') == std::string::npos;
  return whole ? std::optional{std::move(result)} : std::nullopt;
}

ISAT_INLINE address_claim read_claim(std::string_view note) {
  address_claim result;
  std::string_view rest = note;
  if (const std::size_t mark = rest.find(sharing_mark); mark != std::string_view::npos) {
    result.sharing = rest.substr(mark + sharing_mark.size());
    rest = rest.substr(0, mark);
  }
  while (true) {
    const std::size_t end = rest.find(owner_end);
    auto owner = read_owner(rest.substr(0, end));
    if (!owner || result.find(owner->service.uid) != nullptr) return {{}, {}, std::string{note}};
    result.owners.push_back(std::move(*owner));
    if (end == std::string_view::npos) return result;
    rest = rest.substr(end + owner_end.size());
  }
}

ISAT_INLINE std::string to_note(const address_claim& claim) {
  if (claim.owners.empty()) return claim.unreadable;
  std::string result;
  for (const claim_owner& each : claim.owners) {
    if (!result.empty()) result += owner_end;
    result += each.service.name.to_string() + ' ' + each.service.uid;
    if (!each.lb_class.empty()) result.append(class_mark) += each.lb_class;
  }
  if (!claim.sharing.empty()) result.append(sharing_mark) += claim.sharing;
  return result;
}

ISAT_INLINE std::size_t octets_of(const address_claim& claim) noexcept {
  std::size_t octets = 32 + claim.unreadable.size() + claim.sharing.size();
  for (const claim_owner& each : claim.owners) {
    octets += each.service.name.name_space.size() + each.service.name.name.size() + each.service.uid.size() +
              each.lb_class.size() + 16;
  }
  return octets;
}

// ---- Records ----

ISAT_INLINE election::record make_pool_record(ipv4_address block, const block_claims& claims, std::string nonce) {
  election::record result;
  result.nonce = std::move(nonce);
  result.notes.emplace(pool_note, block.to_string());
  for (const auto& [address, claim] : claims) result.notes.emplace(address.to_string(), to_note(claim));
  return result;
}

ISAT_INLINE std::optional<block_claims> read_pool_record(ipv4_address block, const election::record& value) {
  const auto mark = value.notes.find(std::string{pool_note});
  if (mark == value.notes.end() || mark->second != block.to_string()) return std::nullopt;
  block_claims result;
  for (const auto& [key, note] : value.notes) {
    const auto address = ipv4_address::parse(key);
    if (address && address_pool::block_of(*address) == block) result.emplace(*address, read_claim(note));
  }
  return result;
}

}  // namespace isat::inline v0::kubernetes::detail
