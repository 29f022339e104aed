// SPDX-License-Identifier: BSL-1.0

#include "isat/election/presence_writer.hpp"
#include "readings.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace {

using namespace std::chrono_literals;
using namespace isat::election;

constexpr presence_claim own{node_id{1}, 42, 0, {}};
constexpr presence_claim stranger{node_id{1}, 4711, 9, {}};

// A writer and a record, which does what it is asked unless the test takes the request itself.
struct bench {
  presence_writer writer{own};
  isat::lease_time now = isat::test::reading(100s);
  presence_sight record{{1, 3}, false, {}, false};
  std::size_t requests = 0;

  std::optional<presence_request> ask() {
    writer.tick(now);
    auto request = writer.take_request();
    requests += std::size_t{request.has_value()};
    return request;
  }
  void put(const std::optional<presence_claim>& claim) {
    record = {{1, record.at.number + 1}, claim.has_value(), claim.value_or(presence_claim{}), false};
  }
  lease_outcome apply(const presence_request& request) {
    if (request.operation == lease_operation::load) return lease_outcome::done;
    if (request.expected != record.at) return lease_outcome::conflict;
    const bool removes = request.operation == lease_operation::remove;
    put(removes ? std::nullopt : std::optional{request.claim});
    return lease_outcome::done;
  }
  void answer(const presence_request& request, lease_outcome outcome) {
    const bool is_load = request.operation == lease_operation::load;
    const presence_sight told = is_load ? record : presence_sight{record.at, false, {}, false};
    writer.on_response(now, {request.id, outcome, told, {}});
  }
  void serve() {
    while (auto request = ask()) answer(*request, apply(*request));
  }
  void pass(std::chrono::nanoseconds how_long) {
    const isat::lease_time end = now + how_long;
    while (now.boot < end.boot) {
      auto left = writer.wake_in(now);
      REQUIRE(left > 0ns);  // whatever was due has been done
      if (now.boot + left > end.boot) left = end.boot - now.boot;
      now = now + left;
      serve();
    }
  }
};

bench written() {
  bench result;
  result.serve();
  return result;
}

}  // namespace

TEST_CASE("what is there is read first, and then written over") {
  bench bench;
  const auto load = bench.ask();
  REQUIRE(load);
  CHECK(load->operation == lease_operation::load);
  CHECK_FALSE(bench.ask());
  bench.put(stranger);
  bench.answer(*load, lease_outcome::done);
  const auto write = bench.ask();
  REQUIRE(write);
  CHECK(write->operation == lease_operation::cas);
  CHECK(write->expected == bench.record.at);
  CHECK(write->claim.process == own.process);
  CHECK_FALSE(bench.writer.first_written());
  bench.answer(*write, bench.apply(*write));
  CHECK(bench.writer.first_written() == bench.now);
  CHECK(bench.writer.written_at() == bench.record.at);
}

TEST_CASE("the record is written every ten seconds, each time with another beat") {
  bench bench = written();
  const std::size_t before = bench.requests;
  const std::uint64_t beat = bench.record.claim.beat;
  bench.pass(60s);
  CHECK(bench.requests - before == 6);
  CHECK(bench.record.claim.beat == beat + 6);
  CHECK(bench.writer.first_written() == isat::test::reading(100s));
}

TEST_CASE("after a conflict the record is read again and written over") {
  bench bench = written();
  bench.put(stranger);
  bench.pass(12s);
  CHECK(bench.record.claim.process == own.process);
  bench.put(std::nullopt);
  bench.pass(12s);
  CHECK(bench.record.claim.process == own.process);
}

TEST_CASE("a store that fails is asked about once a second, and written to when it is back") {
  for (const lease_outcome outcome : {lease_outcome::none, lease_outcome::refused, lease_outcome::unknown}) {
    CAPTURE(static_cast<int>(outcome));
    bench bench;
    for (int step = 0; step < 3000; ++step) {
      bench.now = bench.now + 10ms;
      const auto request = bench.ask();
      if (request && outcome != lease_outcome::none) bench.answer(*request, outcome);
    }
    CHECK(bench.requests >= 15);
    CHECK(bench.requests <= 31);
    CHECK_FALSE(bench.writer.first_written());
    bench.now = bench.now + 1s;
    bench.serve();
    bench.pass(2s);
    CHECK(bench.record.claim.process == own.process);
  }
}

TEST_CASE("a late response is none") {
  bench bench;
  const auto load = bench.ask();
  REQUIRE(load);
  bench.now = bench.now + 1s;
  bench.ask();
  bench.answer(*load, lease_outcome::done);
  CHECK_FALSE(bench.writer.take_request());
}

TEST_CASE("a change of candidacy is written at once, and again if that fails") {
  bench bench = written();
  bench.now = bench.now + 1s;
  bench.writer.set_candidate(bench.now, true);
  CHECK_FALSE(bench.ask());
  bench.writer.set_candidate(bench.now, false);
  const auto write = bench.ask();
  REQUIRE(write);
  CHECK_FALSE(write->claim.candidate);
  bench.answer(*write, lease_outcome::unknown);
  bench.pass(2s);
  CHECK_FALSE(bench.record.claim.candidate);
}

TEST_CASE("at the end the own record is removed") {
  bench bench = written();
  bench.writer.stop(bench.now);
  CHECK_FALSE(bench.writer.done());
  bench.serve();
  CHECK(bench.writer.done());
  CHECK_FALSE(bench.record.exists);
  CHECK_FALSE(bench.ask());
}

TEST_CASE("what was never written needs no removal") {
  bench bench;
  bench.writer.stop(bench.now);
  CHECK(bench.writer.done());
  CHECK_FALSE(bench.ask());
  struct bench loading;
  const auto load = loading.ask();
  loading.writer.stop(loading.now);
  CHECK(loading.writer.done());
  loading.answer(*load, lease_outcome::done);
  CHECK_FALSE(loading.ask());
}

TEST_CASE("a write that is under way at the end is removed when it is done, or may have been") {
  for (const lease_outcome outcome : {lease_outcome::done, lease_outcome::unknown}) {
    for (const bool is_first : {true, false}) {
      CAPTURE(is_first);
      CAPTURE(static_cast<int>(outcome));
      bench bench;
      if (is_first) {
        bench.answer(*bench.ask(), lease_outcome::done);
      } else {
        bench.serve();
        bench.now = bench.now + 10s;
      }
      const auto write = bench.ask();
      REQUIRE(write);
      REQUIRE(write->operation == lease_operation::cas);
      bench.writer.stop(bench.now);
      CHECK_FALSE(bench.writer.done());
      bench.apply(*write);
      bench.answer(*write, outcome);
      CHECK_FALSE(bench.writer.done());
      bench.serve();
      for (int step = 0; step < 20 && !bench.writer.done(); ++step) {
        bench.now = bench.now + 10ms;
        bench.serve();
      }
      CHECK(bench.writer.done());
      CHECK_FALSE(bench.record.exists);
    }
  }
}

TEST_CASE("another process's record is never removed") {
  bench bench = written();
  bench.put(stranger);
  bench.writer.stop(bench.now);
  for (int step = 0; step < 100 && !bench.writer.done(); ++step) {
    bench.serve();
    bench.now = bench.now + 10ms;
  }
  CHECK(bench.writer.done());
  CHECK(bench.record.claim == stranger);
}

TEST_CASE("another process's record that was just read to be written over is not removed either") {
  bench bench = written();
  bench.writer.set_candidate(bench.now, false);
  auto write = bench.ask();
  REQUIRE(write);
  bench.put(stranger);
  bench.answer(*write, lease_outcome::conflict);
  bench.now = bench.now + 1s;
  const auto load = bench.ask();
  REQUIRE(load);
  REQUIRE(load->operation == lease_operation::load);
  bench.answer(*load, lease_outcome::done);
  write = bench.writer.take_request();
  bench.writer.stop(bench.now);
  if (write) bench.answer(*write, lease_outcome::refused);
  for (int step = 0; step < 100 && !bench.writer.done(); ++step) {
    bench.serve();
    bench.now = bench.now + 10ms;
  }
  CHECK(bench.writer.done());
  CHECK(bench.record.claim == stranger);
}

TEST_CASE("the end comes within seconds, even if the store never answers, and asks for little") {
  for (const bool in_flight : {true, false}) {
    CAPTURE(in_flight);
    bench bench = written();
    if (in_flight) {
      bench.now = bench.now + 10s;
      bench.ask();
    }
    bench.writer.stop(bench.now);
    const isat::lease_time start = bench.now;
    const std::size_t before = bench.requests;
    while (!bench.writer.done() && bench.now.boot < start.boot + 5s) {
      const auto left = bench.writer.wake_in(bench.now);
      bench.now = bench.now + (left > 1ms ? left : 1ms);
      bench.ask();
    }
    CHECK(bench.writer.done());
    CHECK(bench.now.boot - start.boot <= 1500ms + 1ms);
    CHECK(bench.requests - before <= 4);
  }
}
