// SPDX-License-Identifier: BSL-1.0

// What a driver remembers of how its store did lately: whether people are to be told that it fails, why, and that it
// answers again; and how long to wait before what failed is tried again. Sans-I/O, one per run of a store_driver. It
// refuses to conclude anything about records: the machines know nothing of it.
#pragma once

#include "isat/detail/backoff.hpp"
#include "isat/detail/mix.hpp"
#include "isat/error.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace isat::inline v0::election {

/// Kinds of operations of a store, as bits.
enum class store_task : std::uint8_t { none = 0, load = 1, cas = 2, list = 4, watch = 8 };

/// The state of one store, as its operations tell of it.
class store_health {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::nanoseconds;

  /// @param seed random: pauses differ by it
  explicit store_health(std::uint64_t seed) noexcept : random_{seed} {}

  /// An operation has ended. A store has failed until all that had failed is done again, or, of all but the watch,
  /// until something is done after a while without a failure. A watch that fails does so however well the rest works,
  /// and works again when it tells something.
  /// @return what is to be told: why it fails, at first and when the reason has become another one since it was told a
  ///   while ago; a code of success when it answers again; else nothing
  std::optional<error_code> note(store_task task, error_code error, time_point now) {
    count(task, error, now);
    const bool had_failed = failing_ != 0;
    const auto bit = static_cast<unsigned>(task);
    if (is_answer(error)) {
      const bool is_calm = now - failed_at_ >= calm_after;
      failing_ &= is_calm ? watch_bit & ~bit : ~bit;
      if (had_failed && failing_ == 0) return error_code{};
      return std::nullopt;
    }
    failing_ |= bit;
    failed_at_ = now;
    if (had_failed && (error == told_ || now - told_at_ < calm_after)) return std::nullopt;
    told_ = error;
    told_at_ = now;
    return error;
  }

  /// True if the store has failed.
  bool has_failed() const noexcept { return failing_ != 0; }

  /// How long to wait before a list and a watch that failed are tried again: longer each time, and not the same for
  /// everybody. @param asked how long the store asks not to be asked
  duration pause(duration asked) noexcept {
    const duration own = own_pause(list_failures_ > watch_failures_ ? list_failures_ : watch_failures_, pause_max);
    const duration wish = asked < pause_max ? asked : pause_max;
    return own > wish ? own : wish;
  }

  /// How long to wait, from `now` on, before a watch that has failed is asked for again. One that had lasted: not at
  /// all, since when it looks for itself what it watches is the store's business. One that failed at once: longer each
  /// time, yet shorter than a store goes on watching for nobody.
  /// @param asked when it was asked for
  duration watch_pause(time_point asked, time_point now) noexcept {
    return now - asked >= pause_min ? duration{0} : own_pause(watch_failures_, watch_pause_max);
  }

  static constexpr auto calm_after = std::chrono::seconds{5};
  static constexpr duration pause_min = std::chrono::milliseconds{200};
  static constexpr duration pause_max = std::chrono::seconds{5};
  static constexpr duration watch_pause_max = std::chrono::milliseconds{700};  // and a quarter more

 private:
  static constexpr auto watch_bit = static_cast<unsigned>(store_task::watch);
  // Watches that fail at least so long after each other are no row: in between one was waited with.
  static constexpr auto apart = 2 * calm_after;

  // An unknown outcome told by the store itself is an answer: a successor was faster than its second look.
  static bool is_answer(const error_code& error) noexcept {
    return !error || error == isat::error::version_conflict || error == isat::error::outcome_unknown;
  }

  duration own_pause(unsigned failures, duration longest) noexcept {
    return detail::spread(detail::doubled(pause_min, failures > 0 ? failures - 1 : 0, longest), random_.next());
  }

  // Each by itself: a list may be done while no watch is, and a watch that waits tells nothing of itself.
  void count(store_task task, const error_code& error, time_point now) noexcept {
    if (task == store_task::list) list_failures_ = error ? list_failures_ + 1 : 0;
    if (task != store_task::watch) return;
    if (!error || now - watch_failed_at_ >= apart) watch_failures_ = 0;
    if (!error) return;
    ++watch_failures_;
    watch_failed_at_ = now;
  }

  detail::id_sequence random_;
  unsigned failing_ = 0;  // kinds of operations that the store has not done lately
  time_point failed_at_;
  error_code told_;  // the reason that was told last
  time_point told_at_;
  unsigned list_failures_ = 0;
  unsigned watch_failures_ = 0;
  time_point watch_failed_at_;
};

}  // namespace isat::inline v0::election
