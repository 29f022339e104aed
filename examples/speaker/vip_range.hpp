// SPDX-License-Identifier: BSL-1.0

// The VIPs that one value of `vip` stands for: an address, a range A-B or a block in CIDR notation, each including its
// first and its last address. Reading refuses what can never be a VIP; it does not expand anything.
#pragma once

#include "isat/address.hpp"
#include "setting.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace speakerd {

/// Addresses `first` to `last`, both included.
struct vip_range {
  isat::ipv4_address first;
  isat::ipv4_address last;
  std::string text;  ///< as it was written

  std::size_t count() const noexcept { return std::size_t{last.bits() - first.bits()} + 1; }
  /// The address after `offset` others. @pre offset < count()
  isat::ipv4_address at(std::size_t offset) const noexcept {
    return isat::ipv4_address{first.bits() + static_cast<std::uint32_t>(offset)};
  }
  bool contains(isat::ipv4_address address) const noexcept { return first <= address && address <= last; }
};

/// The most addresses that one range may have, and all of them together.
inline constexpr std::size_t range_max = 65'536;
inline constexpr std::size_t vips_max = 1'048'576;

/// Reads every value; refuses impossible addresses, and an address that is named twice, also by two ranges.
/// @throws failure with the exit code of the value's origin
std::vector<vip_range> parse_vips(std::span<const setting> values);

/// The number of addresses in all `ranges`.
std::size_t count_vips(std::span<const vip_range> ranges) noexcept;

}  // namespace speakerd
