// SPDX-License-Identifier: BSL-1.0

#include "rough_weather.hpp"

namespace simulator {

using namespace std::chrono_literals;

rough_weather::rough_weather(world& stage) {
  random_source& random = stage.time().random;
  // Half of the kinds in each run: troubles that always come together hide each other.
  tastes_ = random.next();
  gap_ = random.spread(50ms, 5s);
  with_rival_ = !stage.setup().speakers && random.chance(200);
  with_edits_ = random.chance(300);
  target_ = stage.setup().first_wish;
}

instant rough_weather::go_on(world& stage) {
  const instant now = stage.time().now;
  switch (phase_) {
    case phase::rough:
      if (now < phase_ends_) {
        strike(stage);
        return now + stage.time().random.between(gap_ / 4, gap_ * 7 / 4);
      }
      return settle(stage);
    case phase::settling:
      phase_ = phase::calm;
      nags_left_ = 8;
      stage.happen({trouble_kind::expect_leader, 0, 1h, 0});
      return now + 1s;
    case phase::calm:
      return nags_left_ != 0 ? nag(stage) : take_leader(stage);
    case phase::over:
      break;
  }
  return become_rough(stage);
}

instant rough_weather::become_rough(world& stage) {
  for (entitlement& each : stage.answering()) each.expect_nothing();
  phase_ = phase::rough;
  const instant now = stage.time().now;
  phase_ends_ = now + stage.time().random.between(30s, 200s);
  for (node_number node = 0; node < stage.setup().nodes; ++node) {
    if (stage.time().random.chance(700))
      stage.happen({trouble_kind::slow, node, {}, stage.time().random.between(2, 3)});
  }
  if (with_rival_) stage.happen({trouble_kind::rival_starts, 0, {}, stage.time().random.between(1, 3)});
  return now + gap_;
}

// Every wait that a machine can be in is over by then: for a record's claim as edited by hand (20 s), a silence, what
// it stays out after a release, and what a store asked for.
instant rough_weather::settle(world& stage) {
  const bool speakers = stage.setup().speakers;
  stage.happen({trouble_kind::heal, 0, {}, 0});
  for (node_number node = 0; speakers && node < stage.setup().nodes; ++node) {
    stage.happen({trouble_kind::wish, node, 0ns, static_cast<std::int64_t>(target_)});
  }
  phase_ = phase::settling;
  return stage.time().now + 35s + 2 * stage.longest() + (speakers ? 45s + 3 * stage.setup().layout_validity : 0s);
}

// A single failure, as often as one renewal may fail.
instant rough_weather::nag(world& stage) {
  --nags_left_;
  random_source& random = stage.time().random;
  const int leader = stage.answering().front().leader();
  const instant now = stage.time().now;
  if (leader >= 0) {
    const auto node = static_cast<node_number>(leader);
    const trouble_kind kinds[] = {trouble_kind::refuse_next, trouble_kind::lose_responses, trouble_kind::watch_lost,
                                  trouble_kind::watch_rewind};
    stage.happen({kinds[random.below(4)], node, {}, 1});
  }
  const duration rest = stage.longest() > 3s ? stage.longest() : 3s;
  return now + random.between(rest, rest * 3 / 2);
}

instant rough_weather::take_leader(world& stage) {
  const int leader = stage.answering().front().leader();
  phase_ = phase::over;
  const instant now = stage.time().now;
  if (leader < 0) return now + 1s;
  // Two round trips, what timers are late by, and how far the fastest clock is ahead of the slowest.
  const duration round_trips = 2 * 4ms + 12ms + stage.hold_off_max();
  const trouble_kind kinds[] = {trouble_kind::crash, trouble_kind::stop, trouble_kind::hand_over};
  const trouble_kind kind = kinds[stage.time().random.below(3)];
  const bool planned = kind != trouble_kind::crash;
  const instant until = now + round_trips + (planned ? 0ns : stage.longest() * 1010 / 1000);
  for (entitlement& each : stage.answering()) {
    if (each.leader() == leader) each.allow_gap(until);
  }
  stage.happen({kind, static_cast<node_number>(leader), stage.time().random.between(1s, 10s), 0});
  return now + stage.longest() * 2 + 20s;
}

void rough_weather::strike(world& stage) {
  if (stage.setup().own_groups && stage.time().random.chance(300)) return shun(stage);
  const trouble drawn = draw(stage);
  if (drawn.kind != trouble_kind::none) stage.happen(drawn);
}

// A VIP goes from one node, or from all of them, for seconds or for so long that its record is removed.
void rough_weather::shun(world& stage) {
  random_source& random = stage.time().random;
  trouble drawn{trouble_kind::shun, static_cast<node_number>(random.below(stage.setup().nodes)),
                random.spread(100ms, 150s), 0, static_cast<record_number>(random.below(vips_max))};
  if (random.chance(300)) drawn.lasting = 0ns;
  const bool from_all = random.chance(400);
  for (node_number node = 0; node < stage.setup().nodes; ++node) {
    if (!from_all && node != drawn.node) continue;
    trouble each = drawn;
    each.node = node;
    if (from_all && drawn.lasting > 0ns) each.lasting += random.between(0ns, 2s);
    stage.happen(each);
  }
}

trouble rough_weather::draw(world& stage) {
  random_source& random = stage.time().random;
  const auto kind = static_cast<trouble_kind>(random.below(static_cast<std::uint64_t>(trouble_kind::rival_stops)) + 1);
  if ((tastes_ >> static_cast<unsigned>(kind) & 1) == 0) return {};
  trouble drawn{kind, static_cast<node_number>(random.below(stage.setup().nodes)), 0ns, 0};
  switch (kind) {
    case trouble_kind::deschedule:
    case trouble_kind::suspend:
    case trouble_kind::freeze:
      drawn.lasting = random.spread(1ms, 60s);
      break;
    case trouble_kind::crash:
      drawn.amount = random.chance(300);
      [[fallthrough]];
    case trouble_kind::stop:
    case trouble_kind::unwilling:
      drawn.lasting = random.spread(10ms, 20s);
      break;
    case trouble_kind::slew:
      drawn.amount = random.between(-100'000, 100'000);
      break;
    case trouble_kind::step_wall:
      drawn.amount = random.chance(500) ? random.between(-1000, 1000) : random.between(-3'600'000, 3'600'000);
      break;
    case trouble_kind::wish:
      if (!stage.setup().speakers) return {};
      if (random.chance(200)) target_ = random.below(stage.wishes());
      drawn.amount = static_cast<std::int64_t>(target_);
      drawn.lasting = random.spread(10ms, 5s);
      break;
    case trouble_kind::rival_starts:
      if (!with_rival_) return {};
      drawn.amount = random.between(1, 3);
      break;
    default:
      return kind < trouble_kind::outage ? draw_for_link(stage, kind) : draw_for_store(stage, kind);
  }
  return drawn;
}

trouble rough_weather::draw_for_link(world& stage, trouble_kind kind) {
  random_source& random = stage.time().random;
  trouble drawn{kind, static_cast<node_number>(random.below(stage.setup().nodes)), 0ns, 0};
  const bool ends = random.chance(400);
  if (kind >= trouble_kind::block_requests && kind <= trouble_kind::block_both) {
    drawn.lasting = random.spread(100ms, 40s);
  } else if (kind == trouble_kind::slow) {
    drawn.amount = random.between(1, 3);
  } else if (kind >= trouble_kind::lose && kind <= trouble_kind::refuse) {
    drawn.amount = ends ? 0 : random.between(10, 400);
  } else if (kind == trouble_kind::hold_writes || kind == trouble_kind::delay_loads) {
    drawn.lasting = random.spread(50ms, 20s);
    drawn.amount = random.between(1, 3);
  } else if (kind == trouble_kind::lose_responses || kind == trouble_kind::refuse_next) {
    drawn.amount = random.between(1, 6);
  } else if (kind == trouble_kind::watch_stall) {
    drawn.lasting = random.spread(100ms, 40s);
    drawn.amount = random.chance(500);
  } else if (kind == trouble_kind::watch_lag) {
    drawn.amount = ends ? 0 : random.between(1, 9000);
  } else if (kind == trouble_kind::watch_skip || kind == trouble_kind::watch_reorder) {
    drawn.amount = ends ? 0 : random.between(10, 700);
  }
  return drawn;
}

trouble rough_weather::draw_for_store(world& stage, trouble_kind kind) {
  random_source& random = stage.time().random;
  trouble drawn{kind, 0, 0ns, 0, static_cast<record_number>(random.below(stage.records()))};
  if (kind == trouble_kind::outage) {
    drawn.amount = random.between(1, 3);
    drawn.lasting = random.spread(100ms, 40s);
  } else if (kind == trouble_kind::restore) {
    drawn.amount = random.between(100, 60'000);
    drawn.lasting = random.spread(1s, 60s);
  } else if (kind == trouble_kind::remove) {
    drawn.amount = random.chance(500);
  } else if (kind >= trouble_kind::edit_garbage && kind <= trouble_kind::replay_era) {
    if (!with_edits_) return {};
    drawn.amount = random.chance(300) ? random.between(-1000, 1000) : random.between(0, 20'000);
  } else if (kind == trouble_kind::put_back) {
    // What is put back is waited out for as long as it says: a dead process' record not at all, a short lease shortly.
    if (stage.setup().proves_deaths || stage.setup().mixed_durations || !with_edits_) return {};
  } else if (kind == trouble_kind::touch) {
    drawn.amount = random.chance(300) ? random.between(1, stage.setup().nodes + 1) : 0;
  } else if (kind > trouble_kind::touch && !with_rival_) {
    return {};
  }
  return drawn;
}

}  // namespace simulator
