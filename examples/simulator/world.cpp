// SPDX-License-Identifier: BSL-1.0

#include "lease_node.hpp"
#include "speaker_node.hpp"
#include "world.hpp"

namespace simulator {

using namespace std::chrono_literals;

namespace {

/// What is promised of raw clocks: two of them differ by less than 1 %.
constexpr std::int64_t raw_rate_deviation = 4500;

std::int64_t rate_of(std::int64_t millionths) noexcept {
  return local_clock::one + millionths * local_clock::one / 1'000'000;
}

/// The durations of candidates that do not agree.
isat::election::lease_timing nth_timing(const world_setup& setup, node_number number) noexcept {
  if (!setup.mixed_durations || number == 0) return setup.timing;
  return isat::election::lease_timing::derived_from(setup.timing.duration / (number + 1));
}

}  // namespace

world::world(const world_setup& setup)
    : setup_{setup},
      longest_{setup.timing.duration},
      time_{setup.seed, setup.live_trace},
      records_(setup.speakers ? std::size_t{first_presence_record} + setup.nodes : std::size_t{1},
               stored_record{setup.tombstones, setup.broken != mutant::no_incarnation_guard,
                             setup.broken != mutant::removes_unguarded}),
      verdict_{time_},
      judge_{time_, verdict_, answering_, records_.front(), setup.nodes, longest_},
      terms_{verdict_},
      net_{time_, records_, setup.nodes, terms_, setup.proves_deaths},
      rival_{0, time_, net_, records_.front(), &judge_} {
  for (std::size_t vip = 0; vip < (setup.speakers ? vips_max : 1); ++vip) {
    answering_.emplace_back(time_, verdict_, setup.nodes, longest_);
  }
  for (node_number number = 0; number < setup.nodes; ++number) add_node(number);
}

void world::add_node(node_number number) {
  if (setup_.speakers) {
    nodes_.push_back(std::make_unique<speaker_node>(number, time_, net_, answering_, verdict_, setup_.broken));
  } else {
    nodes_.push_back(
        std::make_unique<lease_node>(number, time_, net_, answering_.front(), judge_, verdict_, setup_.broken));
  }
  const bool fast = number % 2 != 0;
  const std::int64_t extreme = fast ? raw_rate_deviation : -raw_rate_deviation;
  const std::int64_t deviation =
      setup_.rates_at_limit ? extreme : time_.random.between(-raw_rate_deviation, raw_rate_deviation);
  const host_setup host{.timing = nth_timing(setup_, number),
                        .longest = longest_,
                        .hold_off = number * 30ms,
                        .alone = setup_.alone,
                        .wish = wish(setup_.first_wish),
                        .layout_validity = setup_.layout_validity,
                        .rebalances = setup_.rebalances,
                        .litter_age = setup_.litter_age};
  nodes_.back()->set_up(host, local_clock{rate_of(deviation), time_.random.between(-5s, 5s)});
  time_.queue.push(number * setup_.start_gap, event_kind::start, number, 0);
}

duration world::hold_off_max() const noexcept {
  using isat::election::placement;
  if (setup_.speakers) return placement::rank_max * placement::rank_step + placement::bound_delay;
  return nodes_.back()->setup().hold_off;
}

isat::election::layout world::wish(std::size_t number) const noexcept {
  using isat::election::grouping;
  const duration lasting = setup_.timing.duration;
  switch (number) {
    case 1:
      return {grouping::shards, 4, lasting};
    case 2:
      return {grouping::shards, 8, lasting};
    case 3:
      return {grouping::shards, 3, lasting / 2};
    case 4:
      return {grouping::single, 1, lasting / 3};
    case wish_of_own_groups:
      return {grouping::service, 0, lasting};
    default:
      return {grouping::single, 1, lasting};
  }
}

void world::run(weather& sky, instant end) {
  end_ = end;
  time_.queue.push(sky.go_on(*this), event_kind::trouble);
  while (verdict_.violation() == violation_kind::none) {
    const event next = time_.queue.pop();
    if (next.at > end_) break;
    time_.now = next.at;
    ++events_;
    for (const entitlement& each : answering_) each.check();
    if (next.kind == event_kind::trouble) {
      time_.queue.push(sky.go_on(*this), event_kind::trouble);
    } else {
      handle(next);
    }
  }
}

void world::handle(const event& next) {
  switch (next.kind) {
    case event_kind::arrive:
      return net_.arrive(next.subject);
    case event_kind::deliver:
      return nodes_[next.node]->deliver(next.subject);
    case event_kind::wake:
      return nodes_[next.node]->wake(next.subject);
    case event_kind::resume:
      return nodes_[next.node]->resume(next.subject);
    case event_kind::start:
      nodes_[next.node]->start_again(next.subject);
      return excuse_newcomer(next.node);
    case event_kind::give_up:
      return nodes_[next.node]->give_up(next.subject);
    case event_kind::willing:
      return nodes_[next.node]->set_willing(true);
    case event_kind::rival:
      return rival_.go_on(next.subject);
    case event_kind::trouble:
    case event_kind::none:
      break;
  }
}

void world::excuse_newcomer(node_number number) {
  if (time_.now >= unknowable_until_) return;
  for (entitlement& each : answering_) each.excuse(number, unknowable_until_);
}

// ---- Troubles ----

void world::happen(const trouble& what) {
  time_.trace.note({time_.now,
                    trace_kind::trouble,
                    what.node,
                    static_cast<std::uint8_t>(what.kind),
                    {0, static_cast<std::uint64_t>(what.amount)},
                    {},
                    what.lasting});
  if (what.kind == trouble_kind::heal) return heal();
  if (what.kind == trouble_kind::expect_leader) {
    for (std::size_t vip = 0; vip < answering_.size(); ++vip) {
      if (what.amount == 0 || vip == what.record) answering_[vip].expect_leader(time_.now + what.lasting);
    }
    return;
  }
  if (what.kind == trouble_kind::shun) {
    if (what.lasting > 0ns) time_.queue.push(time_.now + what.lasting, event_kind::willing, what.node);
    return nodes_[what.node]->shun(what.record, time_.now + what.lasting);
  }
  if (what.kind <= trouble_kind::wish) return happen_to_process(what);
  if (what.kind <= trouble_kind::step_wall) return happen_to_host(what);
  if (what.kind <= trouble_kind::delay_loads) return happen_to_link(what);
  if (what.kind <= trouble_kind::watch_reorder) return happen_to_watch(what);
  if (what.kind <= trouble_kind::touch) return happen_to_store(what);
  happen_to_rival(what);
}

void world::happen_to_process(const trouble& what) {
  host& one = *nodes_[what.node];
  if (what.kind == trouble_kind::deschedule) {
    one.deschedule(time_.now + what.lasting);
  } else if (what.kind == trouble_kind::crash) {
    if (!one.is_up()) return;
    one.crash();
    one.start_later(time_.now + what.lasting, what.amount == 0);
  } else if (what.kind == trouble_kind::stop) {
    if (!one.is_up() || one.is_stopping() || one.is_descheduled()) return;
    one.start_later(time_.now + what.lasting + 6s, true);
    time_.queue.push(time_.now + 5s, event_kind::give_up, what.node, one.process());
    one.stop();
  } else if (what.kind == trouble_kind::unwilling) {
    time_.queue.push(time_.now + what.lasting, event_kind::willing, what.node);
    one.set_willing(false);
  } else if (what.kind == trouble_kind::hand_over) {
    one.hand_over();
  } else {
    one.set_wish(wish(static_cast<std::size_t>(what.amount)));
    happen_to_process({trouble_kind::stop, what.node, what.lasting, 0});
  }
}

void world::happen_to_host(const trouble& what) {
  host& one = *nodes_[what.node];
  if (what.kind == trouble_kind::suspend) {
    one.suspend(time_.now + what.lasting);
  } else if (what.kind == trouble_kind::freeze) {
    one.freeze(time_.now + what.lasting);
  } else if (what.kind == trouble_kind::slew) {
    one.slew(rate_of(what.amount));
  } else {
    one.step_wall(std::chrono::milliseconds{what.amount});
  }
}

void world::happen_to_link(const trouble& what) {
  link& way = net_.at(what.node);
  const auto amount = static_cast<unsigned>(what.amount);
  const instant until = time_.now + what.lasting;
  const bool both = what.kind == trouble_kind::block_both;
  if (both || what.kind == trouble_kind::block_requests) way.requests_blocked = until;
  if (both || what.kind == trouble_kind::block_responses) way.responses_blocked = until;
  if (what.kind == trouble_kind::slow) way.speed = static_cast<pace>(amount);
  if (what.kind == trouble_kind::lose) way.lost = amount;
  if (what.kind == trouble_kind::duplicate) {
    way.duplicated = amount;
    way.ever_duplicated = true;
  }
  if (what.kind == trouble_kind::refuse) way.refused = amount;
  if (what.kind == trouble_kind::lose_responses) way.responses_to_lose = amount;
  if (what.kind == trouble_kind::refuse_next) way.requests_to_refuse = amount;
  if (what.kind == trouble_kind::hold_writes) {
    way.writes_to_hold = amount;
    way.hold_for = what.lasting;
  }
  if (what.kind == trouble_kind::delay_loads) {
    way.loads_to_delay = amount;
    way.loads_delayed_by = what.lasting;
  }
}

void world::happen_to_watch(const trouble& what) {
  link& way = net_.at(what.node);
  if (what.kind == trouble_kind::watch_lost) net_.lose_watch(what.node);
  if (what.kind == trouble_kind::watch_rewind) net_.rewind_watch(what.node);
  if (what.kind == trouble_kind::watch_lag) way.watch_lag = std::chrono::milliseconds{what.amount};
  if (what.kind == trouble_kind::watch_skip) way.watch_skips = static_cast<unsigned>(what.amount);
  if (what.kind == trouble_kind::watch_reorder) way.watch_reorders = static_cast<unsigned>(what.amount);
  if (what.kind == trouble_kind::watch_stall) {
    way.watch_stalled = time_.now + what.lasting;
    way.stall_drops = what.amount != 0;
  }
}

void world::happen_to_store(const trouble& what) {
  if (what.kind == trouble_kind::outage) {
    net_.begin_outage(static_cast<outage_kind>(what.amount), time_.now + what.lasting);
  } else if (what.kind == trouble_kind::restore) {
    restore(what);
  } else if (net_.is_away()) {
    return;
  } else if (what.kind == trouble_kind::remove) {
    records_[what.record].remove(time_.now, what.amount != 0);
    net_.tell_watches(what.record);
  } else if (what.kind == trouble_kind::touch) {
    touch(what);
  } else {
    edit(what);
  }
}

// What was written since then is gone, and nobody is told. The guarantee needs the store to be away for as long as
// somebody may rely on what is gone; what happens after a shorter absence is counted apart.
void world::restore(const trouble& what) {
  const instant to = time_.now - std::chrono::milliseconds{what.amount};
  for (stored_record& each : records_) each.restore(time_.now, to);
  net_.begin_outage(time_.random.chance(500) ? outage_kind::refuses : outage_kind::silent, time_.now + what.lasting);
  const duration needed = longest_ * 102 / 100;
  for (entitlement& each : answering_) {
    if (what.lasting < needed) each.excuse_all(time_.now + needed);
  }
  silent_until_ = time_.now + needed;
  for (node_number number = 0; number < nodes_.size(); ++number) net_.lose_watch(number);
}

void world::edit(const trouble& what) {
  stored_record& record = records_[what.record];
  if (what.kind == trouble_kind::edit_duration && !record.now().sight.exists) return;
  const isat::election::lease_claim lease = edited(what);
  any_claim claim = lease;
  // Records are sealed: of a layout and a presence, what is edited by hand cannot be read any more.
  if (what.record == layout_record && setup_.speakers) claim = edited_layout(what);
  if (what.record > layout_record) claim = isat::election::presence_claim{};
  const bool is_made_again = what.kind == trouble_kind::recreate || what.kind == trouble_kind::replay_release ||
                             what.kind == trouble_kind::replay_era;
  // Of a layout also in its place, as a newer version.
  if (is_made_again && !(is_layout(claim) && time_.random.chance(500))) record.remove(time_.now, true);
  const std::int64_t second = std::chrono::duration_cast<std::chrono::seconds>(time_.now).count();
  record.overwrite(time_.now, claim, {second, what.amount / 1000});
  time_.trace.note({time_.now, trace_kind::by_hand, {}, {}, record.now().sight.at, traced(claim), {}, what.record});
  net_.tell_watches(what.record);
}

// Somebody changes a label, or asks for a hand-over: to a node, or to one that there is not.
void world::touch(const trouble& what) {
  stored_record& record = records_[what.record];
  if (!record.now().sight.exists) return;
  isat::election::node_id heir{};
  if (what.amount > 0) {
    const auto number = static_cast<std::size_t>(what.amount) - 1;
    heir = number < nodes_.size() ? nodes_[number]->name() : isat::election::node_id{7};
  }
  record.touch(time_.now, heir);
  const stored& is = record.now();
  time_.trace.note({time_.now, trace_kind::by_hand, {}, {}, is.sight.at, traced(is.sight.claim), {}, what.record});
  net_.tell_watches(what.record);
}

// A backup of a layout that was open in an era that is over. Who has seen a later one knows better; a process that
// starts now cannot know, and is outside of the guarantee.
isat::election::layout_claim world::edited_layout(const trouble& what) {
  using isat::election::layout_claim;
  const stored_record& record = records_[layout_record];
  const auto* const is = std::get_if<layout_claim>(&record.now().sight.claim);
  for (std::uint64_t back = 0; what.kind == trouble_kind::replay_era && is != nullptr && back < 60; ++back) {
    const auto* const saved = std::get_if<layout_claim>(&record.before(back).sight.claim);
    const bool was_open = saved != nullptr && saved->phase == isat::election::layout_phase::open;
    if (!was_open || saved->era == is->era) continue;
    unknowable_until_ = time_.now + 60s;
    return *saved;
  }
  return {};
}

// A record is sealed by its writer: whoever edits a part of one writes as a stranger, without a nonce. A backup of a
// whole record is another matter.
isat::election::lease_claim world::edited(const trouble& what) {
  using isat::election::lease_mode;
  using isat::election::node_id;
  const stored_record& record = records_[what.record];
  const isat::election::lease_claim was = lease_of(record.now().sight.claim);
  isat::election::lease_claim claim{.mode = lease_mode::held,
                                    .node = was.node,
                                    .era = was.era,
                                    .term = was.term,
                                    .duration = std::chrono::milliseconds{what.amount}};
  if (what.kind == trouble_kind::edit_garbage) return {};
  if (what.kind == trouble_kind::put_back) {
    for (std::uint64_t back = 1; back < 60; ++back) {
      const isat::election::lease_claim saved = lease_of(record.before(back).sight.claim);
      if (saved.mode == lease_mode::held && saved.writer != was.writer && saved.writer != 0) return saved;
    }
    return was;
  }
  if (what.kind == trouble_kind::replay_release || what.kind == trouble_kind::replay_era) {
    for (std::uint64_t back = 0; back < 60; ++back) {
      const isat::election::lease_claim saved = lease_of(record.before(back).sight.claim);
      const bool released = saved.mode == lease_mode::released;
      if (what.kind == trouble_kind::replay_release ? released : saved.era != was.era && !released) return saved;
    }
    return {};
  }
  if (what.kind == trouble_kind::edit_vacant) {
    claim.mode = lease_mode::vacant;
    claim.node = {};
  } else if (what.kind != trouble_kind::edit_duration) {
    claim.node = node_id{7};
    claim.term = 1;
  }
  return claim;
}

void world::happen_to_rival(const trouble& what) {
  if (what.kind == trouble_kind::rival_starts) {
    rival_.start(setup_.rival, static_cast<pace>(what.amount),
                 rate_of(time_.random.between(-raw_rate_deviation, raw_rate_deviation)));
  } else if (what.kind == trouble_kind::rival_crashes) {
    rival_.crash();
  } else {
    rival_.stop();
  }
}

void world::heal() {
  rival_.crash();
  net_.end_outage(silent_until_ < time_.now ? time_.now : silent_until_);
  for (node_number number = 0; number < nodes_.size(); ++number) {
    link& way = net_.at(number);
    const link before = way;
    way = {};
    way.process = before.process;
    way.ever_duplicated = before.ever_duplicated;
    way.last_told = time_.now;
    host& one = *nodes_[number];
    one.end_pause();
    one.slew(local_clock::one);
    if (!one.is_up()) {
      one.start(true);
      excuse_newcomer(number);
    }
    for (std::uint32_t vip = 0; vip < vips_max; ++vip) one.shun(vip, time_.now);
    one.set_willing(true);
    net_.lose_watch(number);
  }
}

}  // namespace simulator
