// SPDX-License-Identifier: BSL-1.0

// What announce::announcer should do, written as plainly as possible: one list of VIPs in the order of their starts,
// searched from the front for every single announcement. Tests compare the two; nothing here is clever or fast.
#pragma once

#include "isat/announce/announcer.hpp"
#include "readings.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace isat::test {

/// The naive model.
class naive_announcer {
 public:
  struct step_result {
    std::vector<announce::announcement> sent;
    std::optional<std::chrono::nanoseconds> wake_at;
  };

  explicit naive_announcer(announce::schedule when) : schedule_{std::move(when)} {}

  std::size_t size() const { return jobs_.size(); }

  void start(ipv4_address address, group_id group, std::chrono::nanoseconds now) {
    stop(address);
    if (!schedule_.offsets.empty()) jobs_.push_back({address, group, now});
  }

  void stop(ipv4_address address) {
    std::erase_if(jobs_, [&](const job& each) { return each.address == address; });
  }

  step_result step(std::chrono::nanoseconds now, const election::leadership_table& leaderships, std::size_t room) {
    if (now - window_start_ >= schedule_.window) {
      window_start_ = now;
      left_ = schedule_.burst;
    }
    step_result result;
    for (auto next = first_due(now); next != jobs_.end(); next = first_due(now)) {
      if (!leaderships.leads(next->group, reading(now))) {
        jobs_.erase(next);
      } else if (left_ == 0) {
        result.wake_at = window_start_ + schedule_.window;
        return result;
      } else if (result.sent.size() == room) {
        result.wake_at = now;
        return result;
      } else {
        --left_;
        const auto form = next->round % 2 == 0 ? wire::announcement_form::request : wire::announcement_form::reply;
        result.sent.push_back({next->address, next->group, form});
        if (++next->round == 2 * schedule_.offsets.size()) jobs_.erase(next);
      }
    }
    for (const job& each : jobs_) result.wake_at = std::min(result.wake_at.value_or(due(each)), due(each));
    return result;
  }

 private:
  struct job {
    ipv4_address address;
    group_id group;
    std::chrono::nanoseconds started;
    std::size_t round = 0;
  };

  std::chrono::nanoseconds due(const job& of) const { return of.started + schedule_.offsets[of.round / 2]; }

  // Of the jobs that are due, the one in the earliest round; among those the one that was started first.
  std::vector<job>::iterator first_due(std::chrono::nanoseconds now) {
    auto found = jobs_.end();
    for (auto each = jobs_.begin(); each != jobs_.end(); ++each) {
      if (due(*each) <= now && (found == jobs_.end() || each->round < found->round)) found = each;
    }
    return found;
  }

  announce::schedule schedule_;
  std::vector<job> jobs_;
  std::chrono::nanoseconds window_start_{};
  std::size_t left_{};
};

}  // namespace isat::test
