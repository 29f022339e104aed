// SPDX-License-Identifier: BSL-1.0

#include "layout_scenario.hpp"
#include "own_group_scenario.hpp"
#include "scenario.hpp"

#include <utility>

namespace simulator {

using namespace std::chrono_literals;
using kind = trouble_kind;

namespace {

namespace profiles = isat::election::profiles;

/// Three nodes on the default timing, in fine weather. Node 0 starts first, seizes the record, and leads from the
/// fourth second on; node 1 is next.
world_setup three() { return {.nodes = 3, .timing = profiles::standard}; }

world_setup two() { return {.nodes = 2, .timing = profiles::standard}; }

/// Leases of 3, 1.5 and 1 s.
world_setup mixed() { return {.nodes = 3, .timing = profiles::standard, .mixed_durations = true}; }

/// Node 0 is cut off, believing in its lease.
scheduled cut_off(instant at, duration lasting) { return {at, {kind::block_both, 0, lasting, 0}}; }

scheduled remove_record(instant at) { return {at, {kind::remove, 0, 0ns, 0}}; }

// The slowest holder that is promised, and the fastest follower.
scenario drift() {
  return {"the holder's clocks are slow and the follower's fast",
          mutant::no_drift_allowance,
          {.nodes = 2, .timing = profiles::lean, .rates_at_limit = true},
          {{1s, {kind::slew, 0, 0ns, -100'000}}, {1s, {kind::slew, 1, 0ns, 100'000}}, cut_off(60s, 60s)},
          100s};
}

// Node 0, which hears nothing for five seconds, finds its last record at a newer version: another has led in between,
// and believes to lead still.
scenario put_back_late() {
  return {"a holder's last record is put back after another has led",
          mutant::touched_kept_late,
          two(),
          {{10s, {kind::watch_stall, 0, 5s, 1}},
           {10s, {kind::block_requests, 0, 5s, 0}},
           {15s, {kind::watch_stall, 1, 10s, 1}},
           {15s, {kind::block_both, 1, 10s, 0}},
           {15'010ms, {kind::put_back, 0, 0ns, 0}}},
          25s};
}

// Node 1 seizes what is damaged, and renews it; node 0 finds its record put back in time, and goes on with it.
scenario put_back_to_the_last_holder() {
  return {"a record is damaged, seized, and put back while its last holder is entitled",
          mutant::waiting_entitles,
          two(),
          {{10s, {kind::watch_stall, 0, 1730ms, 1}},
           {10s, {kind::block_requests, 0, 1750ms, 0}},
           {10'010ms, {kind::edit_garbage, 0, 0ns, 0}},
           {11'700ms, {kind::watch_stall, 1, 10s, 1}},
           {11'700ms, {kind::block_both, 1, 10s, 0}},
           {11'740ms, {kind::put_back, 0, 0ns, 0}}},
          20s};
}

// As saved_release(); node 1 was named, and leads.
scenario saved_release_for_an_heir() {
  return {
      "a record that was released for an heir is made again from a backup",
      mutant::heir_needs_no_mark,
      three(),
      {{5s, {kind::touch, 0, 0ns, 2}}, {10s, {kind::block_both, 1, 10s, 0}}, {10s, {kind::replay_release, 0, 0ns, 0}}},
      20s};
}

// Somebody restores a backup of the record that was made after a release.
scenario saved_release() {
  return {"a released record is made again from a backup",
          mutant::any_release_frees,
          three(),
          {{5s, {kind::hand_over, 0, 0ns, 0}},
           {10s, {kind::block_both, 1, 10s, 0}},
           {10s, {kind::replay_release, 0, 0ns, 0}}},
          20s};
}

scenario dead_seizer() {
  world_setup setup = three();
  setup.proves_deaths = true;
  return {"a seizer dies, and its host says so, while the last holder is entitled",
          mutant::orphaned_waiting_frees,
          setup,
          {cut_off(10s, 10s), remove_record(10s), {10'100ms, {kind::crash, 1, 20s, 0}}},
          20s};
}

// The answer to a read that was sent before a renewal comes after it, again and again.
scenario old_answers() {
  scenario result{"answers to reads come after the next renewal", mutant::trusts_stale_read, two(), {}, 40s};
  result.script.push_back({10s, {kind::expect_leader, 0, 30s, 0}});
  for (instant at = 11s; at < 35s; at += 910ms) {
    result.script.push_back({at, {kind::delay_loads, 0, 500ms, 1}});
    result.script.push_back({at, {kind::watch_lost, 0, 0ns, 0}});
  }
  return result;
}

// A create is repeated for seconds without an answer; a copy of it takes effect when the record, which another node
// has led with in between, is removed a second time.
scenario late_create() {
  return {"a create takes effect long after it was sent first",
          mutant::silence_from_send,
          two(),
          {{9900ms, {kind::watch_stall, 0, 1s, 1}},
           {9900ms, {kind::hold_writes, 1, 2500ms, 100}},
           remove_record(10s),
           {10'045ms, {kind::block_responses, 1, 5955ms, 0}},
           cut_off(15s, 10s),
           remove_record(15'050ms),
           {15'900ms, {kind::hold_writes, 1, 0ns, 0}}},
          25s};
}

// Node 2, whose leases are short, seizes and dies.
scenario short_seizer() {
  return {"a seizer with short leases dies while the last holder is entitled",
          mutant::waiting_carries_own_duration,
          mixed(),
          {cut_off(10s, 10s),
           {10s, {kind::deschedule, 1, 200ms, 0}},
           remove_record(10s),
           {10'150ms, {kind::crash, 2, 60s, 0}}},
          20s};
}

scenario seizer_retires() {
  return {"a seizer becomes unwilling while the last holder is entitled",
          mutant::waiting_releases,
          three(),
          {cut_off(10s, 10s), remove_record(10s), {10'100ms, {kind::unwilling, 1, 20s, 0}}},
          20s};
}

// A follower that was cut off writes over the version that it has waited out; the record has gone on, and is removed.
scenario blind_takeover() {
  return {"a takeover meets a record that was just removed",
          mutant::no_incarnation_guard,
          two(),
          {{10s, {kind::watch_stall, 1, 5s, 1}},
           {10s, {kind::block_responses, 1, 3700ms, 0}},
           cut_off(12'950ms, 10s),
           remove_record(12'980ms)},
          20s};
}

// The rival sees one renewal of two that fall into one second, and then none.
scenario within_one_second() {
  scenario result{"a rival polls between two renewals of one second, and the holder is cut off",
                  mutant::whole_seconds_without_one,
                  {.nodes = 1, .timing = profiles::standard, .rival = rival_quick},
                  {},
                  1800s};
  for (instant at = 10s; at < 1780s; at += 20s) {
    result.script.push_back({at, {kind::rival_starts, 0, 0ns, 1}});
    result.script.push_back(cut_off(at + 4s, 5s));
    result.script.push_back({at + 9s, {kind::rival_crashes, 0, 0ns, 0}});
  }
  return result;
}

scenario emptied(mutant aimed_at) {
  return {"somebody empties the holder while it is cut off",
          aimed_at,
          three(),
          {cut_off(10s, 10s), {10s, {kind::edit_vacant, 0, 0ns, 1000}}},
          20s};
}

// A renewal takes effect and its answers come late.
scenario late_answers(mutant aimed_at) {
  scenario result{"a renewal is confirmed late, then its holder is cut off", aimed_at, two(), {}, 120s};
  for (instant at = 10s; at < 110s; at += 20s) {
    for (node_number node = 0; node < 2; ++node) {
      result.script.push_back({at, {kind::block_responses, node, node == 0 ? 2s : 1ms, 0}});
    }
    result.script.push_back({at + 1900ms, {kind::block_requests, 0, 6s, 0}});
  }
  return result;
}

scenario missing() {
  return {"the record is removed while its holder is cut off",
          mutant::creates_and_answers,
          three(),
          {cut_off(10s, 10s), remove_record(10s)},
          20s};
}

scenario short_follower() {
  return {"a follower's leases are shorter than the holder's",
          mutant::follower_uses_own_duration,
          mixed(),
          {cut_off(10s, 10s)},
          20s};
}

scenario long_pause() {
  return {"a follower is descheduled while the holder renews",
          mutant::reads_clock_before_message,
          two(),
          {{10s, {kind::deschedule, 1, 2500ms, 0}}, cut_off(12'450ms, 10s)},
          20s};
}

scenario sleep() {
  return {"the holder's host sleeps", mutant::steady_clock_only, two(), {{10s, {kind::suspend, 0, 10s, 0}}}, 25s};
}

std::vector<scenario> write_all() {
  std::vector<scenario> all = layout_scenarios();
  for (scenario& each : own_group_scenarios()) all.push_back(std::move(each));
  all.push_back(drift());
  all.push_back(put_back_late());
  all.push_back(put_back_to_the_last_holder());
  all.push_back(saved_release_for_an_heir());
  all.push_back(saved_release());
  all.push_back(dead_seizer());
  all.push_back(old_answers());
  all.push_back(late_create());
  all.push_back(short_seizer());
  all.push_back(seizer_retires());
  all.push_back(blind_takeover());
  all.push_back(within_one_second());
  all.push_back(emptied(mutant::unmarked_release_frees));
  all.push_back(emptied(mutant::empty_waits_own_duration));
  all.push_back(late_answers(mutant::deadline_from_response));
  all.push_back(late_answers(mutant::deadline_from_last_send));
  all.push_back(late_answers(mutant::deadline_from_read_back));
  all.push_back(missing());
  all.push_back(short_follower());
  all.push_back(long_pause());
  all.push_back(sleep());
  return all;
}

}  // namespace

const std::vector<scenario>& scenarios() {
  static const std::vector<scenario> all = write_all();
  return all;
}

instant scripted_weather::go_on(world& stage) {
  while (next_ < script_.size() && script_[next_].at <= stage.time().now) stage.happen(script_[next_++].what);
  return next_ < script_.size() ? script_[next_].at : never;
}

}  // namespace simulator
