// SPDX-License-Identifier: BSL-1.0

// Finds out that a watch is dead although its connection lives: versions that are known from writes and reads must come
// by it, too. Sans-I/O. It refuses to judge by silence alone: where nothing is written nothing comes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace isat::inline v0::kubernetes::detail {

class watch_progress {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  static constexpr auto patience = std::chrono::seconds{2};

  /// The watch has told everything up to `version`.
  void told(std::uint64_t version) noexcept { told_ = std::max(told_, version); }

  /// `version` is known otherwise, and the watch owes it.
  void owes(std::uint64_t version, time_point now) noexcept {
    if (version <= told_ || (owed_ > told_ && owed_ != 0)) return;
    owed_ = version;
    since_ = now;
  }

  /// True if the watch has owed something for too long; then it has as long again.
  bool is_dead(time_point now) noexcept {
    if (owed_ <= told_ || now - since_ < patience) return false;
    since_ = now;
    return true;
  }

  /// Another watch begins, with a list: nothing has been told, and nothing is owed.
  void begin() noexcept { *this = {}; }

 private:
  std::uint64_t told_ = 0;
  std::uint64_t owed_ = 0;
  time_point since_;
};

}  // namespace isat::inline v0::kubernetes::detail
