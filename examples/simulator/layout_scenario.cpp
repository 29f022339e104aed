// SPDX-License-Identifier: BSL-1.0

#include "layout_scenario.hpp"
#include "speaker_node.hpp"

namespace simulator {

using namespace std::chrono_literals;
using kind = trouble_kind;

namespace {

namespace profiles = isat::election::profiles;

/// Two speakers with short leases, on a store whose layouts are valid for 3 s, and eight groups.
world_setup two_speakers() { return {.nodes = 2, .timing = profiles::fast, .speakers = true, .first_wish = 2}; }

world_setup three_speakers() { return {.nodes = 3, .timing = profiles::standard, .speakers = true}; }

scheduled wish(instant at, node_number node, std::int64_t number) { return {at, {kind::wish, node, 0ns, number}}; }

// Node 1 has started again, so that node 0 leads all groups. It goes on renewing them and hears nothing more of the
// layout; that is removed, and node 1, which wishes a single group, makes it anew. It takes one record; the others, by
// which node 0 answers for most VIPs, it does not touch.
scenario deaf_leader(mutant aimed_at) {
  return {"a leader goes on renewing but hears nothing of the layout, which changes",
          aimed_at,
          two_speakers(),
          {wish(10s, 1, 0),
           {27s, {kind::delay_loads, 0, 1ms, 1000}},
           {30'200ms, {kind::watch_stall, 0, 60s, 1}},
           {30'200ms, {kind::delay_loads, 0, 60s, 1000}},
           {30'200ms, {kind::remove, 0, 0ns, 0, layout_record}}},
          40s};
}

// Answers to readings come as late as they may without being given up. Node 0 reads every second, since the tenth of a
// second after its start: it has just read.
scenario late_readings() {
  scenario result = deaf_leader(mutant::layout_valid_from_response);
  result.name = "a leader's last reading of the layout is answered late, then the layout changes";
  result.script[1].what.lasting = 280ms;
  return result;
}

scenario early_readings() {
  scenario result{"readings of the layout are answered after it was opened",
                  mutant::trusts_stale_layout_read,
                  three_speakers(),
                  {},
                  200s};
  for (node_number node = 0; node < 3; ++node) result.script.push_back({0s, {kind::delay_loads, node, 650ms, 10'000}});
  for (instant at = 10s; at < 190s; at += 12s) {
    result.script.push_back({at, {kind::remove, 0, 0ns, 0, layout_record}});
    result.script.push_back({at + 6200ms, {kind::expect_leader, 0, 5s, 0}});
  }
  return result;
}

// A backup of a group's record, made in an era with shorter leases, is applied while its holder is cut off.
scenario saved_in_another_era(mutant aimed_at) {
  world_setup setup = three_speakers();
  setup.first_wish = 4;
  scenario result{"a group's record is made again from a backup of another era", aimed_at, setup, {}, 60s};
  for (node_number node = 0; node < 3; ++node) result.script.push_back(wish(10s + node * 1s, node, 0));
  for (node_number node = 0; node < 3; ++node) {
    // Whoever leads: one of them is cut off, and the two others are left.
    const instant at = 40s + node * 6s;
    result.script.push_back({at, {kind::block_both, node, 5s, 0}});
    result.script.push_back({at, {kind::replay_era, 0, 0ns, 0, 0}});
  }
  return result;
}

// The single group's layout, which was in force before, is put back while node 0 does not listen.
scenario put_back() {
  world_setup setup = two_speakers();
  setup.first_wish = 0;
  return {"the layout is made again from a backup of an era that is over",
          mutant::ended_era_returns,
          setup,
          {wish(8s, 0, 2),
           wish(16s, 1, 2),
           wish(28s, 1, 0),  // so that they do not agree on going back at once
           {40s, {kind::watch_stall, 0, 60s, 1}},
           {40s, {kind::delay_loads, 0, 60s, 1000}},
           {40s, {kind::replay_era, 0, 0ns, 0, layout_record}}},
          50s};
}

// From shards:4 to shards:8, speaker by speaker; then back in the middle of the way.
scenario rolling_change() {
  world_setup setup = three_speakers();
  setup.first_wish = 1;
  scenario result{
      "a change goes from speaker to speaker, another is taken back half way", mutant::none, setup, {}, 200s};
  result.script.push_back({15s, {kind::expect_leader, 0, 1s, 0}});
  for (node_number node = 0; node < 3; ++node) result.script.push_back(wish(20s + node * 10s, node, 2));
  result.script.push_back({80s, {kind::expect_leader, 0, 9s, 0}});
  for (node_number node = 0; node < 2; ++node) result.script.push_back(wish(90s + node * 10s, node, 1));
  for (node_number node = 0; node < 2; ++node) result.script.push_back(wish(120s + node * 10s, node, 2));
  result.script.push_back({180s, {kind::expect_leader, 0, 20s, 0}});
  return result;
}

// A whole cluster starts at once, as after a power failure.
scenario all_at_once() {
  world_setup setup{.nodes = 500, .timing = profiles::lean, .speakers = true, .layout_validity = 15s};
  setup.first_wish = 1;
  setup.start_gap = 1ms;
  scenario result{"five hundred speakers start at once", mutant::none, setup, {}, 60s};
  result.script.push_back({40s, {kind::expect_leader, 0, 20s, 0}});
  result.is_rare = true;
  return result;
}

}  // namespace

std::vector<scenario> layout_scenarios() {
  return {deaf_leader(mutant::layout_not_read),
          deaf_leader(mutant::layout_made_open),
          deaf_leader(mutant::opened_at_once),
          deaf_leader(mutant::answers_while_opening),
          late_readings(),
          early_readings(),
          saved_in_another_era(mutant::foreign_era_free),
          saved_in_another_era(mutant::foreign_era_ours),
          put_back(),
          rolling_change(),
          all_at_once()};
}

}  // namespace simulator
