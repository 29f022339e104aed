// SPDX-License-Identifier: BSL-1.0

// A flat hash table from an IPv4 address to a small entry that contains it: open addressing, linear probing, removal by
// shifting back, so that a look-up touches one cache line almost always, whatever the number of entries and the
// history. It serves vip_table and announcer. The unspecified address marks a free slot, so it refuses that one as a
// key. Only our own entries shape the table; what peers ask for cannot lengthen a probe.
#pragma once

#include "isat/address.hpp"

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace isat::inline v0::detail {

/// @tparam Entry a trivially copyable struct with a member `ipv4_address address`
template <class Entry>
class address_map {
  static_assert(std::is_trivially_copyable_v<Entry>);

 public:
  std::size_t size() const noexcept { return size_; }

  /// Makes room for `count` entries, so that adding that many allocates no more. Never shrinks.
  void reserve(std::size_t count) {
    std::size_t capacity = capacity_min;
    while (!fits(count, capacity)) capacity *= 2;
    if (capacity > slots_.size()) rehash(capacity);
  }

  /// O(1), allocates nothing. The pointer is valid until the next insert() or erase().
  const Entry* find(ipv4_address address) const noexcept {
    if (size_ == 0) return nullptr;
    const Entry& slot = slots_[locate(address)];
    return slot.address == address && !address.is_unspecified() ? &slot : nullptr;
  }
  Entry* find(ipv4_address address) noexcept {
    return const_cast<Entry*>(static_cast<const address_map&>(*this).find(address));
  }

  /// Adds `entry` or replaces the one with its address; true if it is new. @pre the address is not unspecified
  bool insert(const Entry& entry) {
    assert(!entry.address.is_unspecified());
    if (Entry* known = find(entry.address); known != nullptr) {
      *known = entry;
      return false;
    }
    if (!fits(size_ + 1, slots_.size())) reserve(size_ + 1);
    slots_[locate(entry.address)] = entry;
    ++size_;
    return true;
  }

  /// Removes the entry of `address`; false if there was none.
  bool erase(ipv4_address address) noexcept {
    if (find(address) == nullptr) return false;
    std::size_t hole = locate(address);
    for (std::size_t at = next(hole); !slots_[at].address.is_unspecified(); at = next(at)) {
      // An entry may move back into the hole unless its home lies cyclically after the hole.
      const std::size_t from_home = distance(home(slots_[at].address), at);
      if (from_home >= distance(hole, at)) {
        slots_[hole] = slots_[at];
        hole = at;
      }
    }
    slots_[hole] = Entry{};
    --size_;
    return true;
  }

  /// Calls `visit(const Entry&)` for every entry, in no particular order; `visit` must not change the map.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const Entry& slot : slots_) {
      if (!slot.address.is_unspecified()) visit(slot);
    }
  }

 private:
  static constexpr std::size_t capacity_min = 8;  // a power of two, as every capacity

  // At most five eighths full: expected probes stay below 2 for a hit and below 4 for a miss.
  static constexpr bool fits(std::size_t count, std::size_t capacity) noexcept { return count * 8 <= capacity * 5; }

  // Multiplicative hashing: neighbouring addresses, the usual case, land evenly spread.
  std::size_t home(ipv4_address address) const noexcept {
    return static_cast<std::size_t>((std::uint64_t{address.bits()} * 0x9e3779b97f4a7c15U) >> shift_);
  }
  std::size_t next(std::size_t at) const noexcept { return (at + 1) & (slots_.size() - 1); }
  std::size_t distance(std::size_t from, std::size_t to) const noexcept { return (to - from) & (slots_.size() - 1); }

  // The slot of `address`, or the free slot where it would go. A free slot always exists.
  std::size_t locate(ipv4_address address) const noexcept {
    std::size_t at = home(address);
    while (slots_[at].address != address && !slots_[at].address.is_unspecified()) at = next(at);
    return at;
  }

  void rehash(std::size_t capacity) {
    std::vector<Entry> old(capacity);
    old.swap(slots_);
    shift_ = 64;
    for (std::size_t bits = capacity; bits > 1; bits /= 2) --shift_;
    for (const Entry& slot : old) {
      if (!slot.address.is_unspecified()) slots_[locate(slot.address)] = slot;
    }
  }

  std::vector<Entry> slots_;
  std::size_t size_{};
  unsigned shift_{64};
};

}  // namespace isat::inline v0::detail
