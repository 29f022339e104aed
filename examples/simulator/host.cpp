// SPDX-License-Identifier: BSL-1.0

#include "host.hpp"

#include <utility>

namespace simulator {

using isat::lease_time;

using namespace std::chrono_literals;

namespace {

/// A machine that wants to be woken at once so often in a row, and is no further, makes no progress.
constexpr unsigned idle_wakes_max = 8;

}  // namespace

void host::set_up(const host_setup& setup, const local_clock& clock) {
  setup_ = setup;
  clock_ = clock;
  if (broken_ == mutant::steady_clock_only) clock_.use_steady_clock_only();
}

// ---- The process ----

void host::start(bool same_identity) {
  if (is_up()) return;
  if (is_descheduled()) return start_later(descheduled_until_ + 1ms, same_identity);
  ++process_;
  is_up_ = true;
  stopping_ = timer_ended_ = false;
  begin(same_identity);
  net_.begin_watch(number_, process_);
  set_willing(true);
}

void host::start_later(instant at, bool same_identity) {
  same_identity_ = same_identity;
  time_.queue.push(at, event_kind::start, number_, process_);
}

void host::start_again(std::uint32_t subject) {
  if (subject == process_) start(same_identity_);
}

void host::end() {
  is_up_ = false;
  net_.end_watch(number_);
  time_.trace.note({time_.now, trace_kind::ended, number_, {}, {}, {}, {}});
  discard();
}

void host::crash() {
  if (is_up()) end();
}

void host::stop() {
  if (!is_up() || is_descheduled()) return;
  stopping_ = true;
  const lease_time now = clock_.at(time_.now);
  retire(now);
  follow_up(now);
}

void host::give_up(std::uint32_t subject) {
  if (is_up() && stopping_ && subject == process_) end();
}

void host::set_willing(bool willing) {
  if (!is_up() || is_descheduled() || stopping_) return;
  is_willing_ = willing;
  const lease_time now = clock_.at(time_.now);
  want(willing, now);
  follow_up(now);
}

void host::shun(std::uint32_t vip, instant until) {
  leave_out(vip, until);
  set_willing(is_willing_);
}

void host::hand_over() {
  if (!is_up() || is_descheduled() || stopping_) return;
  const lease_time now = clock_.at(time_.now);
  give_away(now);
  follow_up(now);
}

// ---- The host ----

void host::deschedule(instant until) {
  if (until <= descheduled_until_ || clock_stopped_) return;
  if (!is_descheduled()) descheduled_at_ = clock_.at(time_.now);
  descheduled_until_ = until;
  time_.trace.note({time_.now, trace_kind::descheduled, number_, {}, {}, {}, until - time_.now});
  time_.queue.push(until, event_kind::resume, number_, ++pause_);
}

void host::suspend(instant until) {
  if (is_descheduled()) return;
  deschedule(until);
  clock_.suspend(time_.now);
  clock_stopped_ = true;
  on_clock();
}

void host::freeze(instant until) {
  if (is_descheduled()) return;
  deschedule(until);
  clock_.freeze(time_.now);
  clock_stopped_ = true;
  on_frozen(until);
  on_clock();
}

void host::slew(std::int64_t rate) {
  if (clock_stopped_) return;
  clock_.slew(time_.now, rate);
  on_clock();
}

void host::step_wall(duration by) {
  clock_.step_wall(by);
  on_clock();
}

void host::end_pause() {
  if (!is_descheduled()) return;
  descheduled_until_ = time_.now;
  resume(pause_);
}

void host::resume(std::uint32_t subject) {
  if (subject != pause_) return;
  time_.trace.note({time_.now, trace_kind::resumed, number_, {}, {}, {}, {}});
  if (std::exchange(clock_stopped_, false)) {
    clock_.go_on(time_.now);
    on_clock();
  }
  std::vector<std::uint32_t> waiting;
  waiting.swap(inbox_);
  const bool timer_first = time_.random.chance(500);
  if (is_up() && timer_ended_ && timer_first) end_timer();
  const bool early = broken_ == mutant::reads_clock_before_message;
  for (const std::uint32_t each : waiting) {
    const message one = net_.take(each);
    if (!is_up() || one.process != process_) continue;
    const lease_time now = early ? descheduled_at_ : clock_.at(time_.now);
    take(one, now);
    follow_up(now);
  }
  if (is_up() && timer_ended_) end_timer();
}

// ---- The driver ----

void host::deliver(std::uint32_t subject) {
  if (is_descheduled()) return inbox_.push_back(subject);
  const message one = net_.take(subject);
  if (!is_up() || one.process != process_) return;
  const lease_time now = clock_.at(time_.now);
  take(one, now);
  follow_up(now);
}

void host::wake(std::uint32_t subject) {
  if (subject != timer_ || !is_up()) return;
  timer_ended_ = true;
  if (!is_descheduled()) end_timer();
}

void host::end_timer() {
  timer_ended_ = false;
  const lease_time now = clock_.at(time_.now);
  tick(now);
  follow_up(now);
  if (!is_up()) return;
  idle_wakes_ = wake_in(now) <= 0ns ? idle_wakes_ + 1 : 0;
  if (idle_wakes_ > idle_wakes_max) verdict_.violate(violation_kind::no_progress, number_);
}

void host::follow_up(const lease_time& now) {
  carry_out(now);
  if (stopping_ && has_retired()) return end();
  arm(now);
}

// Timers are late by a little, always.
void host::arm(const lease_time& now) {
  const duration left = wake_in(now);
  time_.queue.push(time_.now + clock_.lasts(left < 0ns ? 0ns : left) + time_.random.between(2us, 300us),
                   event_kind::wake, number_, ++timer_);
}

}  // namespace simulator
