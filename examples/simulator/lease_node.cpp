// SPDX-License-Identifier: BSL-1.0

#include "lease_node.hpp"

namespace simulator {

using isat::lease_time;
using isat::election::leadership;
using isat::election::lease_change;
using isat::election::lease_claim;
using isat::election::lease_event;
using isat::election::lease_identity;
using isat::election::lease_operation;
using isat::election::lease_outcome;
using isat::election::lease_reason;
using isat::election::lease_request;
using isat::election::lease_response;
using isat::election::lease_sight;
using isat::election::lease_status;
using isat::election::node_id;

void lease_node::begin(bool same_identity) {
  if (!same_identity || identity_ == node_id{}) identity_ = node_id{time_.random.next()};
  const lease_identity who{identity_, time_.random.next() | 1, 0};
  machine_.emplace(who, setup_.timing, setup_.longest, mutable_rules{broken_});
  judge_.on_process(number_, who.writer);
  time_.trace.note({time_.now, trace_kind::started, number_, {}, {}, {{}, who.node, who.writer}, {}});
}

void lease_node::discard() {
  const std::uint64_t writer = machine_->who().writer;
  machine_.reset();
  answers_ = {};
  on_clock();
  net_.process_died(writer);
}

void lease_node::on_clock() { answering_.change(number_, clock_.ends(time_.now, answers_.valid_until), answers_.term); }

void lease_node::want(bool willing, const lease_time& now) {
  machine_->set_candidacy(now, {willing, setup_.alone, setup_.hold_off});
}

void lease_node::take(const message& one, const lease_time& now) {
  switch (one.kind) {
    case message_kind::response:
      return take_response(one, now);
    case message_kind::sight: {
      const lease_sight sight = narrow<lease_claim>(one.response.sight);
      time_.trace.note({time_.now, trace_kind::saw, number_, {}, sight.at, sight.claim, {}});
      judge_.on_received(number_, sight, false);
      if (broken_ == mutant::ignores_foreign_events && sight.claim.writer != machine_->who().writer) return;
      return machine_->on_sight(now, sight);
    }
    case message_kind::watch_lost:
      time_.trace.note({time_.now, trace_kind::watch_lost, number_, {}, {}, {}, {}});
      return machine_->on_watch_lost(now);
    case message_kind::listed:
    case message_kind::request:
    case message_kind::none:
      break;
  }
}

void lease_node::take_response(const message& one, const lease_time& now) {
  const lease_response response = narrow<lease_claim>(one.response);
  time_.trace.note({time_.now,
                    trace_kind::told,
                    number_,
                    static_cast<std::uint8_t>(response.outcome),
                    response.sight.at,
                    response.sight.claim,
                    {}});
  if (response.outcome == lease_outcome::done) {
    lease_sight sight = response.sight;
    if (one.request.operation == lease_operation::cas) {
      sight.exists = true;
      sight.claim = lease_of(one.request.claim);
    }
    judge_.on_received(number_, sight, true);
  }
  machine_->on_response(now, response);
}

void lease_node::carry_out(const lease_time& /*now*/) {
  publish();
  while (const auto event = machine_->take_event()) tell(*event);
  while (const auto request = machine_->take_request()) ask(*request);
  judge_.on_handled(number_);
}

void lease_node::publish() {
  const leadership& next = machine_->leads();
  if (next == answers_) return;
  const bool releasing = next.term == 0 && machine_->status() == lease_status::releasing;
  if (broken_ == mutant::releases_before_silence && releasing) return;
  answers_ = next;
  time_.trace.note({time_.now,
                    trace_kind::answers,
                    number_,
                    static_cast<std::uint8_t>(next.term != 0),
                    {},
                    {{}, {}, {}, {}, {}, next.term, {}},
                    clock_.ends(time_.now, next.valid_until) - time_.now});
  on_clock();
}

void lease_node::tell(const lease_event& event) {
  time_.trace.note(
      {time_.now, trace_kind::changes, number_, detail_of(event), {}, {{}, event.node, {}, {}, {}, event.term}, {}});
  if (event.what == lease_change::gained) judge_.on_gain(number_, event.term);
  if (event.what == lease_change::lost && event.why == lease_reason::conflict) {
    judge_.on_conflict_loss(number_, net_.at(number_).ever_duplicated);  // which its machine cannot know of
  }
}

void lease_node::ask(const lease_request& request) {
  lease_request sent = request;
  const bool takes_over = sent.operation == lease_operation::cas && machine_->status() == lease_status::acquiring;
  if (broken_ == mutant::guards_by_fresh_read && takes_over) {
    sent.expected = net_.read(0).at;
    judge_.on_received(number_, narrow<lease_claim>(net_.read(0)), false);
  }
  time_.trace.note(
      {time_.now, trace_kind::asks, number_, static_cast<std::uint8_t>(sent.operation), sent.expected, sent.claim, {}});
  judge_.on_request(number_, sent);
  const auto whole = mutable_rules{broken_}.whole_seconds(sent.claim.duration);
  net_.send(number_, 0, widen(sent), {clock_.written_second(time_.now).count(), whole.count()});
}

}  // namespace simulator
