// SPDX-License-Identifier: BSL-1.0

// Look-ups of addresses that are VIPs (hit) and of their neighbours that are not (miss), beside the same in a
// std::unordered_map: what counts is the ratio of the two in one run. The argument is the number of VIPs.

#include "cases.hpp"
#include "isat/responder/vip_table.hpp"
#include "measure.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>

namespace {

using namespace isat::bench;
using isat::group_id;
using isat::interface_id;
using isat::ipv4_address;
using isat::responder::vip;
using isat::responder::vip_table;

// The table that vip_table is compared with, behind the same three functions.
class std_table {
 public:
  void reserve(std::size_t count) { vips_.reserve(count); }
  void add(const vip& added) { vips_.insert_or_assign(added.address, added); }
  bool remove(ipv4_address address) { return vips_.erase(address) != 0; }
  const vip* find(ipv4_address address, interface_id interface) const {
    const auto found = vips_.find(address);
    return found != vips_.end() && found->second.interfaces.contains(interface) ? &found->second : nullptr;
  }

 private:
  struct hash {
    std::size_t operator()(ipv4_address address) const noexcept { return std::hash<std::uint32_t>{}(address.bits()); }
  };
  std::unordered_map<ipv4_address, vip, hash> vips_;
};

void sizes(benchmark::internal::Benchmark* each) { each->Arg(1)->Arg(100)->Arg(10'000)->Arg(1'000'000); }

template <class Table>
Table table_of(std::size_t count) {
  Table table;
  table.reserve(count);
  for (const auto address : shuffled(0, count)) table.add({address, group_id{}});
  return table;
}

template <class Table>
void hit(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto table = table_of<Table>(count);
  carousel asked{shuffled(0, count)};
  measure(state, [&] { return table.find(asked.next(), interface_id{0}); });
}
BENCHMARK_TEMPLATE(hit, vip_table)->Apply(sizes);
BENCHMARK_TEMPLATE(hit, std_table)->Apply(sizes);

template <class Table>
void miss(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto table = table_of<Table>(count);
  carousel asked{shuffled(count, count)};
  measure(state, [&] { return table.find(asked.next(), interface_id{0}); });
}
BENCHMARK_TEMPLATE(miss, vip_table)->Apply(sizes);
BENCHMARK_TEMPLATE(miss, std_table)->Apply(sizes);

// One VIP goes and comes back: unlike the look-ups, std::unordered_map allocates here.
template <class Table>
void replace(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  auto table = table_of<Table>(count);
  carousel asked{shuffled(0, count)};
  measure(
      state,
      [&] {
        const auto address = asked.next();
        const bool removed = table.remove(address);
        table.add({address, group_id{}});
        return removed;
      },
      std::is_same_v<Table, vip_table> ? allocations::none : allocations::any);
}
BENCHMARK_TEMPLATE(replace, vip_table)->Apply(sizes);
BENCHMARK_TEMPLATE(replace, std_table)->Apply(sizes);

}  // namespace
