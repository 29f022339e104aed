// SPDX-License-Identifier: BSL-1.0

// What can go wrong, as values: drawn by chance (rough_weather.hpp) or written down in an order that breaks a certain
// mistake (scenario.hpp). It refuses to know why it happens and what is to be seen of it.
#pragma once

#include "event_queue.hpp"

#include <cstdint>

namespace simulator {

enum class trouble_kind : std::uint8_t {
  none = 0,
  // of a process
  deschedule = 1,
  crash = 2,      ///< starts again after `lasting`; amount 1: with another name
  stop = 3,       ///< ends in good order, and starts again after `lasting`
  unwilling = 4,  ///< is no candidate for `lasting`
  hand_over = 5,
  // of a host
  suspend = 6,
  freeze = 7,
  slew = 8,       ///< amount: millionths
  step_wall = 9,  ///< amount: milliseconds
  // of the ways between a node and the store
  block_requests = 10,
  block_responses = 11,
  block_both = 12,
  slow = 13,            ///< amount: pace
  lose = 14,            ///< amount: per mille
  duplicate = 15,       ///< amount: per mille
  refuse = 16,          ///< amount: per mille
  hold_writes = 17,     ///< the next `amount` writes take effect later by `lasting`
  lose_responses = 18,  ///< of the next `amount` writes
  refuse_next = 19,     ///< the next `amount` requests
  delay_loads = 20,     ///< the next `amount` reads are answered later by `lasting`
  // of a watch
  watch_lost = 21,
  watch_stall = 22,  ///< amount 1: what it would have told is lost
  watch_lag = 23,    ///< amount: milliseconds
  watch_rewind = 24,
  watch_skip = 25,     ///< amount: per mille
  watch_reorder = 26,  ///< amount: per mille
  // of the store
  outage = 27,   ///< amount: outage_kind
  restore = 28,  ///< to what it was `amount` milliseconds ago; it is away for `lasting`
  remove = 29,   ///< amount 1: without a trace
  edit_garbage = 30,
  edit_vacant = 31,     ///< amount: milliseconds that the record says to wait
  edit_holder = 32,     ///< likewise
  edit_duration = 33,   ///< likewise
  recreate = 34,        ///< removed and made again by a stranger; likewise
  replay_release = 35,  ///< made again as somebody has saved it when it was released
  // of a rival
  rival_starts = 36,
  rival_crashes = 37,
  rival_stops = 38,
  // of a whole run
  heal = 39,           ///< everything is as it should be, from now on
  expect_leader = 40,  ///< somebody must lead, for `lasting` from now on
};

struct trouble {
  trouble_kind kind{};
  node_number node{};
  duration lasting{};
  std::int64_t amount{};
};

/// A trouble at its time.
struct scheduled {
  instant at{};
  trouble what;
};

}  // namespace simulator
