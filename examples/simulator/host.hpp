// SPDX-License-Identifier: BSL-1.0

// One simulated host with one process at a time: its clocks, its ups and downs, and what reaches it. What arrives while
// the process is descheduled waits, as in a socket; a crash ends the process and nothing that it has sent. What the
// process is, derived classes say: a lone lease machine (lease_node.hpp) or a whole speaker's election
// (speaker_node.hpp). It refuses to know faults and scenarios: it is told what happens to it.
#pragma once

#include "isat/election/layout.hpp"
#include "isat/election/lease_timing.hpp"
#include "local_clock.hpp"
#include "mutant.hpp"
#include "network.hpp"
#include "verdict.hpp"

#include <cstdint>
#include <vector>

namespace simulator {

/// What makes one candidate differ from another.
struct host_setup {
  isat::election::lease_timing timing;
  duration longest{};           ///< the longest lease duration of all candidates
  duration hold_off{};          ///< of a lone lease machine
  bool alone{};                 ///< whether a lone lease machine knows no other candidate
  isat::election::layout wish;  ///< of a speaker, likewise the next three
  duration layout_validity{};
  bool rebalances{};
  duration litter_age{};
};

class host {
 public:
  host(node_number number, timeline& time, network& net, verdict& result, mutant broken)
      : number_{number}, broken_{broken}, time_{time}, net_{net}, verdict_{result} {}
  host(const host&) = delete;
  host& operator=(const host&) = delete;
  virtual ~host() = default;

  void set_up(const host_setup& setup, const local_clock& clock);
  void set_wish(const isat::election::layout& wish) noexcept { setup_.wish = wish; }

  // ---- What happens to the process ----

  /// A process starts, unless there is one, with a random writer as every process has; later, if the host sleeps.
  void start(bool same_identity);
  void start_later(instant at, bool same_identity);
  /// The process after number `subject` starts, now or never, as the next one was asked for.
  void start_again(std::uint32_t subject);
  void crash();
  /// Becomes unwilling, and ends when nothing is left to do, or when it is told to give up.
  void stop();
  void give_up(std::uint32_t subject);
  /// It is told whether it may lead.
  void set_willing(bool willing);
  void hand_over();
  /// It is without this VIP until then.
  void shun(std::uint32_t vip, instant until);

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

  bool is_up() const noexcept { return is_up_; }
  bool is_stopping() const noexcept { return stopping_; }
  bool is_descheduled() const noexcept { return descheduled_until_ > time_.now; }
  std::uint32_t process() const noexcept { return process_; }
  const host_setup& setup() const noexcept { return setup_; }
  /// By which records know its present process.
  virtual isat::election::node_id name() const noexcept = 0;

 protected:
  /// A process begins; its first candidacy follows.
  virtual void begin(bool same_identity) = 0;
  /// It has ended, and answers no more.
  virtual void discard() = 0;
  virtual void take(const message& one, const isat::lease_time& now) = 0;
  virtual void tick(const isat::lease_time& now) = 0;
  virtual void want(bool willing, const isat::lease_time& now) = 0;
  virtual void give_away(const isat::lease_time& now) = 0;
  virtual void leave_out(std::uint32_t /*vip*/, instant /*until*/) {}
  virtual void retire(const isat::lease_time& now) = 0;
  /// Does what the machine wants done: first what the data path goes by, then everything else.
  virtual void carry_out(const isat::lease_time& now) = 0;
  virtual bool has_retired() const = 0;
  virtual duration wake_in(const isat::lease_time& now) const = 0;
  /// The host's clock has changed, or stops until this instant with all that hangs on it.
  virtual void on_clock() = 0;
  virtual void on_frozen(instant until) = 0;

  const node_number number_;
  const mutant broken_;
  timeline& time_;
  network& net_;
  verdict& verdict_;
  host_setup setup_;
  local_clock clock_;

 private:
  void follow_up(const isat::lease_time& now);
  void arm(const isat::lease_time& now);
  void end_timer();
  void end();

  bool is_up_ = false;
  bool is_willing_ = true;
  std::uint32_t process_ = 0;
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
