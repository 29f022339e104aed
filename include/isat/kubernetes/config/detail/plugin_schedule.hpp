// SPDX-License-Identifier: BSL-1.0

// When a credential plugin is run, and whether what it gave serves meanwhile, without a clock and without a plugin. It
// is run again a while before what it gave ends, beside those who ask; they wait for it only when there is nothing that
// still works. Runs that helped nothing (the plugin failed, or a server refused what it gave) are followed by pauses
// that double. It refuses to know what credentials are.
#pragma once

#include "isat/detail/backoff.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace isat::inline v0::kubernetes::detail {

/// What becomes of a question.
enum class plugin_answer : std::uint8_t {
  none = 0,
  given = 1,    ///< what the plugin gave last
  failure = 2,  ///< why it gave nothing
  later = 3,    ///< what the run that is going on will give, or the next one
};

/// The runs of one plugin. Both clocks are arguments: pauses are of the steady one, ends of credentials of the wall's.
class plugin_schedule {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using wall_time = std::chrono::system_clock::time_point;

  static constexpr std::chrono::nanoseconds slack_max = std::chrono::minutes{1};  ///< before an end; else a quarter
  static constexpr std::chrono::nanoseconds pause_first = std::chrono::seconds{1};
  static constexpr std::chrono::nanoseconds pause_max = std::chrono::seconds{30};
  static constexpr std::chrono::nanoseconds memory = std::chrono::minutes{1};  ///< for runs that helped nothing

  bool is_running() const noexcept { return is_running_; }

  /// What was given is neither refused nor over.
  bool is_usable(wall_time wall) const noexcept { return has_given_ && !is_refused_ && (!end_ || wall < *end_); }

  /// The plugin is to be run now. Never while it runs.
  bool is_due(time_point now, wall_time wall) const noexcept {
    return !is_running_ && now >= not_before_ && !(is_usable(wall) && (!renewal_ || wall < *renewal_));
  }

  /// What to tell who asks, after the run that was due has begun.
  plugin_answer answer(wall_time wall) const noexcept {
    if (is_usable(wall)) return plugin_answer::given;
    if (is_running_) return plugin_answer::later;
    // Within a pause. What a server has refused may be accepted now, and our clock may be wrong about an end.
    return has_failed_ ? plugin_answer::failure : plugin_answer::given;
  }

  void begin() noexcept { is_running_ = true; }

  /// The run has given credentials. @param end of them
  void succeed(time_point now, wall_time wall, std::optional<wall_time> end) noexcept {
    conclude(now, false);
    has_given_ = true;
    is_refused_ = false;
    end_ = end;
    renewal_.reset();
    if (!end) return;
    const std::chrono::nanoseconds left = std::max<std::chrono::nanoseconds>(*end - wall, {});
    const auto slack = std::min<std::chrono::nanoseconds>(left / 4, slack_max);
    renewal_ = *end - std::chrono::ceil<wall_time::duration>(slack);
    not_before_ = now + pause_first;  // for those that end soon
  }

  /// The run has given nothing.
  void fail(time_point now) noexcept { conclude(now, true); }

  /// The run was broken off; nothing is known.
  void abandon() noexcept { is_running_ = false; }

  /// A server refuses what was given last. Counts once for each run.
  void refuse(time_point now) noexcept {
    if (!has_given_ || is_refused_) return;
    is_refused_ = true;
    refused_ = now;
    if (is_running_) return;
    if (now - ended_ > memory) vain_ = 0;
    not_before_ = ended_ + pause();
    ++vain_;
  }

 private:
  void conclude(time_point now, bool has_failed) noexcept {
    const bool is_first = now - std::max(ended_, refused_) > memory;
    is_running_ = false;
    ended_ = now;
    has_failed_ = has_failed;
    not_before_ = now;
    if (!has_failed) return;
    vain_ = is_first ? 1 : std::max(vain_, 1U);
    not_before_ += pause();
    ++vain_;
  }

  // None, 1 s, 2 s, 4 s, ...
  std::chrono::nanoseconds pause() const noexcept {
    if (vain_ == 0) return {};
    return isat::detail::doubled(pause_first, vain_ - 1, pause_max);
  }

  static constexpr time_point long_ago = time_point{} - std::chrono::hours{1};

  bool is_running_ = false;
  bool has_given_ = false;
  bool is_refused_ = false;  // by a server, since it was given
  bool has_failed_ = false;  // the last run
  std::optional<wall_time> end_;
  std::optional<wall_time> renewal_;
  unsigned vain_ = 0;  // runs in a row that helped nothing, at least
  time_point ended_{long_ago};
  time_point refused_{long_ago};
  time_point not_before_{time_point::min()};
};

}  // namespace isat::inline v0::kubernetes::detail
