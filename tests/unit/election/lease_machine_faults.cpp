// SPDX-License-Identifier: BSL-1.0

// Fail at every step: take over, renew, release, with one request after the other going wrong in every way; then all of
// them at random, beside a rival that takes whatever it may at the first instant.

#include "lease_harness.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace isat::test;
using isat::lease_time;

enum class fault : std::uint8_t {
  none = 0,
  refused = 1,
  unknown = 2,         // not done, and nobody knows
  unknown_done = 3,    // done, and nobody knows
  silence = 4,         // no answer, not done
  silence_done = 5,    // no answer, done
  applied_late = 6,    // no answer, done 2 s later
  answered_late = 7,   // done, answered 1 s later
  false_conflict = 8,  // a proxy repeats the request and gives the second answer
};
constexpr fault all_faults[] = {fault::refused,      fault::unknown,      fault::unknown_done,  fault::silence,
                                fault::silence_done, fault::applied_late, fault::answered_late, fault::false_conflict};

// The harness and a store that has faults; judges every instant as the most impatient of all followers would.
class trial {
 public:
  lease_harness h;
  std::size_t answered = 0;
  bool led = false;
  nanoseconds gap{};       // for how long nobody led after the first leadership
  std::uint64_t term = 0;  // the highest that led

  template <class Choice>
  void step(nanoseconds lasting, const Choice& choose) {
    h.passes(lasting);
    judge();
    for (std::size_t i = 0; i < late_.size(); ++i) {
      if (late_[i].due.boot > h.now.boot) continue;
      const late_request due = late_[i];
      late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(i--));
      due.is_answer ? h.responds(due.answer) : static_cast<void>(apply(due.request));
      judge();
    }
    for (int i = 0; !h.open.empty(); ++i) {
      if (i == 100) FAIL("every answer makes another request");
      const lease_request asked = h.open.front();
      answer(asked, choose(answered++));
      std::erase_if(h.open, [&](const auto& each) { return each.id == asked.id; });
      judge();
    }
  }

  // What the record says was written just now, by anybody.
  void note_write() { written_ = h.now; }
  nanoseconds since_write() const { return h.now.boot - written_.boot; }

 private:
  struct late_request {
    lease_time due;
    lease_request request;
    lease_response answer;
    bool is_answer;
  };

  lease_response apply(const lease_request& asked) {
    const auto before = h.store.now().at;
    const lease_response response = h.store.answer(asked);
    if (h.store.now().at != before) note_write();
    return response;
  }

  void answer(const lease_request& asked, fault how) {
    switch (how) {
      case fault::none:
        return h.responds(apply(asked));
      case fault::refused:
        return h.responds({asked.id, lease_outcome::refused, {}, {}});
      case fault::unknown:
        return h.responds({asked.id, lease_outcome::unknown, {}, {}});
      case fault::unknown_done:
        apply(asked);
        return h.responds({asked.id, lease_outcome::unknown, {}, {}});
      case fault::silence:
        return;
      case fault::silence_done:
        apply(asked);
        return;
      case fault::applied_late:
        late_.push_back({h.now + 2s, asked, {}, false});
        return;
      case fault::answered_late:
        late_.push_back({h.now + 1s, asked, apply(asked), true});
        return;
      case fault::false_conflict:
        apply(asked);
        return h.responds(asked.operation == lease_operation::load
                              ? lease_response{asked.id, lease_outcome::refused, {}, {}}
                              : lease_response{asked.id, lease_outcome::conflict, {}, {}});
    }
  }

  void judge() {
    if (!h.leads()) {
      if (led) gap += h.now.boot - judged_.boot;
      judged_ = h.now;
      return;
    }
    judged_ = h.now;
    led = true;
    const lease_claim& record = h.store.now().claim;
    if (!h.store.now().exists) FAIL("answers without a record");
    if (record.writer != h.machine.who().writer) FAIL("answers, but the record is another's");
    if (record.mode != lease_mode::held) FAIL("answers, but the record does not say so");
    if (since_write() >= record.duration) FAIL("answers when others may write");
    const std::uint64_t now_term = h.machine.leads().term;
    if (now_term < term) FAIL("the terms fell");
    term = now_term;
  }

  std::vector<late_request> late_;
  lease_time written_;
  lease_time judged_;
};

// Takes over from another, leads for 6 s, gives up. `choose` says what goes wrong with which request.
template <class Choice>
trial run_script(const Choice& choose) {
  trial t;
  t.h.store.put(held_by(other));
  t.note_write();
  t.h.wants();
  for (int i = 0; i < 500; ++i) t.step(20ms, choose);
  t.h.gives_up();
  for (int i = 0; i < 300; ++i) t.step(20ms, choose);
  return t;
}

}  // namespace

TEST_CASE("take over, lead, release: with no fault there is no gap") {
  const trial t = run_script([](std::size_t) { return fault::none; });
  CHECK(t.led);
  CHECK(t.gap == 6s);  // after the release
  CHECK(t.h.store.now().claim.mode == lease_mode::released);
  CHECK(t.h.machine.idle());
}

TEST_CASE("one fault at any step, of any kind, costs at most one more lease, and the record is let go in the end") {
  const trial usual = run_script([](std::size_t) { return fault::none; });
  for (const fault kind : all_faults) {
    for (std::size_t at = 0; at <= usual.answered; ++at) {
      CAPTURE(static_cast<int>(kind));
      CAPTURE(at);
      const trial t = run_script([&](std::size_t step) { return step == at ? kind : fault::none; });
      CHECK(t.led);
      CHECK(t.h.machine.idle());
      CHECK(t.gap <= usual.gap + (kind == fault::false_conflict ? 3100ms : 100ms));
    }
  }
}

TEST_CASE("every fault from any step on silences within the lease and leaves nothing behind") {
  const trial usual = run_script([](std::size_t) { return fault::none; });
  for (const fault kind : all_faults) {
    for (std::size_t from = 0; from <= usual.answered; ++from) {
      CAPTURE(static_cast<int>(kind));
      CAPTURE(from);
      const trial t = run_script([&](std::size_t step) { return step >= from ? kind : fault::none; });
      CHECK_FALSE(t.h.leads());
      CHECK(t.h.machine.idle());
    }
  }
}

TEST_CASE("three faults in a row at any step") {
  const trial usual = run_script([](std::size_t) { return fault::none; });
  for (const fault kind : all_faults) {
    for (std::size_t at = 0; at <= usual.answered; ++at) {
      CAPTURE(static_cast<int>(kind));
      CAPTURE(at);
      const trial t = run_script([&](std::size_t step) { return step >= at && step < at + 3 ? kind : fault::none; });
      CHECK(t.led);
      CHECK(t.h.machine.idle());
    }
  }
}

// The rival sees every version at once, counts from there, and is entitled for exactly as long as it may be.
TEST_CASE("beside a rival that takes what it may at the first instant, never both answer, whatever goes wrong") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    const auto chance = [&random](unsigned of) { return random() % of == 0; };
    trial t;
    t.h.store.put(held_by(other));
    t.note_write();
    t.h.wants();
    lease_time rival_sent = t.h.now;
    bool rival_renews = true;
    std::uint64_t rival_term = 4;
    unsigned led = 0;
    const unsigned trouble = seed % 4 == 0 ? 1000 : 3;
    const auto choose = [&](std::size_t) { return chance(trouble) ? all_faults[random() % 8] : fault::none; };
    for (int i = 0; i < 3000; ++i) {
      t.step(nanoseconds{1 + static_cast<std::int64_t>(random() % 60'000'000)}, choose);
      const lease_claim record = t.h.store.now().claim;
      const bool rivals = record.node == other;
      const bool rival_leads = rivals && record.mode == lease_mode::held && t.h.now.boot - rival_sent.boot < 3s;
      if (rival_leads && t.h.leads()) FAIL("two answer");
      if (t.h.leads()) ++led;
      const bool free = record.mode == lease_mode::released || t.since_write() >= record.duration;
      if (rivals ? rival_renews && rival_leads && t.h.now.boot - rival_sent.boot > 750ms : free && chance(4)) {
        rival_renews = true;
        rival_term = record.term + (rivals ? 0 : 1);
        t.h.store.put(held_by(other, 3s, rival_term));
        t.note_write();
        rival_sent = t.h.now;
        if (t.h.leads()) FAIL("the rival may write while we answer");
      }
      if (rivals && chance(200)) rival_renews = false;
      if (rivals && rival_leads && chance(400)) {
        t.h.store.put(claim_of(lease_mode::released, other, 3s, rival_term));
        t.note_write();
      }
      if (chance(3)) t.h.sees(t.h.store.now());
      if (chance(300)) t.h.gives_up();
      if (chance(300)) t.h.hands_over();
      if (chance(50)) t.h.wants(nanoseconds{static_cast<std::int64_t>(random() % 100'000'000)});
      if (chance(300)) t.h.wall_jumps(1s);
      if (chance(300)) t.h.loses_watch();
      if (chance(300)) t.h.is_interrupted();
    }
    CHECK(led > 10);
  }
}
