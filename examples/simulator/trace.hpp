// SPDX-License-Identifier: BSL-1.0

// What happened in a run: the last few hundred entries, kept as values and put into words only when somebody reads
// them, and a running hash of all, which shows whether two runs were the same. It refuses to interpret anything.
#pragma once

#include "event_queue.hpp"
#include "isat/election/lease_claim.hpp"
#include "isat/election/lease_event.hpp"

#include <array>
#include <cstdint>
#include <cstdio>

namespace simulator {

enum class trace_kind : std::uint8_t {
  none = 0,
  started = 1,  ///< a process starts
  ended = 2,    ///< a process ends, by a crash or a stop
  descheduled = 3,
  resumed = 4,
  asks = 5,      ///< a request leaves a node; detail: lease_operation
  written = 6,   ///< a write takes effect in the store
  conflict = 7,  ///< a write meets another version there
  refused = 8,   ///< the store refuses a request
  told = 9,      ///< a response reaches a node; detail: lease_outcome
  saw = 10,      ///< the watch tells a node of a version
  watch_lost = 11,
  answers = 12,  ///< a node's leadership changes; detail: 1 if it has one
  changes = 13,  ///< an event of the machine; detail: detail_of(event)
  trouble = 14,  ///< a fault; detail: trouble_kind
  by_hand = 15,  ///< a record is changed by somebody else than a node
  rival = 16,    ///< the rival writes; detail: 1 if it led by expiry
  violation = 17,
};

struct trace_entry {
  instant at{};
  trace_kind what{};
  node_number node{};
  std::uint8_t detail{};
  isat::election::version version;
  isat::election::lease_claim claim;
  duration lasting{};
  std::uint32_t record{};
};

constexpr std::uint8_t detail_of(const isat::election::lease_event& event) noexcept {
  return static_cast<std::uint8_t>(static_cast<unsigned>(event.what) << 4 | static_cast<unsigned>(event.why));
}

class trace_log {
 public:
  /// @param live every entry is printed as it comes
  explicit trace_log(bool live) noexcept : live_{live} {}

  void note(const trace_entry& entry) {
    hash(static_cast<std::uint64_t>(entry.at.count()));
    hash(static_cast<std::uint64_t>(entry.what) | std::uint64_t{entry.detail} << 8 | std::uint64_t{entry.node} << 16 |
         std::uint64_t{entry.record} << 32);
    hash(entry.version.number + entry.claim.attempt * 31 + entry.claim.term * 1009);
    entries_[noted_++ % entries_.size()] = entry;
    if (live_) print(stdout, entry);
  }

  std::uint64_t hash() const noexcept { return hash_; }

  /// Prints what is kept, the oldest first.
  void print(std::FILE* to) const;

 private:
  static void print(std::FILE* to, const trace_entry& entry);

  void hash(std::uint64_t value) noexcept {
    hash_ = (hash_ ^ value) * 0x9E37'79B9'7F4A'7C15U;
    hash_ ^= hash_ >> 32;
  }

  std::array<trace_entry, 400> entries_;
  std::uint64_t noted_ = 0;
  std::uint64_t hash_ = 0;
  bool live_;
};

}  // namespace simulator
