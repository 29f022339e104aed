// SPDX-License-Identifier: BSL-1.0

// Counts what the calling thread allocates, so that tests and benchmarks can say "nothing". allocation_count.cpp
// replaces the global operator new of the program that links it; under a sanitizer it listens to that one's allocator
// instead, whose own checks of new and delete stay in force. Programs that do not link it are left alone.
#pragma once

#include <cstdint>

namespace isat::test {

/// Number of allocations that this thread has made since it started.
std::uint64_t allocation_count() noexcept;

/// Number of allocations that `work` makes on this thread.
template <class Work>
std::uint64_t allocations_of(Work&& work) {
  const std::uint64_t before = allocation_count();
  work();
  return allocation_count() - before;
}

}  // namespace isat::test
