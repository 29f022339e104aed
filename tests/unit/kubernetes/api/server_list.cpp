// SPDX-License-Identifier: BSL-1.0

// Which server is asked when one fails, is silent or asks for patience; all in virtual time.
#include "isat/kubernetes/api/server_list.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace {

using isat::kubernetes::server_list;
using isat::kubernetes::server_verdict;
using isat::kubernetes::urgency;
using namespace std::chrono_literals;

server_list::wish urgent(const std::string& what = "PUT /lease") { return {urgency::urgent, false, what, false}; }
server_list::wish copy_of(const std::string& what = "PUT /lease") { return {urgency::urgent, true, what, false}; }
server_list::wish normal(const std::string& what = "GET /nodes") { return {urgency::normal, false, what, false}; }
server_list::wish watch(bool elsewhere = false) { return {urgency::normal, elsewhere, "GET /leases", true}; }

/// Servers and a clock.
struct laboratory {
  explicit laboratory(std::size_t count, std::uint64_t seed = 1) : list{seed} {
    while (list.size() < count) list.add();
  }

  std::size_t chosen(const server_list::wish& wish) const { return list.choose(wish, now).server; }
  server_list::duration delay(const server_list::wish& wish) const { return list.choose(wish, now).not_before - now; }
  std::uint64_t send(std::size_t server, const server_list::wish& wish) { return list.begin(server, wish, now); }
  void end(std::uint64_t request, server_verdict verdict, server_list::duration retry_after = 0s) {
    list.end(request, verdict, retry_after, now);
  }
  /// A request that ends at once.
  void meet(std::size_t server, server_verdict verdict, server_list::duration retry_after = 0s) {
    end(send(server, normal("GET /once")), verdict, retry_after);
  }

  server_list list;
  server_list::time_point now{std::chrono::hours{24}};
};

TEST_CASE("a list that is not empty always has a server") {
  laboratory one{1};
  for (int round = 0; round < 20; ++round) {
    one.meet(0, server_verdict::failed);
    CHECK(one.chosen(urgent()) == 0);
    CHECK(one.chosen(normal()) == 0);
    CHECK(one.chosen(copy_of()) == 0);
    CHECK(one.delay(normal()) == 0s);
    one.now += 100ms;
  }
  laboratory three{3};
  for (const std::size_t server : {0U, 1U, 2U}) three.meet(server, server_verdict::failed);
  CHECK(three.chosen(urgent()) < 3);
}

TEST_CASE("the first server is preferred") {
  const laboratory at{3};
  CHECK(at.chosen(urgent()) == 0);
  CHECK(at.chosen(normal()) == 0);
  CHECK(at.delay(urgent()) == 0s);
}

TEST_CASE("a server that failed is left alone for a while, and longer each time") {
  laboratory at{2};
  auto expected = 500ms;
  for (int round = 0; round < 10; ++round) {
    at.meet(0, server_verdict::failed);
    const auto failed_at = at.now;
    while (at.chosen(normal()) == 1) {
      at.now += 10ms;
      REQUIRE(at.now - failed_at <= expected + 10ms);
    }
    CHECK(at.now - failed_at >= expected / 2);
    expected = std::min<std::chrono::milliseconds>(expected * 2, 30s);
  }
  at.meet(0, server_verdict::answered);
  CHECK(at.chosen(urgent()) == 0);
  at.meet(0, server_verdict::failed);
  at.now += 510ms;
  CHECK(at.chosen(normal()) == 0);  // from the beginning
}

TEST_CASE("requests that fail together count as one failure") {
  laboratory at{2};
  for (int count = 0; count < 20; ++count) at.meet(0, server_verdict::failed);
  at.now += 510ms;
  CHECK(at.chosen(normal()) == 0);
}

TEST_CASE("back-offs are not the same everywhere") {
  const auto back_off = [](std::uint64_t seed) {
    laboratory at{2, seed};
    const auto begin = at.now;
    at.meet(0, server_verdict::failed);
    while (at.chosen(normal()) == 1) at.now += 1ms;
    return at.now - begin;
  };
  CHECK((back_off(1) != back_off(2) || back_off(2) != back_off(3)));
}

TEST_CASE("an urgent request does not find out whether a server is well again") {
  laboratory at{2};
  at.meet(0, server_verdict::failed);
  at.now += 10s;
  CHECK(at.chosen(urgent()) == 1);
  CHECK(at.chosen(normal()) == 0);
  at.meet(0, server_verdict::answered);
  CHECK(at.chosen(urgent()) == 0);
}

TEST_CASE("unless nothing else does for long") {
  laboratory at{2};
  at.meet(0, server_verdict::failed);
  at.now += server_list::doubt_max + 1s;
  CHECK(at.chosen(urgent()) == 0);
}

TEST_CASE("a server that owes an answer for more than a moment is passed over") {
  laboratory at{2};
  const auto request = at.send(0, normal());
  at.now += 200ms;
  CHECK(at.chosen(urgent()) == 0);
  at.now += 1ms;
  CHECK(at.chosen(urgent()) == 1);
  CHECK(at.chosen(normal("GET /other")) == 1);
  at.end(request, server_verdict::answered);
  CHECK(at.chosen(urgent()) == 0);
}

TEST_CASE("if all owe answers, the one is chosen that is silent for the shortest time") {
  laboratory at{3};
  at.send(0, urgent("a"));
  at.now += 250ms;
  at.send(1, urgent("b"));
  at.now += 10ms;
  at.send(2, urgent("c"));
  at.now += 300ms;
  CHECK(at.chosen(urgent("d")) == 2);
}

TEST_CASE("if all have failed, the one is chosen whose back-off ends first") {
  laboratory at{3};
  at.meet(1, server_verdict::failed);
  at.now += 2s;
  at.meet(1, server_verdict::failed);
  at.meet(0, server_verdict::failed);
  at.now += 2s;
  at.meet(0, server_verdict::failed);
  at.meet(2, server_verdict::failed);
  at.now += 2s;
  for (int count = 0; count < 4; ++count) {
    at.meet(0, server_verdict::failed);
    at.meet(1, server_verdict::failed);
    at.now += 20s;
  }
  at.meet(0, server_verdict::failed);
  at.meet(1, server_verdict::failed);
  at.now += 1s;
  at.meet(2, server_verdict::failed);
  CHECK(at.chosen(normal()) == 2);
}

TEST_CASE("a server that cannot be reached now is left out, though all others are to be left alone for longer") {
  laboratory at{2};
  for (int i = 0; i < 8; ++i, at.now += 31s) at.meet(0, server_verdict::failed);
  at.meet(0, server_verdict::failed);
  at.meet(1, server_verdict::failed);
  CHECK(at.chosen(urgent()) == 1);
  CHECK(at.list.choose(urgent(), at.now, {1}).server == 0);
}

TEST_CASE("a copy goes where the original is not") {
  laboratory at{2};
  at.send(0, urgent());
  at.now += 50ms;
  CHECK(at.chosen(copy_of()) == 1);
  at.send(1, copy_of());
  CHECK(at.chosen(copy_of()) == 0);  // both have one: the preferred
}

TEST_CASE("a copy follows its own original, not the oldest request") {
  laboratory at{2};
  at.send(1, urgent("PUT /other"));
  at.now += 10ms;
  at.send(0, urgent());
  CHECK(at.chosen(copy_of()) == 1);
}

TEST_CASE("a copy without an original goes where the oldest request is not") {
  laboratory at{2};
  at.send(0, urgent("PUT /other"));
  CHECK(at.chosen(copy_of()) == 1);
  CHECK(at.chosen(urgent()) == 0);
}

TEST_CASE("a copy does not go to a server that is down") {
  laboratory at{2};
  at.meet(1, server_verdict::failed);
  at.send(0, urgent());
  at.now += 250ms;
  CHECK(at.chosen(copy_of()) == 0);
}

TEST_CASE("a stream that is restarted elsewhere leaves its server, also after its end") {
  laboratory at{2};
  const auto stream = at.send(0, watch());
  at.end(stream, server_verdict::answered);  // its head has come
  CHECK(at.chosen(watch()) == 0);
  CHECK(at.chosen(watch(true)) == 1);
  at.end(at.send(1, watch(true)), server_verdict::answered);
  CHECK(at.chosen(watch(true)) == 0);
}

TEST_CASE("an open stream is not an answer that is owed") {
  laboratory at{2};
  at.end(at.send(0, watch()), server_verdict::answered);
  at.now += 1h;
  CHECK(at.chosen(urgent()) == 0);
}

TEST_CASE("a normal request waits as long as the server asks, at most five seconds") {
  laboratory at{1};
  at.meet(0, server_verdict::overrun, 2s);
  CHECK(at.delay(normal()) == 2s);
  at.now += 1500ms;
  CHECK(at.delay(normal()) == 500ms);
  at.now += 500ms;
  CHECK(at.delay(normal()) == 0s);
  at.meet(0, server_verdict::overrun, 1h);
  CHECK(at.delay(normal()) == 5s);
}

TEST_CASE("an urgent request never waits") {
  laboratory at{1};
  at.meet(0, server_verdict::overrun, 5s);
  CHECK(at.delay(urgent()) == 0s);
  CHECK(at.chosen(urgent()) == 0);
}

TEST_CASE("nobody waits while another server asks for nothing") {
  laboratory at{2};
  at.meet(0, server_verdict::overrun, 5s);
  CHECK(at.chosen(normal()) == 1);
  CHECK(at.delay(normal()) == 0s);
  CHECK(at.chosen(urgent()) == 1);
}

TEST_CASE("a server that asks for patience has not failed") {
  laboratory at{2};
  at.meet(0, server_verdict::overrun, 1s);
  at.now += 1001ms;
  CHECK(at.chosen(urgent()) == 0);
}

TEST_CASE("an answer to somebody else does not end the wait that a server asked for") {
  laboratory at{1};
  at.meet(0, server_verdict::overrun, 5s);
  at.meet(0, server_verdict::answered);
  CHECK(at.delay(normal()) == 5s);
}

TEST_CASE("a request that was given up early says nothing of its server") {
  laboratory at{2};
  const auto request = at.send(0, urgent());
  at.now += 150ms;
  at.end(request, server_verdict::abandoned);
  CHECK(at.chosen(urgent()) == 0);
}

TEST_CASE("what is over is over") {
  laboratory at{2};
  const auto request = at.send(0, urgent());
  at.end(request, server_verdict::answered);
  at.end(request, server_verdict::failed);
  at.end(0, server_verdict::failed);
  at.end(12345, server_verdict::failed);
  CHECK(at.chosen(urgent()) == 0);
}

TEST_CASE("a server that is left out is chosen by nobody, and what is known of it is kept") {
  laboratory at{3};
  at.meet(0, server_verdict::failed);
  at.list.set_listed(1, false);
  CHECK(at.chosen(urgent()) == 2);
  CHECK(at.chosen(normal()) == 2);
  CHECK(at.list.has_choice({}));
  CHECK_FALSE(at.list.has_choice({0, 2}));
  at.list.set_listed(0, false);
  at.list.set_listed(0, true);
  CHECK(at.chosen(normal()) == 2);  // the first is still to be left alone
  at.list.set_listed(1, true);
  CHECK(at.chosen(normal()) == 1);
  at.list.set_listed(0, false);
  at.list.set_listed(1, false);
  at.list.set_listed(2, false);
  CHECK_FALSE(at.list.has_choice({}));
}

TEST_CASE("of a server that has taken a number over nothing is known") {
  laboratory at{2};
  at.meet(0, server_verdict::overrun, 5s);
  at.meet(0, server_verdict::failed);
  at.end(at.send(0, watch()), server_verdict::none);
  at.list.set_listed(0, false);
  REQUIRE(at.chosen(normal()) == 1);
  CHECK_FALSE(at.list.is_listed(0));
  at.list.renew(0);
  CHECK(at.list.is_listed(0));
  CHECK(at.chosen(urgent()) == 0);
  CHECK(at.delay(normal()) == 0s);
  CHECK(at.chosen(watch(true)) == 0);
}

/// A leader that renews every 0.75 s, hedges after 0.25 s and gives up the copy that did not answer, or waits for it.
TEST_CASE("a server that takes requests and is silent costs one renewal, not two") {
  for (const bool gives_up : {true, false}) {
    CAPTURE(gives_up);
    laboratory at{2};
    int silent = 0;
    for (int renewal = 0; renewal < 30; ++renewal) {
      const auto begin = at.now;
      const std::size_t first = at.chosen(urgent());
      const auto original = at.send(first, urgent());
      if (first == 0) {  // the half-dead one
        ++silent;
        at.now += 250ms;
        REQUIRE(at.chosen(copy_of()) == 1);
        const auto copy = at.send(1, copy_of());
        at.now += 5ms;
        at.end(copy, server_verdict::answered);
        if (gives_up) at.end(original, server_verdict::abandoned);
      } else {
        at.now += 5ms;
        at.end(original, server_verdict::answered);
      }
      at.now = begin + 750ms;
    }
    CHECK(silent == 1);
  }
}

TEST_CASE("a server that was stopped and goes on is preferred again once it has answered") {
  laboratory at{2};
  const auto stuck = at.send(0, normal());
  at.now += 10s;
  CHECK(at.chosen(urgent()) == 1);
  at.end(stuck, server_verdict::answered);
  CHECK(at.chosen(urgent()) == 0);
}

}  // namespace
