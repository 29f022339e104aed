// SPDX-License-Identifier: BSL-1.0

#include "node.hpp"

#include <utility>

namespace simulator {

using isat::lease_time;
using isat::election::leadership;
using isat::election::lease_candidacy;
using isat::election::lease_change;
using isat::election::lease_claim;
using isat::election::lease_event;
using isat::election::lease_identity;
using isat::election::lease_mode;
using isat::election::lease_operation;
using isat::election::lease_outcome;
using isat::election::lease_reason;
using isat::election::lease_request;
using isat::election::lease_status;
using isat::election::node_id;

using namespace std::chrono_literals;

namespace {

constexpr unsigned idle_wakes_max = 8;

}  // namespace

// ---- The process ----

void node::start(bool same_identity) {
  if (is_up()) return;
  if (is_descheduled()) {
    return start_later(descheduled_until_ + 1ms, same_identity);
  }
  ++process_;
  if (!same_identity || identity_ == node_id{}) identity_ = node_id{time_.random.next()};
  const lease_identity who{identity_, time_.random.next() | 1, 0};
  machine_.emplace(who, setup_.timing, setup_.longest, mutable_rules{broken_});
  answers_ = {};
  stopping_ = timer_ended_ = false;
  judge_.on_process(number_, who.writer);
  time_.trace.note({time_.now, trace_kind::started, number_, {}, {}, {{}, who.node, who.writer}, {}});
  net_.begin_watch(number_, process_);
  set_willing(true);
}

void node::end() {
  const std::uint64_t writer = machine_->who().writer;
  machine_.reset();
  answers_ = {};
  judge_.on_entitlement(number_, {}, 0);
  net_.end_watch(number_);
  time_.trace.note({time_.now, trace_kind::ended, number_, {}, {}, {}, {}});
  net_.process_died(writer);
}

void node::crash() {
  if (is_up()) end();
}

void node::start_later(instant at, bool same_identity) {
  same_identity_ = same_identity;
  time_.queue.push(at, event_kind::start, number_, process_);
}

void node::start_again(std::uint32_t subject) {
  if (subject == process_) start(same_identity_);
}

void node::stop() {
  if (!is_up() || is_descheduled()) return;
  stopping_ = true;
  set_willing(false);
}

void node::give_up(std::uint32_t process) {
  if (is_up() && stopping_ && process == process_) end();
}

void node::set_willing(bool willing) {
  if (!is_up() || is_descheduled() || (stopping_ && willing)) return;
  const lease_time now = clock_.at(time_.now);
  const lease_candidacy next{willing, setup_.alone, setup_.hold_off};
  machine_->set_candidacy(now, next);
  follow_up(now);
}

void node::hand_over() {
  if (!is_up() || is_descheduled()) return;
  const lease_time now = clock_.at(time_.now);
  machine_->hand_over(now);
  follow_up(now);
}

// ---- The host ----

void node::deschedule(instant until) {
  if (until <= descheduled_until_ || clock_stopped_) return;
  if (!is_descheduled()) descheduled_at_ = clock_.at(time_.now);
  descheduled_until_ = until;
  time_.trace.note({time_.now, trace_kind::descheduled, number_, {}, {}, {}, until - time_.now});
  time_.queue.push(until, event_kind::resume, number_, ++pause_);
}

void node::suspend(instant until) {
  if (is_descheduled()) return;
  deschedule(until);
  clock_.suspend(time_.now);
  clock_stopped_ = true;
  tell_clock();
}

void node::freeze(instant until) {
  if (is_descheduled()) return;
  deschedule(until);
  clock_.freeze(time_.now);
  clock_stopped_ = true;
  judge_.excuse(number_, until);
  tell_clock();
}

void node::slew(std::int64_t rate) {
  if (clock_stopped_) return;
  clock_.slew(time_.now, rate);
  tell_clock();
}

void node::step_wall(duration by) {
  clock_.step_wall(by);
  tell_clock();
}

void node::tell_clock() { judge_.on_entitlement(number_, clock_.ends(time_.now, answers_.valid_until), answers_.term); }

void node::end_pause() {
  if (!is_descheduled()) return;
  descheduled_until_ = time_.now;
  resume(pause_);
}

void node::resume(std::uint32_t subject) {
  if (subject != pause_) return;
  time_.trace.note({time_.now, trace_kind::resumed, number_, {}, {}, {}, {}});
  if (std::exchange(clock_stopped_, false)) {
    clock_.go_on(time_.now);
    tell_clock();
  }
  std::vector<std::uint32_t> waiting;
  waiting.swap(inbox_);
  const bool timer_first = time_.random.chance(500);
  if (is_up() && timer_ended_ && timer_first) tick(clock_.at(time_.now));
  const bool early = broken_ == mutant::reads_clock_before_message;
  for (const std::uint32_t each : waiting) {
    const message one = net_.take(each);
    if (is_up() && one.process == process_) handle(one, early ? descheduled_at_ : clock_.at(time_.now));
  }
  if (is_up() && timer_ended_) tick(clock_.at(time_.now));
}

// ---- The driver ----

void node::deliver(std::uint32_t subject) {
  if (is_descheduled()) return inbox_.push_back(subject);
  const message one = net_.take(subject);
  if (is_up() && one.process == process_) handle(one, clock_.at(time_.now));
}

void node::handle(const message& one, const lease_time& now) {
  switch (one.kind) {
    case message_kind::response:
      time_.trace.note({time_.now,
                        trace_kind::told,
                        number_,
                        static_cast<std::uint8_t>(one.response.outcome),
                        one.response.sight.at,
                        one.response.sight.claim,
                        {}});
      if (one.response.outcome == lease_outcome::done) {
        isat::election::lease_sight sight = one.response.sight;
        if (one.request.operation == lease_operation::cas) {
          sight.exists = true;
          sight.claim = one.request.claim;
        }
        judge_.on_received(number_, sight, true);
      }
      machine_->on_response(now, one.response);
      break;
    case message_kind::sight:
      time_.trace.note({time_.now, trace_kind::saw, number_, {}, one.response.sight.at, one.response.sight.claim, {}});
      judge_.on_received(number_, one.response.sight, false);
      if (broken_ == mutant::ignores_foreign_events && one.response.sight.claim.writer != machine_->who().writer) break;
      machine_->on_sight(now, one.response.sight);
      break;
    case message_kind::watch_lost:
      time_.trace.note({time_.now, trace_kind::watch_lost, number_, {}, {}, {}, {}});
      machine_->on_watch_lost(now);
      break;
    case message_kind::request:
    case message_kind::none:
      break;
  }
  follow_up(now);
}

void node::wake(std::uint32_t subject) {
  if (subject != timer_ || !is_up()) return;
  if (is_descheduled()) {
    timer_ended_ = true;
    return;
  }
  tick(clock_.at(time_.now));
}

void node::tick(const lease_time& now) {
  timer_ended_ = false;
  machine_->tick(now);
  follow_up(now);
  if (!is_up()) return;
  idle_wakes_ = machine_->wake_in(now) <= duration{0} ? idle_wakes_ + 1 : 0;
  if (idle_wakes_ > idle_wakes_max) judge_.on_idle_wake(number_);
}

// The order that the machine asks for: first what the data path goes by, then everything else.
void node::follow_up(const lease_time& now) {
  publish();
  while (const auto event = machine_->take_event()) tell(*event);
  while (const auto request = machine_->take_request()) ask(*request);
  judge_.on_handled(number_);
  if (stopping_ && machine_->idle()) return end();
  arm(now);
}

void node::publish() {
  const leadership& next = machine_->leads();
  if (next == answers_) return;
  if (broken_ == mutant::releases_before_silence && next.term == 0 && machine_->status() == lease_status::releasing) {
    return;
  }
  answers_ = next;
  time_.trace.note({time_.now,
                    trace_kind::answers,
                    number_,
                    static_cast<std::uint8_t>(next.term != 0),
                    {},
                    {{}, {}, {}, {}, {}, next.term, {}},
                    clock_.ends(time_.now, next.valid_until) - time_.now});
  tell_clock();
}

void node::tell(const lease_event& event) {
  const auto detail =
      static_cast<std::uint8_t>(static_cast<unsigned>(event.what) * 16 + static_cast<unsigned>(event.why));
  time_.trace.note({time_.now, trace_kind::changes, number_, detail, {}, {{}, event.node, {}, {}, {}, event.term}, {}});
  if (event.what == lease_change::gained) judge_.on_gain(number_, event.term);
  if (event.what == lease_change::lost && event.why == lease_reason::conflict) {
    judge_.on_conflict_loss(number_, net_.at(number_).ever_duplicated);  // which its machine cannot know of
  }
}

void node::ask(const lease_request& request) {
  lease_request sent = request;
  if (sent.operation == lease_operation::cas) {
    const bool takes_over = machine_->status() == lease_status::acquiring;
    if (broken_ == mutant::guards_by_fresh_read && takes_over) {
      sent.expected = net_.read().at;
      judge_.on_received(number_, net_.read(), false);
    }
  }
  time_.trace.note(
      {time_.now, trace_kind::asks, number_, static_cast<std::uint8_t>(sent.operation), sent.expected, sent.claim, {}});
  judge_.on_request(number_, sent);
  const auto whole = mutable_rules{broken_}.whole_seconds(sent.claim.duration);
  net_.send(number_, sent, {clock_.written_second(time_.now).count(), whole.count()});
}

// Timers are late by a little, always.
void node::arm(const lease_time& now) {
  duration left = machine_->wake_in(now);
  if (left < 0ns) left = 0ns;
  time_.queue.push(time_.now + clock_.lasts(left) + time_.random.between(2us, 300us), event_kind::wake, number_,
                   ++timer_);
}

}  // namespace simulator
