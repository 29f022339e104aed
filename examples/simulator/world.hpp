// SPDX-License-Identifier: BSL-1.0

// One run: nodes, a rival, the store and the ways between them, and the loop that takes events in the order of true
// time and gives each to whom it concerns. Everything in it follows from a setup and a seed. It refuses to decide what
// goes wrong: it is a stage on which troubles happen as they are told.
#pragma once

#include "entitlement.hpp"
#include "host.hpp"
#include "isat/election/lease_rules.hpp"
#include "judge.hpp"
#include "network.hpp"
#include "rival.hpp"
#include "stored_record.hpp"
#include "trouble.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace simulator {

/// What a run consists of.
struct world_setup {
  std::uint64_t seed{};
  node_number nodes = 3;
  isat::election::lease_timing timing;
  bool speakers{};  ///< they elect by a layout; else all contend for one lease
  duration layout_validity = std::chrono::seconds{3};
  std::size_t first_wish = 0;
  bool own_groups{};  ///< each VIP may be wished to be a group of its own, and nodes may be without a VIP
  bool rebalances{};
  duration litter_age = isat::election::lease_rules::litter_age();
  bool mixed_durations{};                               ///< each node has a duration of its own
  bool tombstones{};                                    ///< how the store keeps what was removed
  bool proves_deaths{};                                 ///< one host: the store tells that a writer's process has ended
  duration start_gap = std::chrono::milliseconds{200};  ///< between the first starts of two nodes
  bool alone{};                                         ///< each node believes to be the only candidate
  bool rates_at_limit{};                                ///< raw clocks go at the limits of what is promised
  rival_timing rival = rival_slow;
  mutant broken{};
  bool live_trace{};
};

/// Decides what happens next. Asked at the start, and whenever what it said has happened.
class weather {
 public:
  virtual ~weather() = default;

  /// Does what is due, and says when it wants to be asked again.
  virtual instant go_on(class world& stage) = 0;
};

class world {
 public:
  explicit world(const world_setup& setup);

  /// Lets time pass until `end`, or until an invariant is violated, or until the weather has ended the run. To be
  /// called once.
  void run(weather& sky, instant end);
  void end_run() noexcept { end_ = time_.now; }

  /// Makes a trouble happen now.
  void happen(const trouble& what);

  const world_setup& setup() const noexcept { return setup_; }
  duration longest() const noexcept { return longest_; }
  timeline& time() noexcept { return time_; }
  /// Who may answer for the lease, or for each VIP.
  std::deque<entitlement>& answering() noexcept { return answering_; }
  record_number records() const noexcept { return static_cast<record_number>(records_.size()); }
  const verdict& result() const noexcept { return verdict_; }
  std::uint64_t events() const noexcept { return events_; }

  /// The longest hold-off of a candidate.
  duration hold_off_max() const noexcept;

  /// What speakers may wish for, by number.
  isat::election::layout wish(std::size_t number) const noexcept;
  std::size_t wishes() const noexcept { return setup_.own_groups ? 6 : 5; }
  static constexpr std::size_t wish_of_own_groups = 5;

 private:
  void happen_to_process(const trouble& what);
  void happen_to_host(const trouble& what);
  void happen_to_link(const trouble& what);
  void happen_to_watch(const trouble& what);
  void happen_to_store(const trouble& what);
  void happen_to_rival(const trouble& what);
  void add_node(node_number number);
  isat::election::lease_claim edited(const trouble& what);
  isat::election::layout_claim edited_layout(const trouble& what);
  void edit(const trouble& what);
  void touch(const trouble& what);
  void restore(const trouble& what);
  void heal();
  void excuse_newcomer(node_number number);
  void handle(const event& next);

  world_setup setup_;
  duration longest_;
  timeline time_;
  record_store records_;
  verdict verdict_;
  std::deque<entitlement> answering_;
  judge judge_;
  term_watch terms_;
  network net_;
  std::vector<std::unique_ptr<host>> nodes_;
  rival rival_;
  instant silent_until_{};      // after a restore, nobody who relies on what is gone is entitled any more
  instant unknowable_until_{};  // an old layout was put back: who starts cannot know that it is over
  instant end_{};
  std::uint64_t events_ = 0;
};

}  // namespace simulator
