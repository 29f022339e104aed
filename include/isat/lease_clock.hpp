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
  static lease_time now() noexcept {
    // MONOTONIC first: a suspend between the readings then adds to the time suspended, which only makes a holder stop
    // earlier.
    const auto monotonic = read(CLOCK_MONOTONIC);
    const auto raw = read(CLOCK_MONOTONIC_RAW);
    const auto boot = read(CLOCK_BOOTTIME);
    const auto real = read(CLOCK_REALTIME);
    return {boot, raw, boot - monotonic, real - boot};
  }

 private:
  static std::chrono::nanoseconds read(clockid_t clock) noexcept {
    timespec time{};
    ::clock_gettime(clock, &time);  // cannot fail: the clocks exist since Linux 2.6.39
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
  }
};

}  // namespace isat::inline v0
