// SPDX-License-Identifier: BSL-1.0

// The loop of every benchmark here: it times `work` and reports beside the time how many allocations one iteration
// made. On the paths measured here that number is zero, so anything else turns the row into an error.
#pragma once

#include "allocation_count.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>

namespace isat::bench {

/// What one iteration may allocate.
enum class allocations : std::uint8_t { none = 0, any = 1 };

/// Runs `work` once per iteration; its result is kept from being optimized away.
template <class Work>
void measure(benchmark::State& state, Work work, allocations allowed = allocations::none) {
  const std::uint64_t before = test::allocation_count();
  for (auto _ : state) benchmark::DoNotOptimize(work());
  const std::uint64_t made = test::allocation_count() - before;
  state.counters["allocations"] = benchmark::Counter(static_cast<double>(made), benchmark::Counter::kAvgIterations);
  if (allowed == allocations::none && made != 0) state.SkipWithError("allocates on a path that must not");
}

}  // namespace isat::bench
