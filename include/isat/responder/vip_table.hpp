// SPDX-License-Identifier: BSL-1.0

// The VIPs that the speaker answers for while it leads: address -> (group, interfaces). Sources fill it, the responder
// looks every request up in it, the announcer learns from it what to announce. One look-up per question whatever the
// number of VIPs, no allocation on look-up. It refuses to know who leads.
#pragma once

#include "isat/address.hpp"
#include "isat/detail/address_map.hpp"
#include "isat/election/leadership.hpp"

#include <cassert>
#include <cstddef>
#include <cstdint>

namespace isat::inline v0 {

/// An announcing interface, by the slot that the speaker gave it: 0 .. interface_max - 1, reused when one goes.
enum class interface_id : std::uint8_t {};

/// The most interfaces on which one speaker can announce at a time.
inline constexpr std::size_t interface_max = 64;

/// A set of announcing interfaces.
class interface_set {
 public:
  constexpr interface_set() noexcept = default;
  static constexpr interface_set all() noexcept { return interface_set{~std::uint64_t{0}}; }
  static constexpr interface_set only(interface_id interface) noexcept { return interface_set{bit(interface)}; }

  constexpr bool contains(interface_id interface) const noexcept { return (bits_ & bit(interface)) != 0; }
  constexpr void insert(interface_id interface) noexcept { bits_ |= bit(interface); }
  constexpr void erase(interface_id interface) noexcept { bits_ &= ~bit(interface); }

  friend constexpr bool operator==(interface_set, interface_set) noexcept = default;

 private:
  constexpr explicit interface_set(std::uint64_t bits) noexcept : bits_{bits} {}
  static constexpr std::uint64_t bit(interface_id interface) noexcept {
    assert(static_cast<std::size_t>(interface) < interface_max);
    return std::uint64_t{1} << static_cast<unsigned>(interface);
  }
  std::uint64_t bits_{};
};

}  // namespace isat::inline v0

namespace isat::inline v0::responder {

/// A virtual IP address: what is answered for, in which group it moves, and where it is announced.
struct vip {
  ipv4_address address;
  group_id group{};
  interface_set interfaces = interface_set::all();

  friend constexpr bool operator==(const vip&, const vip&) noexcept = default;
};

static_assert(sizeof(vip) == 16, "four VIPs share a cache line");

/// False for the addresses that no host can own: 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/4 and 255.255.255.255.
/// @see RFC 1122, section 3.2.1.3
constexpr bool can_be_vip(ipv4_address address) noexcept {
  return address.bits() >> 24 != 0 && !address.is_loopback() && !address.is_multicast() && !address.is_broadcast();
}

/// All VIPs of a speaker. One thread of control.
class vip_table {
 public:
  std::size_t size() const noexcept { return vips_.size(); }
  bool empty() const noexcept { return vips_.size() == 0; }

  /// Makes room for `count` VIPs (about 26 to 51 octets each).
  void reserve(std::size_t count) { vips_.reserve(count); }

  /// Adds `added` or replaces the VIP with its address; true if it is new. @pre can_be_vip(added.address)
  bool add(const vip& added) { return vips_.insert(added); }

  /// Removes a VIP; false if there was none.
  bool remove(ipv4_address address) noexcept { return vips_.erase(address); }

  /// The VIP with this address, or null. The pointer is valid until the table changes.
  const vip* find(ipv4_address address) const noexcept { return vips_.find(address); }

  /// The same, but only if it is announced on `interface`.
  const vip* find(ipv4_address address, interface_id interface) const noexcept {
    const vip* found = vips_.find(address);
    return found != nullptr && found->interfaces.contains(interface) ? found : nullptr;
  }

  /// Calls `visit(const vip&)` for every VIP, in no particular order; `visit` must not change the table.
  template <class Visit>
  void for_each(Visit visit) const {
    vips_.for_each(visit);
  }

 private:
  detail::address_map<vip> vips_;
};

}  // namespace isat::inline v0::responder
