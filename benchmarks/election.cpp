// SPDX-License-Identifier: BSL-1.0

// What an election costs where groups are many: to place them, and to lead them side by side.

#include "election_cluster.hpp"
#include "isat/detail/mix.hpp"
#include "isat/election/placement.hpp"
#include "measure.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using namespace isat::bench;
using namespace std::chrono_literals;
namespace election = isat::election;
using cluster = isat::test::election_cluster;

// Every second group is nobody's, as while a thousand addresses are new.
void place_groups(benchmark::State& state) {
  const auto nodes = static_cast<std::size_t>(state.range(0));
  const auto groups = static_cast<std::size_t>(state.range(1));
  isat::detail::id_sequence random{1};
  std::vector<election::node_id> live(nodes);
  for (auto& each : live) each = election::node_id{random.next()};
  std::vector<std::uint64_t> keys(groups);
  for (auto& each : keys) each = random.next();
  std::vector<election::group_owner> owners(groups);
  for (std::size_t at = 0; at < groups; at += 2) owners[at].node = live[random.next() % nodes];
  election::placement placement;
  placement.compute(live, live.front(), owners, keys);
  measure(state, [&] {
    placement.compute(live, live.front(), owners, keys);
    return placement.places().data();
  });
  state.counters["pairs"] =
      benchmark::Counter(static_cast<double>(nodes * groups), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(place_groups)->Args({3, 100})->Args({3, 1'000})->Args({20, 1'000})->Args({100, 1'000});

// Three speakers that have the same VIPs, each a group of its own.
struct three_speakers : cluster {
  explicit three_speakers(std::uint32_t count) {
    groups_wanted = 0;
    for (std::size_t node = 0; node < 3; ++node) {
      start(node, {election::grouping::service, 0, 3s});
      for (std::uint32_t vip = 0; vip < count; ++vip) want(node, vip, true);
    }
  }
};

void take_addresses(benchmark::State& state) {
  const auto vips = static_cast<std::uint32_t>(state.range(0));
  measure(
      state,
      [vips] {
        three_speakers all{vips};
        all.run_for(8s);
        return all.leader_of(cluster::own_group(vips - 1));
      },
      allocations::any);
  state.SetItemsProcessed(state.iterations() * vips);
}
BENCHMARK(take_addresses)->Arg(10)->Arg(100)->Arg(1'000)->Unit(benchmark::kMillisecond);

void lead_addresses_for_a_second(benchmark::State& state) {
  const auto vips = static_cast<std::uint32_t>(state.range(0));
  three_speakers all{vips};
  all.run_for(20s);
  measure(
      state,
      [&all] {
        all.run_for(1s);
        return all.now();
      },
      allocations::any);
  state.SetItemsProcessed(state.iterations() * vips);
}
BENCHMARK(lead_addresses_for_a_second)->Arg(10)->Arg(100)->Arg(1'000)->Unit(benchmark::kMillisecond);

}  // namespace
