// SPDX-License-Identifier: BSL-1.0

// What is known of one network interface, and how it changed: the values that the link monitor speaks in and that a
// transport is opened with. They are snapshots of what the kernel said last, so any of it may be out of date by the
// time it is used; nothing here looks at the kernel. They refuse to say anything of addresses above Ethernet.
#pragma once

#include "isat/address.hpp"

#include <optional>
#include <string>

namespace isat::inline v0::transport {

/// One network interface as the kernel last described it.
struct link_state {
  unsigned index{};    ///< the kernel's number for it, above 0 and not used again soon after it is gone
  std::string name;    ///< at most 15 octets
  mac_address mac;     ///< zero unless `ethernet`
  bool up{};           ///< set up by the administrator
  bool carrier{};      ///< frames can pass: up, plugged in, and not held back by 802.1X or the like
  bool ethernet{};     ///< frames have Ethernet headers; false for loopback and tunnels
  bool loopback{};     ///< `lo`
  bool bridge_port{};  ///< enslaved to a bridge, so that a packet socket on it receives nothing

  friend bool operator==(const link_state&, const link_state&) = default;
};

/// One observable change of one interface. A rename is two of them: the old name is gone, the new one has appeared.
struct link_change {
  std::optional<link_state> before;  ///< none: the interface has appeared
  std::optional<link_state> after;   ///< none: the interface is gone

  bool appeared() const noexcept { return !before.has_value(); }
  bool gone() const noexcept { return !after.has_value(); }
  /// The state to speak of: the new one, or the last one of an interface that is gone. @pre before or after is there
  const link_state& link() const noexcept { return after ? *after : *before; }

  /// True when the interface sends and hears frames now and did not before, or did with another MAC: the moment at
  /// which neighbours and switches have to be told anew.
  bool needs_announcement() const noexcept {
    if (!after || !after->carrier) return false;
    return !before || !before->carrier || before->mac != after->mac;
  }

  friend bool operator==(const link_change&, const link_change&) = default;
};

}  // namespace isat::inline v0::transport
