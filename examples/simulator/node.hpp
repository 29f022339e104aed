// SPDX-License-Identifier: BSL-1.0

// One simulated host with one speaker process at a time: its clocks, and the driver of a lease_machine as any host of
// the library would write it. What arrives while the process is descheduled waits, as in a socket. A crash ends the
// process and nothing that it has sent. It refuses to know faults and scenarios: it is told what happens to it.
#pragma once

#include "isat/election/lease_machine.hpp"
#include "judge.hpp"
#include "local_clock.hpp"
#include "mutable_rules.hpp"
#include "network.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace simulator {

/// What makes one candidate differ from another.
struct node_setup {
  isat::election::lease_timing timing;
  duration longest{};  ///< the longest lease duration of all candidates
  duration hold_off{};
  bool alone{};  ///< whether placement knows no other candidate
};

class node {
 public:
  using machine = isat::election::basic_lease_machine<mutable_rules>;

  node(node_number number, timeline& time, network& net, judge& watcher, mutant broken)
      : number_{number}, broken_{broken}, time_{time}, net_{net}, judge_{watcher} {}

  void set_up(const node_setup& setup, const local_clock& clock) {
    setup_ = setup;
    clock_ = clock;
    if (broken_ == mutant::steady_clock_only) clock_.use_steady_clock_only();
  }

  // ---- What happens to the process ----

  /// A process starts, unless there is one, with a random writer as every process has; later, if the host sleeps.
  void start(bool same_identity);
  /// The process after number `subject` starts, now or never, as the next one was asked for.
  void start_again(std::uint32_t subject);
  void start_later(instant at, bool same_identity);
  void crash();
  /// Becomes unwilling, and ends when nothing is left to do, or when it is told to give up.
  void stop();
  void give_up(std::uint32_t process);
  /// Placement changes its mind.
  void set_willing(bool willing);
  void hand_over();

  /// The process is descheduled until `until`; the host's clocks go on unless they are told otherwise.
  void deschedule(instant until);
  void resume(std::uint32_t subject);
  void end_pause();

  // ---- What happens to the host ----

  void suspend(instant until);
  void freeze(instant until);
  void slew(std::int64_t rate);
  void step_wall(duration by);

  // ---- What reaches the process ----

  void deliver(std::uint32_t subject);
  void wake(std::uint32_t subject);

  bool is_up() const noexcept { return machine_.has_value(); }
  bool is_stopping() const noexcept { return stopping_; }
  bool is_descheduled() const noexcept { return descheduled_until_ > time_.now; }
  std::uint32_t process() const noexcept { return process_; }
  const node_setup& setup() const noexcept { return setup_; }
  const machine* state() const noexcept { return machine_ ? &*machine_ : nullptr; }

 private:
  void handle(const message& one, const isat::lease_time& now);
  void tick(const isat::lease_time& now);
  void follow_up(const isat::lease_time& now);
  void publish();
  void tell(const isat::election::lease_event& event);
  void ask(const isat::election::lease_request& request);
  void arm(const isat::lease_time& now);
  void tell_clock();
  void end();

  node_number number_;
  mutant broken_;
  timeline& time_;
  network& net_;
  judge& judge_;
  node_setup setup_;
  local_clock clock_;

  std::optional<machine> machine_;
  isat::election::leadership answers_;  // what the data path goes by
  std::uint32_t process_ = 0;
  isat::election::node_id identity_{};
  bool stopping_ = false;
  bool same_identity_ = true;  // of the next process

  std::uint32_t timer_ = 0;
  bool timer_ended_ = false;  // while descheduled
  unsigned idle_wakes_ = 0;
  instant descheduled_until_{};
  isat::lease_time descheduled_at_;
  std::uint32_t pause_ = 0;
  bool clock_stopped_ = false;
  std::vector<std::uint32_t> inbox_;
};

}  // namespace simulator
