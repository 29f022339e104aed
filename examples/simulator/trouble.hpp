// SPDX-License-Identifier: BSL-1.0

// What can go wrong, as values: drawn by chance (rough_weather.hpp) or written down in an order that breaks a certain
// mistake (scenario.hpp). It refuses to know why it happens and what is to be seen of it.
#pragma once

#include "any_claim.hpp"
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
  wish = 6,  ///< a speaker starts again, in good order, with the wish number `amount`
  // of a host
  suspend = 7,
  freeze = 8,
  slew = 9,        ///< amount: millionths
  step_wall = 10,  ///< amount: milliseconds
  // of the ways between a node and the store
  block_requests = 11,
  block_responses = 12,
  block_both = 13,
  slow = 14,            ///< amount: pace
  lose = 15,            ///< amount: per mille
  duplicate = 16,       ///< amount: per mille
  refuse = 17,          ///< amount: per mille
  hold_writes = 18,     ///< the next `amount` writes take effect later by `lasting`
  lose_responses = 19,  ///< of the next `amount` writes
  refuse_next = 20,     ///< the next `amount` requests
  delay_loads = 21,     ///< the next `amount` reads are answered later by `lasting`
  // of a watch
  watch_lost = 22,
  watch_stall = 23,  ///< amount 1: what it would have told is lost
  watch_lag = 24,    ///< amount: milliseconds
  watch_rewind = 25,
  watch_skip = 26,     ///< amount: per mille
  watch_reorder = 27,  ///< amount: per mille
  // of the store
  outage = 28,   ///< amount: outage_kind
  restore = 29,  ///< to what it was `amount` milliseconds ago; it is away for `lasting`
  remove = 30,   ///< amount 1: without a trace
  edit_garbage = 31,
  edit_vacant = 32,     ///< amount: milliseconds that the record says to wait
  edit_holder = 33,     ///< likewise
  edit_duration = 34,   ///< likewise
  recreate = 35,        ///< removed and made again by a stranger; likewise
  replay_release = 36,  ///< made again as somebody has saved it when it was released
  replay_era = 37,      ///< made again as somebody has saved it in another era
  put_back = 38,        ///< says again what it said when another held it last, as a newer version
  touch = 39,           ///< a newer version of the same; amount: of a lease the heir, as node + 1, 0: none
  // of a rival
  rival_starts = 40,
  rival_crashes = 41,
  rival_stops = 42,
  // of a whole run
  heal = 43,  ///< everything is as it should be, from now on
  expect_leader =
      44,  ///< somebody must lead, for `lasting` from now on; amount 1: only the VIP with the record's number
  // of what a node serves
  shun = 45,  ///< for `lasting` it has not the VIP with the record's number; 0: it has it again
};

struct trouble {
  trouble_kind kind{};
  node_number node{};
  duration lasting{};
  std::int64_t amount{};
  record_number record{};  ///< of the store's troubles
};

/// A trouble at its time.
struct scheduled {
  instant at{};
  trouble what;
};

}  // namespace simulator
