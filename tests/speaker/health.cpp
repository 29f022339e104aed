// SPDX-License-Identifier: BSL-1.0

#include "health.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace speakerd;
using namespace std::chrono_literals;

namespace {

constexpr health::time_point begin{100s};

/// A run that is well and ready, until a test says otherwise.
struct patient {
  boost::asio::io_context context;
  run_state state{run_phase::running, true, 0ns, 1, election_state{true, true, 100ms}};
  health pulse{context.get_executor(), [this] { return state; }};

  patient() { pulse.start_at(begin); }

  /// Beats in time for this long.
  health::time_point beat_for(health::duration time, health::time_point from = begin) {
    const auto end = from + time;
    for (; from < end; from += health::period) pulse.beat(from + health::period);
    return from;
  }
};

}  // namespace

TEST_CASE("a loop that beats in time is well, also before its first beat") {
  patient each;
  CHECK(each.pulse.illness_at(begin).empty());
  CHECK(each.pulse.illness_at(begin + 1s).empty());
  const auto now = each.beat_for(10s);
  CHECK(each.pulse.illness_at(now + 1s).empty());
  CHECK(each.pulse.lateness() == 0ns);
}

TEST_CASE("a loop that does not beat is ill, as long as it does not") {
  patient each;
  const auto now = each.beat_for(1s);
  CHECK(each.pulse.illness_at(now + 1251ms) == "the event loop has been held up for 1.0 s");
  CHECK(each.pulse.illness_at(now + 5250ms) == "the event loop has been held up for 5.0 s");
}

TEST_CASE("a loop that was held up is ill until it has beaten in time once more") {
  patient each;
  auto now = each.beat_for(1s) + 3250ms;
  each.pulse.beat(now);
  CHECK(each.pulse.lateness() == 3s);
  CHECK(each.pulse.illness_at(now) == "the event loop was held up for 3.0 s just now");
  now += health::period;
  each.pulse.beat(now);
  CHECK(each.pulse.illness_at(now).empty());
}

TEST_CASE("an election that is late with a step for a second is ill, until it has made it") {
  patient each;
  each.state.election->due_in = -1ms;
  auto now = each.beat_for(1s);
  CHECK(each.pulse.illness_at(now).empty());
  now = each.beat_for(500ms, now);
  CHECK(each.pulse.illness_at(now) == "the election has not made a step that is due since 1.2 s");
  each.state.election->due_in = 1ms;
  now = each.beat_for(250ms, now);
  CHECK(each.pulse.illness_at(now).empty());
}

TEST_CASE("an election that is due at one beat and not at the next is well") {
  patient each;
  auto now = begin;
  for (int beats = 0; beats < 40; ++beats) {
    each.state.election->due_in = beats % 2 == 0 ? 0ns : 1ns;
    now = each.beat_for(health::period, now);
  }
  CHECK(each.pulse.illness_at(now).empty());
}

TEST_CASE("an election that has ended is ill while the speaker runs, and not before or after") {
  patient each;
  each.state.election = election_state{};
  const auto now = each.beat_for(2s);
  CHECK(each.pulse.illness_at(now) == "the election has ended");
  each.state.phase = run_phase::waiting;
  CHECK(each.pulse.illness_at(now).empty());
  each.state.phase = run_phase::ending;
  CHECK(each.pulse.illness_at(now).empty());
}

TEST_CASE("an elector without a loop cannot be late") {
  patient each;
  each.state.election.reset();
  CHECK(each.pulse.illness_at(each.beat_for(2s)).empty());
  CHECK(lack_of(each.state).empty());
}

TEST_CASE("what is missing at first keeps from being ready, one thing at a time") {
  run_state state{run_phase::none, false, {}, 0, election_state{false, false, 0ns}};
  CHECK(lack_of(state) == "not started yet");
  state.phase = run_phase::waiting;
  CHECK(lack_of(state) == "the store has not answered yet");
  state.phase = run_phase::running;
  CHECK(lack_of(state) == "the source has not told all its VIPs yet");
  state.is_synced = true;
  CHECK(lack_of(state) == "no interface to announce on is open yet");
  state.interfaces = 1;
  CHECK(lack_of(state) == "the election does not run");
  state.election->is_running = true;
  CHECK(lack_of(state) == "the election follows no layout yet");
  state.election->has_layout = true;
  CHECK(lack_of(state).empty());
  state.phase = run_phase::ending;
  CHECK(lack_of(state) == "handing over, about to exit");
}

TEST_CASE("on a loop that runs it beats by itself, and ends when it is stopped") {
  patient each;
  each.pulse.start();
  each.context.run_for(600ms);
  CHECK(each.pulse.illness().empty());
  CHECK(each.pulse.lack().empty());
  each.state.is_synced = false;
  CHECK(each.pulse.lack() == "the source has not told all its VIPs yet");
  each.pulse.stop();
  each.context.restart();
  each.context.run_for(10s);
  CHECK(each.context.stopped());
}
