// SPDX-License-Identifier: BSL-1.0

// When announcements are sent after a takeover: the offsets at which each VIP is announced, and the pace that keeps ten
// thousand VIPs from bursting a queue. Pure configuration for the announcer.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

namespace isat::inline v0::announce {

/// The offsets and the pace of announcements on one interface.
struct schedule {
  /// Time from the takeover to each announcement, rising. The late ones are for neighbours that were busy or whose
  /// entry was locked (old Linux kernels ignore an update within 1 s of the last one).
  std::vector<std::chrono::milliseconds> offsets{std::chrono::milliseconds{0},    std::chrono::milliseconds{100},
                                                 std::chrono::milliseconds{500},  std::chrono::milliseconds{1100},
                                                 std::chrono::milliseconds{2200}, std::chrono::milliseconds{5000}};

  std::size_t burst = 128;  ///< frames per `window`, at least 1; windows are fixed, so two bursts may touch
  std::chrono::nanoseconds window = std::chrono::milliseconds{1};  ///< how long a burst counts
};

}  // namespace isat::inline v0::announce
