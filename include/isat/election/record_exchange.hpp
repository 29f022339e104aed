// SPDX-License-Identifier: BSL-1.0

// What passes between the machines of an election and a store: what was seen there, what is asked of it, how that
// ended. `Claim` is what a record of one kind says (a lease, a layout, a presence), without strings. It refuses to know
// names and texts: the driver adds them.
#pragma once

#include "isat/election/lease_record.hpp"

#include <chrono>
#include <cstdint>

namespace isat::inline v0::election {

/// A record as it was seen in the store.
template <class Claim>
struct basic_sight {
  version at;
  bool exists{};
  Claim claim;
  bool orphaned{};  ///< the store proves that the process that wrote it has ended
};

/// What a machine wants of the store.
enum class lease_operation : std::uint8_t {
  none = 0,
  load = 1,    ///< read the record, not older than now
  cas = 2,     ///< put `claim` at `expected`
  remove = 3,  ///< put nothing at `expected`
};

/// One request. A repeated one asks for exactly what an earlier one asked.
template <class Claim>
struct basic_request {
  lease_operation operation{};
  std::uint64_t id{};
  version expected;
  Claim claim;
  bool repeated{};
};

/// How a request ended.
enum class lease_outcome : std::uint8_t {
  none = 0,
  done = 1,      ///< a load's sight, or the version that a cas has made
  conflict = 2,  ///< a cas met another version
  refused = 3,   ///< certainly without effect; of stores that can tell
  unknown = 4,   ///< a cas may have been done or may yet be; a load has told nothing
};

/// What became of a request, and what the record said then, if that is known.
template <class Claim>
struct basic_response {
  std::uint64_t id{};
  lease_outcome outcome{};
  basic_sight<Claim> sight;                ///< of a cas only `at` counts
  std::chrono::nanoseconds retry_after{};  ///< of a failure: the store asks not to be asked before
};

}  // namespace isat::inline v0::election
