// SPDX-License-Identifier: BSL-1.0

// What the process may do: from its start on nothing but CAP_NET_RAW, and that in effect only while a packet socket is
// being opened. Interfaces appear at any time, so it stays permitted. Plain system calls on the calling thread: the
// daemon has no other.
#pragma once

#include <boost/system/error_code.hpp>

namespace speakerd {

/// Drops every capability but CAP_NET_RAW from the permitted, inheritable, ambient and, where possible, bounding set,
/// empties the effective set, and forbids gaining any by exec.
/// @throws failure with exit_code::os, which a working kernel never causes
void drop_privileges();

/// @throws failure with exit_code::no_permission and the remedies when no packet socket can be opened
void require_net_raw();

/// Puts CAP_NET_RAW into effect while it lives; without the permission it does nothing, and what needs it fails.
class raised_net_raw {
 public:
  raised_net_raw() noexcept;
  raised_net_raw(const raised_net_raw&) = delete;
  raised_net_raw& operator=(const raised_net_raw&) = delete;
  ~raised_net_raw();
};

}  // namespace speakerd
