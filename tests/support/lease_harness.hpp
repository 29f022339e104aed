// SPDX-License-Identifier: BSL-1.0

// A lease machine on a workbench: virtual time, one record in a linearizable store, and requests that wait until the
// test says what becomes of them. Checks after every input what must hold always: the driver is never sent into a loop,
// the leadership is lowered before anything is released, and no validity outlasts the write that it stands on.
#pragma once

#include "isat/clock.hpp"
#include "isat/election/lease_machine.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace isat::test {

using namespace election;  // NOLINT(google-build-using-namespace): the harness speaks the machine's language
using std::chrono::nanoseconds;

inline constexpr node_id us{1};
inline constexpr node_id other{2};
inline constexpr std::uint64_t era = 7;

/// What another node's record says; `writer` tells its processes apart.
inline lease_claim claim_of(lease_mode mode, node_id node, nanoseconds lasting = std::chrono::seconds{3},
                            std::uint64_t term = 4) {
  return {mode, node, 1000 + static_cast<std::uint64_t>(node), 1, era, term, lasting};
}
inline lease_claim held_by(node_id node, nanoseconds lasting = std::chrono::seconds{3}, std::uint64_t term = 4) {
  return claim_of(lease_mode::held, node, lasting, term);
}
inline lease_claim released_by(node_id node) { return claim_of(lease_mode::released, node); }

/// One record in a linearizable store whose versions never repeat.
class lease_shelf {
 public:
  const lease_sight& now() const noexcept { return now_; }

  /// Somebody else's write, whatever was there: a later attempt of that writer than the one before it.
  const lease_sight& put(lease_claim claim) {
    if (claim.writer >= 1000) claim.attempt = ++attempts_;
    return write(claim);
  }
  /// Removed by hand: the next record is another incarnation.
  const lease_sight& remove() {
    now_ = {{now_.at.incarnation, now_.at.number + 1}, false, {}, false};
    return now_;
  }
  /// The writer's process is proven to have ended.
  const lease_sight& orphan() {
    now_.orphaned = true;
    return now_;
  }
  /// A backup is played back.
  const lease_sight& restore(const lease_sight& backup) { return now_ = backup; }

  lease_response answer(const lease_request& asked) {
    if (asked.operation == lease_operation::load) return {asked.id, lease_outcome::done, now_, {}};
    if (now_.at != asked.expected) return {asked.id, lease_outcome::conflict, {}, {}};
    write(asked.claim);
    return {asked.id, lease_outcome::done, {now_.at, true, {}, false}, {}};
  }

 private:
  const lease_sight& write(const lease_claim& claim) { return now_ = {next_version(), true, claim, false}; }
  version next_version() {
    if (!now_.exists) return {++incarnations_, 1};
    return {now_.at.incarnation, now_.at.number + 1};
  }

  lease_sight now_;
  std::uint64_t incarnations_ = 0;
  std::uint64_t attempts_ = 0;  // of strangers
};

class lease_harness {
 public:
  explicit lease_harness(const lease_timing& chosen = profiles::standard, nanoseconds longest = {})
      : timing{chosen}, machine{{us, 11, era}, chosen, longest > chosen.duration ? longest : chosen.duration} {}

  lease_timing timing;
  lease_machine machine;
  lease_shelf store;
  lease_time now{std::chrono::seconds{1000}, std::chrono::seconds{1000}, {}, std::chrono::hours{400'000}};
  std::vector<lease_request> open;  ///< requests without an answer so far, oldest first
  std::vector<lease_event> events;
  std::size_t sent = 0;  ///< requests ever sent

  // ---- What happens to the machine ----

  void wants(nanoseconds hold_off = {}) { set_candidacy({true, false, hold_off}); }
  void wants_alone() { set_candidacy({true, true, {}}); }
  void gives_up() { set_candidacy({}); }
  void set_candidacy(const lease_candidacy& next) {
    machine.set_candidacy(now, next);
    settle();
  }
  void hands_over() {
    machine.hand_over(now);
    settle();
  }
  void is_interrupted() {
    machine.interrupt(now, lease_reason::layout_unknown);
    settle();
  }
  void adopts(std::uint64_t next_era, std::uint64_t writer) {
    machine.adopt(now, {us, writer, next_era}, timing, timing.duration);
    settle();
  }
  void sees(const lease_sight& sight) {
    machine.on_sight(now, sight);
    settle();
  }
  void loses_watch() {
    machine.on_watch_lost(now);
    settle();
  }
  /// The wall clock is set, or the host thaws, without any other clock noticing.
  void wall_jumps(nanoseconds by) {
    now.wall += by;
    ticks();
  }
  void ticks() {
    machine.tick(now);
    settle();
  }

  /// Time passes, and the machine is woken whenever it asked to be. Nothing is answered.
  void passes(nanoseconds lasting) {
    const lease_time until = now + lasting;
    for (int wakes = 0;; ++wakes) {
      must(wakes < 5000, "the machine wakes its driver without end");
      nanoseconds wait = machine.wake_in(now);
      if (wait < nanoseconds{0}) wait = {};
      if (now.boot + wait > until.boot) break;
      now = now + wait;
      machine.tick(now);
      settle();
    }
    now = until;
    ticks();
  }

  // ---- What the store does with the requests ----

  /// The oldest request of a kind that is still open.
  std::optional<lease_request> find(lease_operation kind) const {
    for (const lease_request& each : open) {
      if (each.operation == kind) return each;
    }
    return std::nullopt;
  }
  bool writes() const { return find(lease_operation::cas).has_value(); }
  bool reads() const { return find(lease_operation::load).has_value(); }
  lease_request write() const {
    const auto found = find(lease_operation::cas);
    REQUIRE_MESSAGE(found.has_value(), "no write is open");
    return found.value_or(lease_request{});
  }
  std::size_t open_writes() const {
    std::size_t count = 0;
    for (const lease_request& each : open) count += each.operation == lease_operation::cas ? 1 : 0;
    return count;
  }

  void responds(const lease_response& response) {
    std::erase_if(open, [&](const lease_request& each) { return each.id == response.id; });
    machine.on_response(now, response);
    settle();
  }
  /// The store does what the oldest open request asks, and says so.
  void store_answers() {
    REQUIRE_MESSAGE(!open.empty(), "nothing was asked");
    responds(store.answer(open.front()));
  }
  void store_answers_write() { responds(store.answer(write())); }
  void store_answers_read() {
    const auto asked = find(lease_operation::load);
    REQUIRE_MESSAGE(asked.has_value(), "no read is open");
    if (asked) responds(store.answer(*asked));
  }
  /// The store answers everything, also what follows from the answers.
  void store_answers_all() {
    for (int i = 0; !open.empty(); ++i) {
      must(i < 100, "every answer makes another request");
      store_answers();
    }
  }
  /// The oldest open request ends without having had an effect, or with one that nobody knows.
  void store_says(lease_outcome outcome, nanoseconds retry_after = {}) {
    REQUIRE_MESSAGE(!open.empty(), "nothing was asked");
    responds({open.front().id, outcome, {}, retry_after});
  }
  /// All open requests vanish without an answer.
  void store_swallows() { open.clear(); }
  /// The store does what the oldest open write asks, but the answer is lost.
  void store_writes_unseen() {
    store.answer(write());
    std::erase_if(open, [id = write().id](const lease_request& each) { return each.id == id; });
  }
  /// Time passes; the store answers everything at once.
  void works(nanoseconds lasting) {
    const lease_time until = now + lasting;
    store_answers_all();
    for (int wakes = 0; now.boot < until.boot; ++wakes) {
      must(wakes < 5000, "the machine wakes its driver without end");
      nanoseconds wait = machine.wake_in(now);
      if (wait > until.boot - now.boot) wait = until.boot - now.boot;
      passes(wait < nanoseconds{1} ? nanoseconds{1} : wait);
      store_answers_all();
    }
  }

  // ---- Beginnings ----

  /// Another node holds the record, and the machine, willing, has just learned of it.
  void follows(nanoseconds lasting = std::chrono::seconds{3}) {
    store.put(held_by(other, lasting));
    wants();
    store_answers_all();
    REQUIRE(machine.status() == lease_status::following);
  }
  /// ... has then waited it out and asked for it.
  void acquires() {
    follows();
    passes_answering_reads(std::chrono::seconds{3});
    REQUIRE(machine.status() == lease_status::acquiring);
  }
  /// ... and got it.
  void becomes_leader() {
    acquires();
    store_answers_write();
    REQUIRE(leads());
    events.clear();
  }
  /// Time passes; reads are answered at once, writes are not.
  void passes_answering_reads(nanoseconds lasting) {
    const lease_time until = now + lasting;
    while (now.boot < until.boot) {
      nanoseconds wait = machine.wake_in(now);
      if (wait > until.boot - now.boot) wait = until.boot - now.boot;
      passes(wait < nanoseconds{1} ? nanoseconds{1} : wait);
      while (reads()) store_answers_read();
    }
  }

  // ---- What can be asked ----

  bool leads() const { return machine.leads().covers(now); }
  bool leads(std::uint64_t term) const { return leads() && machine.leads().term == term; }
  lease_status status() const { return machine.status(); }
  /// How long the machine may still answer.
  nanoseconds valid_for() const { return -elapsed_for_holder(machine.leads().valid_until, now); }
  lease_event last_event() const { return events.empty() ? lease_event{} : events.back(); }
  bool told(lease_change what, lease_reason why) const {
    for (const lease_event& each : events) {
      if (each.what == what && each.why == why) return true;
    }
    return false;
  }

 private:
  // What a driver does after every input, and what must hold then.
  void settle() {
    const std::size_t before = sent;
    const std::size_t told_before = events.size();
    while (const auto request = machine.take_request()) {
      open.push_back(*request);
      ++sent;
      if (request->operation == lease_operation::cas) check_write(*request);
    }
    while (const auto event = machine.take_event()) events.push_back(*event);
    check_validity();
    check_progress(before, told_before);
  }

  void check_write(const lease_request& request) {
    first_sent_.try_emplace(request.claim.attempt, now);
    const bool gives_away = request.claim.mode == lease_mode::released || request.claim.mode == lease_mode::vacant;
    must(!gives_away || machine.leads().term == 0, "a release was written by one who still answers");
    must(request.claim.duration >= timing.duration, "a record tells others to wait less than its writer may answer");
  }

  // Whatever the machine leads by was sent by it, less than a validity ago.
  void check_validity() const {
    const leadership& right = machine.leads();
    if (right.term == 0) return;
    must(right.covers(now), "a leadership that has ended is still told");
    for (const auto& [attempt, first] : first_sent_) {
      if (right.valid_until == first + timing.validity()) return;
    }
    must(false, "the validity is not counted from the first send of a write");
  }

  // If the machine wants to be woken at once, it must have done something just now: else it would be woken for ever.
  void check_progress(std::size_t sent_before, std::size_t told_before) {
    if (machine.wake_in(now) > nanoseconds{0}) return;
    const bool did_something = sent != sent_before || events.size() != told_before;
    idle_wakes_ = did_something ? 0 : idle_wakes_ + 1;
    must(idle_wakes_ < 3, "the machine wants to be woken at once, and does nothing when it is");
  }

  // Asked after every input, so cheaper than doctest's own.
  static void must(bool holds, const char* what) {
    if (!holds) FAIL(std::string{what});
  }

  std::map<std::uint64_t, lease_time> first_sent_;  // of every attempt
  int idle_wakes_ = 0;
};

}  // namespace isat::test
