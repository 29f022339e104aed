// SPDX-License-Identifier: BSL-1.0

// The conduct of the processes that contend for one lease: what they write, ask for and conclude, beside who answers
// (entitlement.hpp). It keeps what each process has been told, by its own bookkeeping, and compares what that process
// does. It refuses to judge a process by what it could not know.
#pragma once

#include "entitlement.hpp"
#include "stored_record.hpp"
#include "verdict.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

namespace simulator {

/// The most requests that a machine may make within a second. A load follows a load after 50 ms at the earliest (20),
/// and so does a write after a conflict, which needs a load; after a refusal or a time-out everything pauses for 37.5
/// ms at least, during which one hedge may go out (2 x 27); a write that succeeds is followed by another one after a
/// renewal period at the earliest.
inline constexpr unsigned requests_max = 74;

/// Counts requests by the second.
class rate_meter {
 public:
  /// @return how many there were in this second, this one included
  unsigned count(instant now, tally& counts) noexcept {
    if (now - second_ >= std::chrono::seconds{1}) {
      second_ = now;
      requests_ = 0;
    }
    if (++requests_ > counts.requests_peak) counts.requests_peak = requests_;
    return requests_;
  }

 private:
  instant second_{};
  unsigned requests_ = 0;
};

/// What must hold of the records themselves, whoever writes them: terms of one lease rise with every new leadership,
/// unless the record was changed by hand in between.
class term_watch final : public write_observer {
 public:
  explicit term_watch(verdict& result) : verdict_{result} {}

  void on_written(node_number node, record_number record, const stored& before, const stored& after) override;

 private:
  verdict& verdict_;
};

class judge {
 public:
  using lease_claim = isat::election::lease_claim;
  using lease_request = isat::election::lease_request;
  using lease_sight = isat::election::lease_sight;
  using version = isat::election::version;

  /// @param longest the longest lease duration in this run
  judge(timeline& time, verdict& result, const std::deque<entitlement>& answering, const stored_record& record,
        std::size_t nodes, duration longest)
      : time_{time}, verdict_{result}, answering_{answering}, record_{record}, longest_{longest}, nodes_(nodes) {}

  void on_process(node_number node, std::uint64_t writer);

  /// A machine has begun a term; or has lost one by a conflict, which is excused if its network duplicates requests.
  void on_gain(node_number node, std::uint64_t term);
  void on_conflict_loss(node_number node, bool excused);

  /// A node is given a sight, before its machine is; and afterwards. `confirmed`: by a response.
  void on_received(node_number node, const lease_sight& sight, bool confirmed);
  void on_handled(node_number node);

  void on_request(node_number node, const lease_request& request);

  /// The rival writes over `before`, which it took for expired.
  void on_rival_takeover(const stored& before);

 private:
  struct watched_node {
    std::uint64_t writer{};
    std::uint64_t last_gained_term{};
    std::uint64_t seen_term{};
    std::uint64_t asked_term{};
    std::uint64_t asked_attempt{};
    std::uint64_t asked_incarnation{};
    version own;                     ///< the newest that it knows to be its own
    version foreign;                 ///< the newest that it has read and that names another
    std::array<version, 2048> seen;  ///< by number; that of nothing is known to all
    rate_meter rate;
  };

  static bool has_seen(const watched_node& one, const version& at) noexcept;

  timeline& time_;
  verdict& verdict_;
  const std::deque<entitlement>& answering_;  // the first one
  const stored_record& record_;
  duration longest_;
  std::vector<watched_node> nodes_;
};

}  // namespace simulator
