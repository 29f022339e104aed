// SPDX-License-Identifier: BSL-1.0

// The table of a node in a large cluster, without a network: N Services with an address and a slice of four endpoints
// each, and 20 Nodes. A list of everything, and one change among all that; what one Service takes, by the allocator's
// books and by the table's own estimate.

#include "isat/kubernetes/service/service_table.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <malloc.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using isat::ipv4_address;
using namespace isat::kubernetes;

constexpr std::size_t node_count = 20;

std::string node_name(std::size_t number) { return "worker-" + std::to_string(number) + ".cluster.example"; }

struct cluster {
  explicit cluster(std::size_t count) {
    for (std::size_t i = 0; i < node_count; ++i) {
      node_facts node;
      node.name = node_name(i);
      node.addresses = {ipv4_address{0x0a010001U + static_cast<std::uint32_t>(i)}};
      nodes.push_back(std::move(node));
    }
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name = "some-application-" + std::to_string(i);
      service_facts service;
      service.name = {"some-namespace-" + std::to_string(i % 50), name};
      service.uid = "0f5a3c52-6a0b-4b57-9d0a-0123456789ab";
      service.load_balancer = true;
      service.addresses = {ipv4_address{0x0a800001U + static_cast<std::uint32_t>(i)}};
      service.ports = {{port_protocol::tcp, 80}, {port_protocol::tcp, 443}};
      slice_facts slice;
      slice.name = {service.name.name_space, name + "-x7k2p"};
      slice.service = name;
      for (std::size_t j = 0; j < 4; ++j) slice.nodes.push_back(node_name((i + 5 * j) % node_count));
      std::ranges::sort(slice.nodes);
      services.push_back(std::move(service));
      slices.push_back(std::move(slice));
    }
  }

  void list_into(service_table& table) const {
    for (const auto kind : {object_kind::node, object_kind::service, object_kind::slice}) table.begin_list(kind);
    for (const auto& each : nodes) table.set(each);
    for (const auto& each : services) table.set(each);
    for (const auto& each : slices) table.set(each);
    for (const auto kind : {object_kind::node, object_kind::service, object_kind::slice}) table.end_list(kind);
  }

  std::vector<node_facts> nodes;
  std::vector<service_facts> services;
  std::vector<slice_facts> slices;
};

std::size_t take_all(service_table& table) {
  std::size_t changes = 0;
  while (table.take_change()) ++changes;
  while (table.take_notice()) {
  }
  return changes;
}

void list_everything(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const cluster all{count};
  const std::size_t before = mallinfo2().uordblks;
  std::optional<service_table> table;
  for (auto _ : state) {
    table.emplace(service_rules{node_name(0)});
    all.list_into(*table);
    if (take_all(*table) != count) state.SkipWithError("not every address is a VIP");
  }
  const auto per_service = [count](std::size_t octets) {
    return static_cast<double>(octets) / static_cast<double>(count);
  };
  state.counters["octets_per_service"] = per_service(mallinfo2().uordblks - before);
  state.counters["octets_estimated"] = per_service(table->memory());
}

void list_again(benchmark::State& state) {
  const cluster all{static_cast<std::size_t>(state.range(0))};
  service_table table{service_rules{node_name(0)}};
  all.list_into(table);
  take_all(table);
  for (auto _ : state) {
    all.list_into(table);
    if (take_all(table) != 0) state.SkipWithError("what was the same before is told again");
  }
}

void endpoints_move(benchmark::State& state) {
  cluster all{static_cast<std::size_t>(state.range(0))};
  for (auto& each : all.services) each.local = true;
  service_table table{service_rules{node_name(0)}};
  all.list_into(table);
  take_all(table);
  std::size_t at = 0;
  for (auto _ : state) {
    slice_facts& slice = all.slices[at++ % all.slices.size()];
    slice.nodes = {node_name(at % node_count)};
    table.set(slice);
    benchmark::DoNotOptimize(take_all(table));
  }
}

void own_node_changes(benchmark::State& state) {
  cluster all{static_cast<std::size_t>(state.range(0))};
  service_table table{service_rules{node_name(0)}};
  all.list_into(table);
  take_all(table);
  for (auto _ : state) {
    all.nodes[0].excluded = !all.nodes[0].excluded;
    table.set(all.nodes[0]);
    if (take_all(table) != all.services.size()) state.SkipWithError("not everything has changed");
  }
}

void estimate_memory(benchmark::State& state) {
  const cluster all{static_cast<std::size_t>(state.range(0))};
  service_table table{service_rules{node_name(0)}};
  all.list_into(table);
  take_all(table);
  for (auto _ : state) benchmark::DoNotOptimize(table.memory());
}

BENCHMARK(list_everything)->Arg(100)->Arg(5000)->Unit(benchmark::kMicrosecond);
BENCHMARK(list_again)->Arg(100)->Arg(5000)->Unit(benchmark::kMicrosecond);
BENCHMARK(endpoints_move)->Arg(100)->Arg(5000);
BENCHMARK(own_node_changes)->Arg(100)->Arg(5000)->Unit(benchmark::kMicrosecond);
BENCHMARK(estimate_memory)->Arg(100)->Arg(5000)->Unit(benchmark::kMicrosecond);

}  // namespace
