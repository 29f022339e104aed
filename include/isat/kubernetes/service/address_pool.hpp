// SPDX-License-Identifier: BSL-1.0

// The addresses that an assigner may give to Services: ranges, as a sorted set. The claims on them are kept in records
// of 256 addresses each, the blocks. It refuses to know what is claimed and how ranges are written.
#pragma once

#include "isat/address.hpp"
#include "isat/responder/vip_table.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace isat::inline v0::kubernetes {

/// Addresses from `first` to `last`, both included.
struct address_range {
  ipv4_address first;
  ipv4_address last;

  friend constexpr bool operator==(const address_range&, const address_range&) noexcept = default;
};

/// A set of addresses. What can be no VIP (responder::can_be_vip) is not in it, whatever the ranges say.
class address_pool {
 public:
  /// Ranges may overlap; one that ends before it begins is empty.
  explicit address_pool(std::vector<address_range> ranges = {}) {
    std::ranges::sort(ranges, {}, [](const address_range& each) { return each.first; });
    for (const address_range& each : ranges) {
      if (each.last < each.first) continue;
      if (!ranges_.empty() && each.first.bits() <= end_of(ranges_.back())) {
        ranges_.back().last = std::max(ranges_.back().last, each.last);
      } else {
        ranges_.push_back(each);
      }
    }
  }

  bool empty() const noexcept { return !next({}).has_value(); }
  /// Addresses between the ends of its ranges.
  std::uint64_t size() const noexcept {
    std::uint64_t sum = 0;
    for (const address_range& each : ranges_) sum += end_of(each) - each.first.bits();
    return sum;
  }
  const std::vector<address_range>& ranges() const noexcept { return ranges_; }

  bool contains(ipv4_address address) const noexcept { return next(address) == address; }

  /// The first address of the pool that is not before `from`.
  std::optional<ipv4_address> next(ipv4_address from) const noexcept {
    for (const address_range& each : ranges_) {
      std::uint64_t at = std::max(each.first, from).bits();
      while (at <= each.last.bits() && !responder::can_be_vip(ipv4_address{static_cast<std::uint32_t>(at)})) ++at;
      if (at <= each.last.bits()) return ipv4_address{static_cast<std::uint32_t>(at)};
    }
    return std::nullopt;
  }

  /// The first address of the block in which `address` lies.
  static constexpr ipv4_address block_of(ipv4_address address) noexcept {
    return ipv4_address{address.bits() & ~std::uint32_t{0xff}};
  }

  /// The blocks in which addresses of the pool lie, in order.
  std::vector<ipv4_address> blocks() const {
    std::vector<ipv4_address> found;
    std::optional<ipv4_address> at = next({});
    while (at) {
      found.push_back(block_of(*at));
      if (found.back().bits() == ~std::uint32_t{0xff}) break;
      at = next(ipv4_address{found.back().bits() + 0x100});
    }
    return found;
  }

 private:
  // The address after it, which may be none.
  static constexpr std::uint64_t end_of(const address_range& range) noexcept {
    return std::uint64_t{range.last.bits()} + 1;
  }

  std::vector<address_range> ranges_;  // sorted, apart from each other
};

}  // namespace isat::inline v0::kubernetes
