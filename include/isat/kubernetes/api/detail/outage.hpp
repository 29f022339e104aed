// SPDX-License-Identifier: BSL-1.0

// Knows when API servers are back: requests failed for a while, and none was answered well in between. One request that
// fails among others that do not is no outage, and what is refused to who asks (401, 403, 429) is neither a failure nor
// answered well: a server that starts refuses so, too. Sans-I/O: the client tells how each other request went, and
// hands on what this says. It refuses to know servers and reasons.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

class outage {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// @param least time that counts, from the first failure to the first success
  explicit outage(std::chrono::nanoseconds least) noexcept : least_{least} {}

  void on_failure(time_point now) noexcept {
    if (!since_) since_ = now;
  }
  /// @return true if this is the end of one
  bool on_success(time_point now) noexcept {
    const auto since = std::exchange(since_, std::nullopt);
    return since && now - *since >= least_;
  }

 private:
  std::chrono::nanoseconds least_;
  std::optional<time_point> since_;
};

}  // namespace isat::inline v0::kubernetes::detail
