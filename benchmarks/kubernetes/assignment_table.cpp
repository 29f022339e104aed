// SPDX-License-Identifier: BSL-1.0

// The assigner's table with a pool that is full, without a network: N Services without an address come at once, the
// pool has room for half of them, and of each block something else in the cluster has a few addresses.

#include "isat/kubernetes/service/assignment_table.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using isat::ipv4_address;
using namespace isat::kubernetes;

constexpr std::uint32_t first_address = 0x0a800000U;

/// A table, and the API server that does what it asks for.
class assigner {
 public:
  explicit assigner(std::size_t addresses) : table_{settings_of(addresses)} {
    table_.begin_list();
    table_.end_list();
    settle();
  }

  void come(std::size_t first, std::size_t count) {
    for (std::size_t number = first; number < first + count; ++number) {
      assignee service;
      service.service = {{"default", "service-" + std::to_string(number)}, "uid-" + std::to_string(number)};
      service.load_balancer = true;
      change(std::move(service));
    }
    settle();
  }
  void go(std::size_t number) {
    const object_name name{"default", "service-" + std::to_string(number)};
    services_.erase(name);
    table_.erase(name);
    settle();
  }

  std::size_t claims() const noexcept { return table_.claim_count(); }

 private:
  static assignment_settings settings_of(std::size_t addresses) {
    assignment_settings settings;
    settings.pool = address_pool{
        {{ipv4_address{first_address}, ipv4_address{first_address + static_cast<std::uint32_t>(addresses) - 1}}}};
    settings.in_use = [](ipv4_address address) { return (address.bits() & 0x3fU) == 7; };
    return settings;
  }

  void change(assignee service) {
    service.version = std::to_string(++versions_);
    services_[service.service.name] = service;
    table_.set(std::move(service));
  }

  void settle() {
    while (true) {
      while (table_.take_notice()) {
      }
      const auto asked = table_.take_request(now_);
      if (!asked) {
        if (table_.wake_in(now_) > std::chrono::seconds{1}) return;
        now_ += table_.wake_in(now_) + std::chrono::milliseconds{1};
        continue;
      }
      answer(*asked);
    }
  }

  void answer(const assignment_request& asked) {
    constexpr auto done = assignment_outcome::done;
    switch (asked.step) {
      case assignment_step::none:
        break;
      case assignment_step::list_records:
        return table_.on_records(asked.id, now_, done, {});
      case assignment_step::load_record:
        return table_.on_record(asked.id, now_, done, records_[asked.record.name]);
      case assignment_step::write_record: {
        auto& kept = records_[asked.record.name];
        kept = asked.record;
        kept.at = {1, ++versions_};
        return table_.on_record(asked.id, now_, done, kept);
      }
      case assignment_step::write_status: {
        table_.on_status(asked.id, now_, done);
        assignee service = services_.at(asked.service.name);
        service.addresses = asked.addresses;
        return change(std::move(service));
      }
      case assignment_step::read_service: {
        const auto found = services_.find(asked.service.name);
        return table_.on_service(asked.id, now_, done,
                                 found != services_.end() ? std::optional{found->second} : std::nullopt);
      }
    }
  }

  assignment_table table_;
  std::map<object_name, assignee> services_;
  std::map<std::string, isat::election::entry> records_;
  std::uint64_t versions_ = 0;
  std::chrono::steady_clock::time_point now_{std::chrono::hours{1}};
};

void fill_pool(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    assigner all{count / 2};
    all.come(0, count);
    if (all.claims() < count / 2 * 9 / 10) state.SkipWithError("the pool is not full");
  }
  state.counters["per_service"] = benchmark::Counter(
      static_cast<double>(count), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void come_to_a_full_pool(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  assigner all{count};
  all.come(0, count);
  std::size_t next = count;
  for (auto _ : state) all.come(next++, 1);
}

void one_goes(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  assigner all{count};
  all.come(0, 2 * count);
  std::size_t next = 0;
  for (auto _ : state) {
    state.PauseTiming();
    if (next == count / 2) state.SkipWithError("too many iterations");
    state.ResumeTiming();
    all.go(next++);
  }
}

BENCHMARK(fill_pool)->Arg(500)->Arg(5000)->Unit(benchmark::kMillisecond);
BENCHMARK(come_to_a_full_pool)->Arg(500)->Arg(5000)->Unit(benchmark::kMicrosecond)->Iterations(1000);
BENCHMARK(one_goes)->Arg(500)->Arg(5000)->Unit(benchmark::kMicrosecond)->Iterations(100);

}  // namespace
