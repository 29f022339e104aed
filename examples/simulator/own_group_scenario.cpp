// SPDX-License-Identifier: BSL-1.0

#include "own_group_scenario.hpp"

#include <initializer_list>

namespace simulator {

using namespace std::chrono_literals;
using kind = trouble_kind;

namespace {

namespace profiles = isat::election::profiles;

/// Three speakers with short leases, and each VIP is a group of its own.
world_setup three_speakers() {
  world_setup setup{.nodes = 3, .timing = profiles::fast, .speakers = true};
  setup.first_wish = world::wish_of_own_groups;
  setup.own_groups = true;
  return setup;
}

scheduled without(instant at, node_number node, record_number vip, duration lasting) {
  return {at, {kind::shun, node, lasting, 0, vip}};
}

scheduled expect_vip(instant at, record_number vip, duration lasting) {
  return {at, {kind::expect_leader, 0, lasting, 1, vip}};
}

void without_all(scenario& into, instant at, node_number node, std::initializer_list<record_number> vips) {
  for (const record_number vip : vips) into.script.push_back(without(at, node, vip, 1h));
}

// Node 0 has a VIP no more that another leads.
scenario onlooker() {
  scenario result{
      "a speaker looks on while others lead what it has not", mutant::removes_held, three_speakers(), {}, 90s};
  without_all(result, 1s, 0, {0});
  result.script.push_back(expect_vip(20s, 0, 60s));
  return result;
}

// Node 1 lets go of the VIP that only it has, and starts again, so that to it the record lies there for shorter. Node
// 2, which has no VIP and so writes little, asks to remove it, and that takes effect when node 1 leads again.
scenario late_removal() {
  scenario result{
      "a removal takes effect when its record is held again", mutant::removes_unguarded, three_speakers(), {}, 60s};
  result.setup.litter_age = 10s;
  without_all(result, 1s, 0, {0});
  without_all(result, 1s, 2, {0, 1, 2, 3, 4, 5});
  result.script.push_back({19s, {kind::crash, 0, 1h, 0}});
  result.script.push_back(without(20s, 1, 0, 11s));
  result.script.push_back({20'500ms, {kind::crash, 1, 9s, 0}});
  result.script.push_back({29'900ms, {kind::hold_writes, 2, 5s, 2}});
  result.script.push_back(expect_vip(34s, 0, 20s));
  return result;
}

// Node 0 leads the only VIP that it has, and has in one instant another one instead, which others lead.
scenario exchange() {
  scenario result{"a speaker has in one instant another VIP than before",
                  mutant::group_id_reused_at_once,
                  three_speakers(),
                  {},
                  80s};
  without_all(result, 1s, 0, {1, 2, 3, 4, 5});
  for (const node_number node : {1U, 2U}) result.script.push_back(without(1s, node, 0, 19s));
  result.script.push_back(without(20s, 0, 0, 1h));
  result.script.push_back(without(20s, 0, 1, 0s));
  result.script.push_back(expect_vip(21s, 1, 50s));
  return result;
}

// Nobody has a VIP for so long that its record is removed; then all have it again.
scenario gone_and_back() {
  scenario result{
      "a VIP is gone for longer than its record lies there, and comes back", mutant::none, three_speakers(), {}, 150s};
  result.script.push_back({15s, {kind::expect_leader, 0, 4s, 0}});
  for (node_number node = 0; node < 3; ++node) result.script.push_back(without(20s, node, 0, 80s));
  for (record_number vip = 1; vip < vips_max; ++vip) result.script.push_back(expect_vip(20s, vip, 130s));
  result.script.push_back(expect_vip(104s, 0, 46s));
  return result;
}

}  // namespace

std::vector<scenario> own_group_scenarios() { return {onlooker(), late_removal(), exchange(), gone_and_back()}; }

}  // namespace simulator
