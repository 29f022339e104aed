// SPDX-License-Identifier: BSL-1.0

#include "isat/election/store_health.hpp"

#include <boost/asio/error.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>

namespace {

using namespace std::chrono_literals;
using isat::error_code;
using isat::election::store_health;
using isat::election::store_task;
using told = std::optional<error_code>;

const error_code busy = boost::asio::error::try_again;
const error_code broken = boost::asio::error::host_unreachable;
const error_code fine;

/// A store's health in a time of the test's own.
struct patient {
  told fails(store_task task, error_code why = broken) { return health.note(task, why, now); }
  told does(store_task task) { return health.note(task, {}, now); }

  store_health health{1};
  store_health::time_point now{1h};
};

}  // namespace

TEST_CASE("a store that works is not worth a word") {
  patient store;
  for (const auto task : {store_task::load, store_task::cas, store_task::list, store_task::watch}) {
    CHECK(store.does(task) == told{});
  }
  CHECK(store.health.note(store_task::cas, isat::error::version_conflict, store.now) == told{});
  CHECK(store.health.note(store_task::cas, isat::error::outcome_unknown, store.now) == told{});
}

TEST_CASE("a failure is told once, and its end when what failed is done") {
  patient store;
  CHECK(store.fails(store_task::cas) == told{broken});
  CHECK(store.fails(store_task::cas) == told{});
  CHECK(store.fails(store_task::load) == told{});
  CHECK(store.does(store_task::load) == told{});
  CHECK(store.does(store_task::cas) == told{fine});
  CHECK(store.does(store_task::cas) == told{});
  CHECK(store.fails(store_task::cas) == told{broken});
}

TEST_CASE("a reason that has become another one is told when the last was told a while ago") {
  patient store;
  CHECK(store.fails(store_task::watch, busy) == told{busy});
  store.now += store_health::calm_after - 1ms;
  CHECK(store.fails(store_task::cas, broken) == told{});
  store.now += 1ms;
  CHECK(store.fails(store_task::watch, busy) == told{});
  CHECK(store.fails(store_task::cas, broken) == told{broken});
  CHECK(store.fails(store_task::watch, busy) == told{});
  store.now += store_health::calm_after;
  CHECK(store.fails(store_task::cas, broken) == told{});
  CHECK(store.fails(store_task::watch, busy) == told{busy});
}

TEST_CASE("what failed and is not asked for any more counts as mended when something is done after a while") {
  patient store;
  CHECK(store.fails(store_task::cas) == told{broken});
  store.now += store_health::calm_after - 1ms;
  CHECK(store.does(store_task::load) == told{});
  store.now += 1ms;
  CHECK(store.does(store_task::load) == told{fine});
}

TEST_CASE("a watch that fails is not mended by anything else") {
  patient store;
  CHECK(store.fails(store_task::watch) == told{broken});
  CHECK(store.fails(store_task::cas) == told{});
  for (int i = 0; i < 3; ++i) {
    store.now += store_health::calm_after;
    CHECK(store.does(store_task::load) == told{});
    CHECK(store.does(store_task::list) == told{});
  }
  CHECK(store.does(store_task::watch) == told{fine});
}

TEST_CASE("a success of the watch after a while mends all") {
  patient store;
  CHECK(store.fails(store_task::watch) == told{broken});
  CHECK(store.fails(store_task::cas) == told{});
  store.now += store_health::calm_after;
  CHECK(store.does(store_task::watch) == told{fine});
}

TEST_CASE("pauses double up to five seconds, and begin small again after a success") {
  patient store;
  auto expected = store_health::pause_min;
  for (int i = 0; i < 8; ++i) {
    store.fails(store_task::list);
    store.fails(store_task::watch);
    const auto pause = store.health.pause({});
    CHECK(pause >= expected * 3 / 4);
    CHECK(pause <= expected * 5 / 4);
    expected = expected * 2 < store_health::pause_max ? expected * 2 : store_health::pause_max;
    store.now += pause;
  }
  store.does(store_task::list);
  CHECK(store.health.pause({}) > 3s);  // of the watch nothing was heard yet
  store.does(store_task::watch);
  store.fails(store_task::list);
  CHECK(store.health.pause({}) <= store_health::pause_min * 5 / 4);
}

TEST_CASE("lists that are done do not make watches that fail be asked for more often") {
  patient store;
  for (int i = 0; i < 6; ++i) {
    store.fails(store_task::watch);
    store.does(store_task::list);
  }
  CHECK(store.health.pause({}) > 3s);
}

TEST_CASE("a watch that fails after it was waited with for long is a first failure") {
  patient store;
  for (int i = 0; i < 6; ++i) store.fails(store_task::watch);
  store.now += 1min;
  store.fails(store_task::watch);
  CHECK(store.health.pause({}) <= store_health::pause_min * 5 / 4);
}

TEST_CASE("many that fail together do not come back together") {
  std::set<std::int64_t> pauses;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) pauses.insert(store_health{seed}.pause({}).count());
  CHECK(pauses.size() > 80);
  CHECK(*pauses.rbegin() - *pauses.begin() > 80'000'000);
}

TEST_CASE("a pause is as long as the store asks for, within reason") {
  patient store;
  CHECK(store.health.pause(1s) == 1s);
  CHECK(store.health.pause(24h) == store_health::pause_max);
}

TEST_CASE("a watch that had lasted is asked for again at once, one that failed at once within a second") {
  patient store;
  const auto pause_after = [&store](store_health::duration lasted) {
    const auto asked = store.now;
    store.now += lasted;
    store.fails(store_task::watch);
    return store.health.watch_pause(asked, store.now);
  };
  const auto first = pause_after(0s);
  CHECK(first >= store_health::pause_min * 3 / 4);
  CHECK(first <= store_health::pause_min * 5 / 4);
  for (int i = 0; i < 8; ++i) CHECK(pause_after(store_health::pause_min - 1ns) < 1s);
  CHECK(pause_after(0s) > 2 * store_health::pause_min);
  CHECK(pause_after(store_health::pause_min) == 0s);
  CHECK(pause_after(1h) == 0s);
  CHECK(pause_after(0s) <= 2 * store_health::pause_min * 5 / 4);
}
