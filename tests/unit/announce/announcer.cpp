// SPDX-License-Identifier: BSL-1.0

#include "allocation_count.hpp"
#include "isat/announce/announcer.hpp"
#include "naive_announcer.hpp"
#include "readings.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <vector>

namespace {

using namespace std::chrono_literals;
using namespace isat::announce;
using isat::group_id;
using isat::ipv4_address;
using isat::election::leadership;
using isat::election::leadership_table;
using isat::test::naive_announcer;
using isat::test::reading;
using isat::wire::announcement_form;
using std::chrono::nanoseconds;

constexpr ipv4_address vip{{10, 77, 0, 100}};
constexpr group_id group{2};
constexpr nanoseconds start = 1000s;

constexpr ipv4_address vip_number(std::uint32_t i) { return ipv4_address{0x0a4d0001 + i}; }

struct sent {
  nanoseconds at{};
  announcement what;
  friend bool operator==(const sent&, const sent&) = default;
};

// One interface and the groups that it announces for.
struct bench {
  announcer machine;
  leadership_table leaderships;
  std::vector<sent> log;

  explicit bench(schedule when = {}) : machine{std::move(when)} {
    leaderships.set(group, leadership::until_revoked(1));
  }

  void begin(ipv4_address address, nanoseconds now) { machine.start(address, group, reading(now)); }

  announcer_step step(nanoseconds now, std::size_t span = 64) {
    std::vector<announcement> out(span);
    const auto result = machine.step(reading(now), leaderships, out);
    REQUIRE(result.count <= span);
    for (std::size_t i = 0; i < result.count; ++i) log.push_back({now, out[i]});
    return result;
  }

  // Steps exactly when told to, up to and including `until`; every step must send, forget or say a later time.
  void run(nanoseconds now, nanoseconds until, std::size_t span = 64) {
    while (now <= until) {
      const auto before = machine.size();
      const auto result = step(now, span);
      if (!result.wake_at) return;
      const bool progress = result.count > 0 || machine.size() < before || *result.wake_at > now;
      REQUIRE(progress);
      REQUIRE(*result.wake_at >= now);
      now = *result.wake_at;
    }
  }

  std::vector<nanoseconds> times(announcement_form form) const {
    std::vector<nanoseconds> all;
    for (const auto& each : log) {
      if (each.what.form == form) all.push_back(each.at - start);
    }
    return all;
  }
};

using times_type = std::vector<nanoseconds>;

}  // namespace

TEST_CASE("a VIP is announced in both forms, request first, at every offset of the schedule") {
  bench at;
  at.begin(vip, start);
  CHECK(at.machine.size() == 1);
  at.run(start, start + 1h);
  std::vector<sent> expected;
  for (const auto offset : {0ms, 100ms, 500ms, 1100ms, 2200ms, 5000ms}) {
    expected.push_back({start + offset, {vip, group, announcement_form::request}});
    expected.push_back({start + offset, {vip, group, announcement_form::reply}});
  }
  CHECK(at.log == expected);
  CHECK(at.machine.size() == 0);
}

TEST_CASE("between two announcements nothing is due and the next one is told to the nanosecond") {
  bench at;
  at.begin(vip, start);
  CHECK(at.step(start).count == 2);
  for (const auto now : {start, start + 1ns, start + 99ms, start + 100ms - 1ns}) {
    const auto result = at.step(now);
    CHECK(result.count == 0);
    CHECK(result.wake_at == start + 100ms);
  }
  const auto result = at.step(start + 100ms);
  CHECK(result.count == 2);
  CHECK(result.wake_at == start + 500ms);
}

TEST_CASE("an announcer with nothing to announce has no time to wake at") {
  bench at;
  const auto result = at.step(start);
  CHECK(result.count == 0);
  CHECK(result.wake_at == std::nullopt);
  CHECK(at.machine.size() == 0);
}

TEST_CASE("a schedule without offsets announces nothing") {
  bench at{schedule{.offsets = {}}};
  at.begin(vip, start);
  CHECK(at.machine.size() == 0);
  CHECK(at.step(start).wake_at == std::nullopt);
  at.machine.stop(vip);
}

TEST_CASE("a first offset later than the takeover is waited for") {
  bench at{schedule{.offsets = {50ms, 70ms}}};
  at.begin(vip, start);
  CHECK(at.step(start).wake_at == start + 50ms);
  at.run(start + 50ms, start + 1h);
  CHECK(at.times(announcement_form::request) == times_type{50ms, 70ms});
}

TEST_CASE("a step that comes late catches up and goes on by the schedule") {
  bench at;
  at.begin(vip, start);
  const auto result = at.step(start + 600ms);
  CHECK(result.count == 6);
  CHECK(result.wake_at == start + 1100ms);
}

TEST_CASE("ten thousand VIPs are all announced in request form before any in reply form, at most 128 per ms") {
  constexpr std::uint32_t count = 10'000;
  bench at;
  for (std::uint32_t i = 0; i < count; ++i) at.begin(vip_number(i), start);
  CHECK(at.machine.size() == count);
  at.run(start, start + 1h, 128);
  REQUIRE(at.log.size() == 12 * count);

  for (std::size_t round = 0; round < 12; ++round) {
    CAPTURE(round);
    const auto form = round % 2 == 0 ? announcement_form::request : announcement_form::reply;
    std::set<ipv4_address> seen;
    for (const auto& each : std::span{at.log}.subspan(round * count, count)) {
      if (each.what.form == form) seen.insert(each.what.address);
    }
    CHECK(seen.size() == count);
  }
  std::map<nanoseconds, std::size_t> by_window;
  for (const auto& each : at.log) ++by_window[(each.at - start) / 1ms * 1ms];
  CHECK(std::all_of(by_window.begin(), by_window.end(), [](const auto& window) { return window.second <= 128; }));
  CHECK(by_window.begin()->second == 128);
  // 10,000 / 128 windows: the last request form leaves 78 ms after the takeover.
  CHECK(at.log[count - 1].at == start + 78ms);
  CHECK(at.machine.size() == 0);
}

TEST_CASE("earlier rounds go first when the pace makes rounds overlap") {
  bench at{schedule{.offsets = {0ms, 1ms}, .burst = 1}};
  at.begin(vip_number(0), start);
  at.begin(vip_number(1), start);
  at.run(start, start + 1h);
  std::vector<std::pair<ipv4_address, announcement_form>> order;
  for (const auto& each : at.log) order.emplace_back(each.what.address, each.what.form);
  using enum announcement_form;
  CHECK(order == decltype(order){{vip_number(0), request},
                                 {vip_number(1), request},
                                 {vip_number(0), reply},
                                 {vip_number(1), reply},
                                 {vip_number(0), request},
                                 {vip_number(1), request},
                                 {vip_number(0), reply},
                                 {vip_number(1), reply}});
}

TEST_CASE("the pace holds whenever VIPs start: never twice a burst within a window's length") {
  std::mt19937_64 random{128};
  bench at{schedule{.burst = 8}};
  std::uint32_t next = 0;
  nanoseconds now = start;
  for (int i = 0; i < 2'000; ++i) {
    for (auto starts = random() % 4; starts > 0; --starts) at.begin(vip_number(next++ % 500), now);
    at.step(now);
    now += nanoseconds{random() % 700'000};
  }
  REQUIRE(at.log.size() > 4'000);
  std::size_t most = 0;
  for (std::size_t first = 0, last = 0; last < at.log.size(); ++last) {
    while (at.log[last].at - at.log[first].at >= 1ms) ++first;
    most = std::max(most, last - first + 1);
  }
  CHECK(most < 2 * 8);
}

TEST_CASE("the pace is kept for a burst and a window of any size") {
  for (const std::size_t burst : {1U, 3U, 1000U}) {
    for (const nanoseconds window : {nanoseconds{0}, nanoseconds{1ms}, nanoseconds{20ms}}) {
      CAPTURE(burst);
      CAPTURE(window.count());
      bench at{schedule{.offsets = {0ms}, .burst = burst, .window = window}};
      for (std::uint32_t i = 0; i < 10; ++i) at.begin(vip_number(i), start);
      at.run(start, start + 1h);
      CHECK(at.log.size() == 20);
      CHECK(at.log.back().at == start + window * (19 / burst));
    }
  }
}

TEST_CASE("a VIP started again in the middle is announced from the first round on, counted from there") {
  bench at;
  at.begin(vip, start);
  at.run(start, start + 500ms);
  at.begin(vip, start + 700ms);
  CHECK(at.machine.size() == 1);
  at.run(start + 700ms, start + 1h);
  const times_type expected{0ms, 100ms, 500ms, 700ms, 800ms, 1200ms, 1800ms, 2900ms, 5700ms};
  CHECK(at.times(announcement_form::request) == expected);
  CHECK(at.times(announcement_form::reply) == expected);
}

TEST_CASE("a VIP started again in another group is announced for that one") {
  bench at;
  at.leaderships.set(group_id{5}, leadership::until_revoked(1));
  at.begin(vip, start);
  at.step(start);
  at.machine.start(vip, group_id{5}, reading(start + 50ms));
  at.leaderships.revoke(group);
  at.run(start + 50ms, start + 1h);
  CHECK(at.log.size() == 2 + 12);
  CHECK(at.log.back().what.group == group_id{5});
}

TEST_CASE("a VIP stopped in the middle is announced no more, and the others go on") {
  bench at;
  at.begin(vip_number(0), start);
  at.begin(vip_number(1), start);
  at.begin(vip_number(2), start);
  at.run(start, start + 100ms);
  at.machine.stop(vip_number(0));
  CHECK(at.machine.size() == 2);
  at.machine.stop(vip_number(0));
  at.machine.stop(ipv4_address{{192, 0, 2, 1}});
  CHECK(at.machine.size() == 2);
  at.run(start + 100ms, start + 1h);
  std::map<ipv4_address, int> count;
  for (const auto& each : at.log) ++count[each.what.address];
  CHECK(count == std::map<ipv4_address, int>{{vip_number(0), 4}, {vip_number(1), 12}, {vip_number(2), 12}});
}

TEST_CASE("a VIP stopped between its two forms is not announced in the second one") {
  bench at;
  at.begin(vip, start);
  CHECK(at.step(start, 1).count == 1);
  at.machine.stop(vip);
  const auto result = at.step(start, 1);
  CHECK(result.count == 0);
  CHECK(result.wake_at == std::nullopt);
}

TEST_CASE("a leadership lost in the middle ends the announcements of its group and of no other") {
  bench at;
  at.leaderships.set(group_id{5}, leadership::until_revoked(1));
  at.begin(vip_number(0), start);
  at.machine.start(vip_number(1), group_id{5}, reading(start));
  at.run(start, start + 500ms);
  at.leaderships.revoke(group);
  at.run(start + 501ms, start + 1h);
  std::map<ipv4_address, int> count;
  for (const auto& each : at.log) ++count[each.what.address];
  CHECK(count == std::map<ipv4_address, int>{{vip_number(0), 6}, {vip_number(1), 12}});
  CHECK(at.machine.size() == 0);
}

TEST_CASE("a leadership that ends by its deadline ends the announcements there, the deadline excluded") {
  bench at;
  at.leaderships.set(group, {reading(start + 1100ms), 1});
  at.begin(vip, start);
  at.run(start, start + 1h);
  CHECK(at.times(announcement_form::request) == times_type{0ms, 100ms, 500ms});
  CHECK(at.times(announcement_form::reply) == times_type{0ms, 100ms, 500ms});
  CHECK(at.machine.size() == 0);
}

TEST_CASE("a leadership lost between two steps of one batch is noticed before the second") {
  bench at;
  for (std::uint32_t i = 0; i < 10; ++i) at.begin(vip_number(i), start);
  const auto first = at.step(start, 4);
  CHECK(first.count == 4);
  CHECK(first.wake_at == start);
  at.leaderships.revoke(group);
  const auto second = at.step(start, 4);
  CHECK(second.count == 0);
  CHECK(second.wake_at == std::nullopt);
  CHECK(at.machine.size() == 0);
}

TEST_CASE("what lost its leadership does not use up the pace") {
  bench at{schedule{.burst = 2}};
  at.leaderships.set(group_id{5}, leadership::until_revoked(1));
  for (std::uint32_t i = 0; i < 100; ++i) at.machine.start(vip_number(i), group_id{6}, reading(start));
  at.machine.start(vip, group_id{5}, reading(start));
  CHECK(at.step(start).count == 2);
  CHECK(at.machine.size() == 1);
}

TEST_CASE("a leadership that was away only while nothing was due does not disturb the announcements") {
  bench at;
  at.begin(vip, start);
  at.run(start, start + 500ms);
  at.leaderships.revoke(group);
  at.step(start + 600ms);
  at.leaderships.set(group, leadership::until_revoked(2));
  at.run(start + 700ms, start + 1h);
  CHECK(at.times(announcement_form::request) == times_type{0ms, 100ms, 500ms, 1100ms, 2200ms, 5000ms});
}

TEST_CASE("a VIP that became idle because its group was not led is announced again only when started") {
  bench at;
  at.leaderships.revoke(group);
  at.begin(vip, start);
  CHECK(at.step(start).count == 0);
  CHECK(at.machine.size() == 0);
  at.leaderships.set(group, leadership::until_revoked(2));
  CHECK(at.step(start + 1s).wake_at == std::nullopt);
  at.begin(vip, start + 2s);
  CHECK(at.step(start + 2s).count == 2);
}

TEST_CASE("what is sent and when does not depend on the size of the span") {
  std::vector<sent> whole;
  for (const std::size_t span : {1000U, 64U, 7U, 3U, 1U}) {
    CAPTURE(span);
    bench at{schedule{.burst = 16}};
    for (std::uint32_t i = 0; i < 100; ++i) at.begin(vip_number(i), start + i * 100us);
    at.run(start + 10ms, start + 1h, span);
    if (whole.empty()) whole = at.log;
    CHECK(at.log.size() == 1'200);
    CHECK(at.log == whole);
  }
}

TEST_CASE("an empty span takes nothing and asks to be called again at once") {
  bench at;
  at.begin(vip, start);
  const auto result = at.step(start, 0);
  CHECK(result.count == 0);
  CHECK(result.wake_at == start);
  CHECK(at.step(start).count == 2);
}

TEST_CASE("a span filled by the last announcement due says when the next one is") {
  bench at;
  at.begin(vip, start);
  const auto result = at.step(start, 2);
  CHECK(result.count == 2);
  CHECK(result.wake_at == start + 100ms);
}

TEST_CASE("steps and restarts allocate nothing, and VIPs that come and go take no more memory than those at one time") {
  bench at;
  for (std::uint32_t i = 0; i < 100; ++i) at.begin(vip_number(i), start);
  std::array<announcement, 64> out;
  nanoseconds now = start;
  CHECK(isat::test::allocations_of([&] {
          for (std::uint32_t i = 0; i < 100; ++i) at.begin(vip_number(i), start);
          for (std::uint32_t i = 100; i < 20'000; ++i, now += 1ms) {
            at.machine.stop(vip_number(i - 100));
            at.begin(vip_number(i), now);
            at.machine.step(reading(now), at.leaderships, out);
          }
        }) == 0);
  CHECK(at.machine.size() == 100);
  at.run(now, now + 1h);
  CHECK(at.machine.size() == 0);
  CHECK(at.step(now + 2h).wake_at == std::nullopt);
}

TEST_CASE("random operations agree with a naive model, and nothing is announced for a group that is not led") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    const auto below = [&](std::uint64_t bound) { return static_cast<std::uint32_t>(random() % bound); };
    schedule when{.offsets = {}, .burst = 1 + below(5), .window = below(4) * 500us};
    for (std::uint32_t i = below(5), at = below(3); i > 0; --i, at += below(20)) when.offsets.emplace_back(at);

    announcer machine{when};
    naive_announcer model{when};
    leadership_table leaderships;
    nanoseconds now = start;
    for (int i = 0; i < 300; ++i) {
      const ipv4_address address = vip_number(below(12));
      switch (below(8)) {
        case 0:
        case 1: {
          const group_id of{below(3)};
          machine.start(address, of, reading(now));
          model.start(address, of, now);
          break;
        }
        case 2:
          machine.stop(address);
          model.stop(address);
          break;
        case 3: {
          const group_id of{below(3)};
          leaderships.set(of, {reading(now + below(30) * 1ms), 1 + static_cast<std::uint64_t>(i)});
          break;
        }
        case 4:
          now += below(3'000) * 1us;
          break;
        default: {
          std::vector<announcement> out(below(6));
          const auto expected = model.step(now, leaderships, out.size());
          const auto got = machine.step(reading(now), leaderships, out);
          out.resize(got.count);
          REQUIRE(out == expected.sent);
          REQUIRE(got.wake_at == expected.wake_at);
          for (const auto& each : out) REQUIRE(leaderships.leads(each.group, reading(now)));
          if (got.wake_at && below(2) == 0) now = std::max(now, *got.wake_at);
        }
      }
      REQUIRE(machine.size() == model.size());
    }
  }
}
