// SPDX-License-Identifier: BSL-1.0

// One run: nodes, a rival, the store and the ways between them, and the loop that takes events in the order of true
// time and gives each to whom it concerns. Everything in it follows from a setup and a seed. It refuses to decide what
// goes wrong: it is a stage on which troubles happen as they are told.
#pragma once

#include "judge.hpp"
#include "network.hpp"
#include "node.hpp"
#include "rival.hpp"
#include "stored_record.hpp"
#include "trouble.hpp"

#include <cstdint>
#include <deque>

namespace simulator {

/// What a run consists of.
struct world_setup {
  std::uint64_t seed{};
  node_number nodes = 3;
  isat::election::lease_timing timing;
  bool mixed_durations{};  ///< each node has a duration of its own
  bool tombstones{};       ///< how the store keeps what was removed
  bool proves_deaths{};    ///< one host: the store tells that a writer's process has ended
  bool alone{};            ///< each node believes to be the only candidate
  bool rates_at_limit{};   ///< raw clocks go at the limits of what is promised
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
  judge& watcher() noexcept { return judge_; }
  node& at(node_number number) noexcept { return nodes_[number]; }
  std::uint64_t events() const noexcept { return events_; }

  /// The longest hold-off of a candidate.
  duration hold_off_max() const noexcept;

 private:
  void happen_to_process(const trouble& what);
  void happen_to_host(const trouble& what);
  void happen_to_link(const trouble& what);
  void happen_to_watch(const trouble& what);
  void happen_to_store(const trouble& what);
  void happen_to_rival(const trouble& what);
  void edit(const trouble& what);
  void restore(const trouble& what);
  void heal();
  void handle(const event& next);

  world_setup setup_;
  duration longest_;
  timeline time_;
  stored_record record_;
  judge judge_;
  network net_;
  std::deque<node> nodes_;
  rival rival_;
  instant silent_until_{};  // after a restore, nobody who relies on what is gone is entitled any more
  instant end_{};
  std::uint64_t events_ = 0;
};

}  // namespace simulator
