// SPDX-License-Identifier: BSL-1.0

// Takes readings of the lease clock from the kernel: the only place of the data path that asks what time it is.
// What a reading means, and how two compare, is in clock.hpp (core).
#pragma once

#include "isat/clock.hpp"

#include <chrono>
#include <ctime>

namespace isat::inline v0 {

/// The lease clock of this host.
struct lease_clock {
  /// A reading of CLOCK_BOOTTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW and CLOCK_REALTIME; no system call where the
  /// vDSO serves them.
  static lease_time now() noexcept { return now_by(read); }

  /// The same, of clocks that `read(clockid_t)` reads. Where a process is held up between two clocks, the later ones
  /// are too late, and a deadline that is counted from there would be, too: then all are read again.
  template <class Read>
  static lease_time now_by(Read read) {
    std::chrono::nanoseconds monotonic = read(CLOCK_MONOTONIC);
    for (int reads = 1;; ++reads) {
      const std::chrono::nanoseconds raw = read(CLOCK_MONOTONIC_RAW);
      const std::chrono::nanoseconds boot = read(CLOCK_BOOTTIME);
      const std::chrono::nanoseconds real = read(CLOCK_REALTIME);
      // Stands still in suspend: one between the clocks is seen by the next reading, or told by this one.
      const std::chrono::nanoseconds after = read(CLOCK_MONOTONIC);
      if (after - monotonic <= spread_max || reads == reads_max) return {boot, raw, boot - monotonic, real - boot};
      monotonic = after;
    }
  }

  /// How long reading all clocks may take: little beside the margin of a lease. Longer ones are repeated, but a process
  /// that is always held up gets the last of them.
  static constexpr std::chrono::nanoseconds spread_max = std::chrono::milliseconds{1};
  static constexpr int reads_max = 8;

 private:
  static std::chrono::nanoseconds read(clockid_t clock) noexcept {
    timespec time{};
    ::clock_gettime(clock, &time);  // cannot fail: the clocks exist since Linux 2.6.39
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
  }
};

}  // namespace isat::inline v0
