// SPDX-License-Identifier: BSL-1.0

// Everything between the nodes and the store, and the store itself: requests and responses that are late, lost,
// duplicated or out of order, each direction by itself; a store that is away, refuses, or carries out what its client
// has given up; watches that lag, stall, skip, repeat and end. It takes what nodes send and puts into the queue what
// reaches whom when. It refuses to know what a node does with it.
#pragma once

#include "any_claim.hpp"
#include "event_queue.hpp"
#include "random_source.hpp"
#include "stored_record.hpp"
#include "trace.hpp"

#include <cstdint>
#include <vector>

namespace simulator {

/// What every part of a run shares: what will happen, chance, and what has happened.
struct timeline {
  event_queue queue;
  random_source random;
  trace_log trace;
  instant now{};

  timeline(std::uint64_t seed, bool live) : random{seed}, trace{live} {}
};

enum class pace : std::uint8_t {
  none = 0,
  calm = 1,   ///< at most two milliseconds each way
  busy = 2,   ///< up to 0.8 s, rarely
  heavy = 3,  ///< up to 9 s, and rarely a minute
};

/// The ways between one node and the store.
struct link {
  pace speed = pace::calm;
  unsigned lost{};        ///< per mille, of requests and of responses
  unsigned duplicated{};  ///< per mille
  bool ever_duplicated{};
  unsigned refused{};  ///< per mille, with a Retry-After of seconds
  instant requests_blocked{};
  instant responses_blocked{};
  instant watch_stalled{};
  bool stall_drops{};  ///< what the watch would have told meanwhile is lost, without notice
  duration watch_lag{};
  unsigned watch_skips{};     ///< per mille
  unsigned watch_reorders{};  ///< per mille
  instant last_told{};
  std::uint32_t process{};  ///< whom answers are for; 0: nobody

  // What happens to the next writes and loads, whatever else does.
  unsigned writes_to_hold{};
  duration hold_for{};
  unsigned responses_to_lose{};
  unsigned requests_to_refuse{};
  unsigned loads_to_delay{};
  duration loads_delayed_by{};
};

enum class outage_kind : std::uint8_t {
  none = 0,
  refuses = 1,  ///< connections are refused, or errors answered
  silent = 2,   ///< nothing is answered and nothing is done
  late = 3,     ///< everything is done when it is over
};

enum class message_kind : std::uint8_t {
  none = 0,
  request = 1,
  response = 2,
  sight = 3,
  watch_lost = 4,
  listed = 5,  ///< all that was there has been told
};

struct message {
  message_kind kind{};
  node_number node{};
  record_number record{};
  bool is_copy{};  ///< of a request that was duplicated on its way
  std::uint32_t process{};
  public_face face;
  any_request request;
  any_response response;
};

/// Hears of every write.
class write_observer {
 public:
  virtual void on_written(node_number node, record_number record, const stored& before, const stored& after) = 0;

 protected:
  ~write_observer() = default;
};

/// All records of a store.
using record_store = std::vector<stored_record>;

class network {
 public:
  network(timeline& time, record_store& records, std::size_t nodes, write_observer& observer, bool proves_deaths)
      : time_{time}, records_{records}, observer_{observer}, links_(nodes), proves_deaths_{proves_deaths} {}

  link& at(node_number node) noexcept { return links_[node]; }

  /// Sends a request of `node`.
  void send(node_number node, record_number record, const any_request& request, const public_face& face);

  /// A request reaches the store.
  void arrive(std::uint32_t subject);

  /// Takes a message that reaches its node out.
  message take(std::uint32_t subject);

  /// Tells all watches that the record has changed.
  void tell_watches(record_number record);

  /// A process starts to watch: it is told what is, or what a lagging cache takes for it, and that this was all.
  void begin_watch(node_number node, std::uint32_t process);
  void end_watch(node_number node) noexcept { links_[node].process = 0; }

  /// The watch ends with notice and begins again.
  void lose_watch(node_number node);
  /// The watch tells again what it told before.
  void rewind_watch(node_number node);

  /// The store is away until then, or for longer if it was to be.
  void begin_outage(outage_kind kind, instant until) noexcept;
  void end_outage(instant at) noexcept;
  bool is_away() const noexcept { return time_.now < away_until_; }

  /// The process that wrote with this number has ended: told, where the store proves deaths.
  void process_died(std::uint64_t writer);

  /// What a read shows now.
  any_sight read(record_number record) const noexcept;

  duration delay(pace speed);

 private:
  std::uint32_t keep(const message& one);
  void dispatch(const message& one, duration extra);
  void answer(message& one, isat::election::lease_outcome outcome, duration retry_after);
  void reply(std::uint32_t subject);
  void carry_out(message& one);
  bool write(const message& one);
  void tell(node_number node, const message& news);
  void tell(node_number node, record_number record, const any_sight& sight);
  void list(node_number node);
  bool is_dead(std::uint64_t writer) const noexcept;

  timeline& time_;
  record_store& records_;
  write_observer& observer_;
  std::vector<link> links_;
  std::vector<message> messages_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint64_t> dead_writers_;
  instant away_until_{};
  outage_kind outage_{};
  bool proves_deaths_;
};

}  // namespace simulator
