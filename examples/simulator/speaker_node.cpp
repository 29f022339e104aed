// SPDX-License-Identifier: BSL-1.0

#include "speaker_node.hpp"

#include <utility>
#include <vector>

namespace simulator {

using isat::group_id;
using isat::ipv4_address;
using isat::lease_time;
using isat::election::election_settings;
using isat::election::layout_claim;
using isat::election::leadership;
using isat::election::lease_change;
using isat::election::lease_claim;
using isat::election::lease_mode;
using isat::election::lease_operation;
using isat::election::lease_reason;
using isat::election::node_id;
using isat::election::presence_claim;

using namespace std::chrono_literals;

namespace {

/// The node's name, which it keeps; node_id 0 is nobody.
node_id name_of(std::size_t number) noexcept { return node_id{number + 1}; }

ipv4_address address_of(std::size_t vip) noexcept {
  return ipv4_address{static_cast<std::uint32_t>(0x0A4D'0064U + vip)};  // 10.77.0.100 and the next ones
}

}  // namespace

node_id speaker_node::name() const noexcept { return name_of(number_); }

void speaker_node::begin(bool /*same_identity*/) {
  election_settings settings;
  settings.self = name_of(number_);
  settings.wish = setup_.wish;
  settings.timing = setup_.timing.fitted_to(setup_.wish.duration);
  settings.layout_validity = setup_.layout_validity;
  settings.rebalance = setup_.rebalances;
  settings.seed = time_.random.next();
  settings.groups = &names_.emplace();
  willing_ = has_own_groups_ = false;
  serves_ = {};
  machine_.emplace(settings, mutable_rules{broken_, setup_.litter_age}, mutable_layout_rules{broken_});
  time_.trace.note({time_.now, trace_kind::started, number_, {}, {}, {{}, settings.self}, {}});
}

void speaker_node::discard() {
  std::vector<std::uint64_t> writers;
  for (std::uint32_t id = 0; id < machine_->size(); ++id) {
    const auto* const own = machine_->find(group_id{id});
    if (own != nullptr && (id == 0 || isat::election::group_names::is_of_address(group_id{id}))) {
      writers.push_back(own->who().writer);
    }
  }
  machine_.reset();
  answers_ = {};
  on_clock();
  for (const std::uint64_t writer : writers) net_.process_died(writer);
  if (presence_process_ != 0) net_.process_died(presence_process_);
  presence_process_ = 0;
}

void speaker_node::on_clock() {
  for (std::size_t vip = 0; vip < vips_max; ++vip) {
    const leadership& one = answers_[vip];
    answering_[vip].change(number_, clock_.ends(time_.now, one.valid_until), one.term);
  }
}

void speaker_node::on_frozen(instant until) {
  for (entitlement& each : answering_) each.excuse(number_, until);
}

void speaker_node::want(bool willing, const lease_time& now) {
  for (std::uint32_t group = 0; group < groups_max; ++group) machine_->set_candidate(now, group_id{group}, willing);
  willing_ = willing;
  serve_own_groups(now);
}

// As who feeds VIPs does: what goes is gone before something else comes, and the election hears of both.
void speaker_node::serve_own_groups(const lease_time& now) {
  for (const bool comes : {false, true}) {
    for (std::size_t vip = 0; vip < vips_max; ++vip) {
      const bool serves = has_own_groups_ && without_until_[vip] <= time_.now;
      if (comes != serves) continue;
      const ipv4_address address = address_of(vip);
      const auto group = serves ? names_->want(address) : names_->find(address);
      if (group && (serves || serves_[vip])) {
        names_->use(*group);
        machine_->set_candidate(now, *group, serves && willing_);
      }
      if (!serves && serves_[vip]) names_->unwant(address);
      serves_[vip] = serves;
    }
  }
}

void speaker_node::give_up_groups() {
  while (const auto ceased = machine_->take_ceased()) names_->release(*ceased);
  if (broken_ != mutant::group_id_reused_at_once) return;
  for (std::size_t vip = 0; vip < vips_max; ++vip) {
    const auto group = names_->find(address_of(vip));
    if (group && !serves_[vip]) names_->release(*group);
  }
}

std::optional<group_id> speaker_node::group_of(record_number record, bool exists) {
  if (record < first_vip_record) return group_id{record};
  const ipv4_address address = address_of(record - first_vip_record);
  return exists ? names_->see(address) : names_->find(address);
}

// The first VIP's for an id that stands for nothing, which must not be.
record_number speaker_node::record_of(group_id group) const {
  if (!isat::election::group_names::is_of_address(group)) return static_cast<record_number>(group);
  const auto address = names_->address_of(group);
  if (!address) verdict_.violate(violation_kind::unnamed_request, number_);
  return address ? first_vip_record + (address->bits() - address_of(0).bits()) : first_vip_record;
}

// A speaker gives up everything for a moment, as one does whose only interface has lost its carrier.
void speaker_node::give_away(const lease_time& now) {
  want(false, now);
  time_.queue.push(time_.now + 1s, event_kind::willing, number_);
}

void speaker_node::take(const message& one, const lease_time& now) {
  switch (one.kind) {
    case message_kind::response:
      return take_response(one, now);
    case message_kind::sight:
      return take_sight(one, now);
    case message_kind::watch_lost:
      time_.trace.note({time_.now, trace_kind::watch_lost, number_, {}, {}, {}, {}});
      return machine_->on_watch_lost(now);
    case message_kind::listed:
      return machine_->on_listed(now);
    case message_kind::request:
    case message_kind::none:
      break;
  }
}

void speaker_node::take_sight(const message& one, const lease_time& now) {
  const any_sight& sight = one.response.sight;
  time_.trace.note({time_.now, trace_kind::saw, number_, {}, sight.at, traced(sight.claim), {}, one.record});
  if (one.record < layout_record) {
    const auto group = group_of(one.record, sight.exists);
    if (group) machine_->on_lease(now, *group, narrow<lease_claim>(sight));
  } else if (one.record == layout_record) {
    machine_->on_layout(now, narrow<layout_claim>(sight));
  } else {
    machine_->on_presence(now, name_of(one.record - std::size_t{first_presence_record}), narrow<presence_claim>(sight));
  }
}

void speaker_node::take_response(const message& one, const lease_time& now) {
  const any_response& response = one.response;
  time_.trace.note({time_.now,
                    trace_kind::told,
                    number_,
                    static_cast<std::uint8_t>(response.outcome),
                    response.sight.at,
                    traced(response.sight.claim),
                    {},
                    one.record});
  if (one.record < layout_record) {
    const auto group = group_of(one.record, false);
    if (group) machine_->on_lease_response(now, *group, narrow<lease_claim>(response));
  } else if (one.record == layout_record) {
    machine_->on_layout_response(now, narrow<layout_claim>(response));
  } else {
    machine_->on_presence_response(now, narrow<presence_claim>(response));
  }
}

void speaker_node::carry_out(const lease_time& now) {
  publish();
  const bool has_own_groups = machine_->adopted() ? machine_->adopted()->shape.is_per_address() : has_own_groups_;
  if (std::exchange(has_own_groups_, has_own_groups) != has_own_groups) {
    serve_own_groups(now);
    publish();
  }
  while (const auto told = machine_->take_event()) {
    const isat::election::lease_event& event = told->event;
    time_.trace.note({time_.now,
                      trace_kind::changes,
                      number_,
                      detail_of(event),
                      {},
                      {{}, event.node, {}, {}, {}, event.term},
                      {},
                      record_of(told->group)});
    if (event.what == lease_change::gained) ++verdict_.counts().gains;
    if (event.what == lease_change::lost && event.why == lease_reason::handed_over) allow_gap(told->group);
  }
  while (const auto asked = machine_->take_lease_request()) ask(*asked);
  while (const auto asked = machine_->take_layout_request()) ask(layout_record, widen(*asked));
  while (const auto asked = machine_->take_presence_request()) {
    presence_process_ = asked->claim.process != 0 ? asked->claim.process : presence_process_;
    ask(static_cast<record_number>(first_presence_record + number_), widen(*asked));
  }
  give_up_groups();
}

// For balance, in calm times too.
void speaker_node::allow_gap(group_id group) {
  for (std::size_t vip = 0; vip < vips_max; ++vip) {
    if (is_of(vip, group)) answering_[vip].allow_gap(time_.now + hand_over_max);
  }
}

std::optional<group_id> speaker_node::group_of_vip(std::size_t vip) const {
  if (!machine_->adopted()) return std::nullopt;
  const isat::election::layout& shape = machine_->adopted()->shape;
  if (!shape.is_per_address()) return shape.group_of(address_of(vip));
  return serves_[vip] ? names_->find(address_of(vip)) : std::nullopt;
}

bool speaker_node::is_of(std::size_t vip, group_id group) const { return group_of_vip(vip) == group; }

leadership speaker_node::answer_for(std::size_t vip) const {
  const auto group = group_of_vip(vip);
  if (!group) return {};
  const auto* const lease = machine_->find(*group);
  if (broken_ == mutant::layout_not_read) return lease != nullptr ? lease->leads() : leadership{};
  return machine_->leads(*group);
}

void speaker_node::publish() {
  for (std::size_t vip = 0; vip < vips_max; ++vip) {
    const leadership next = answer_for(vip);
    if (next == answers_[vip]) continue;
    answers_[vip] = next;
    const instant ends = clock_.ends(time_.now, next.valid_until);
    time_.trace.note({time_.now,
                      trace_kind::answers,
                      number_,
                      static_cast<std::uint8_t>(next.term != 0),
                      {},
                      {{}, {}, {}, {}, {}, next.term, {}},
                      ends - time_.now,
                      static_cast<record_number>(vip)});
    answering_[vip].change(number_, ends, next.term);
  }
}

void speaker_node::ask(const isat::election::group_request& asked) {
  if (asked.request.claim.mode == lease_mode::released && asked.request.operation == lease_operation::cas) {
    if (!asked.request.repeated) ++verdict_.counts().releases;
    for (std::size_t vip = 0; vip < vips_max; ++vip) {
      if (is_of(vip, asked.group) && answering_[vip].is_entitled(number_)) {
        verdict_.violate(violation_kind::released_while_leading, number_);
      }
    }
  }
  ask(record_of(asked.group), widen(asked.request));
}

void speaker_node::ask(record_number record, const any_request& request) {
  time_.trace.note({time_.now,
                    trace_kind::asks,
                    number_,
                    static_cast<std::uint8_t>(request.operation),
                    request.expected,
                    traced(request.claim),
                    {},
                    record});
  rate_meter& rate = rates_[record < first_presence_record ? record : first_presence_record];
  if (rate.count(time_.now, verdict_.counts()) > requests_max) {
    verdict_.violate(violation_kind::too_many_requests, number_);
  }
  net_.send(number_, record, request, {});
}

}  // namespace simulator
