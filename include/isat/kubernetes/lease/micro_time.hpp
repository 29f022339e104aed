// SPDX-License-Identifier: BSL-1.0

// Times as Kubernetes writes them where seconds are not enough: MicroTime, RFC 3339 in UTC with exactly six digits of
// fraction (any other number of them is refused by the API server). And the clock that renewals are dated by, which
// shows others that a record is alive. It refuses to be asked when a lease ends: no wall clock decides that.
// @see Kubernetes API reference, io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace isat::inline v0::kubernetes {

using micro_time = std::chrono::sys_time<std::chrono::microseconds>;

/// `2026-11-26T19:52:06.000001Z`. Years beyond 0000-9999 are not for this format.
inline std::string to_text(micro_time when) {
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss<std::chrono::microseconds> time{when - day};
  std::string text;
  const auto put = [&text](std::int64_t number, std::size_t digits, char after) {
    const std::string part = std::to_string(number);
    text.append(digits - std::min(part.size(), digits), '0');
    text += part + after;
  };
  put(static_cast<int>(date.year()), 4, '-');
  put(static_cast<unsigned>(date.month()), 2, '-');
  put(static_cast<unsigned>(date.day()), 2, 'T');
  put(time.hours().count(), 2, ':');
  put(time.minutes().count(), 2, ':');
  put(time.seconds().count(), 2, '.');
  put(time.subseconds().count(), 6, 'Z');
  return text;
}

/// Dates writes: by the wall clock as long as that goes forward, else by the time that has passed since the last date.
/// Candidates of other makes take a record whose date stands still for abandoned, whatever the wall clock did.
class writing_clock {
 public:
  /// The date of a write, always later than the one before. @param steady of a clock that cannot be set
  micro_time next(micro_time wall, std::chrono::nanoseconds steady) noexcept {
    const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(steady - last_steady_);
    const micro_time due = last_ + std::max(passed, std::chrono::microseconds{1});
    last_ = started_ ? std::max(wall, due) : wall;
    last_steady_ = steady;
    started_ = true;
    return last_;
  }

 private:
  micro_time last_;
  std::chrono::nanoseconds last_steady_{};
  bool started_ = false;
};

}  // namespace isat::inline v0::kubernetes
