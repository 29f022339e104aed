// SPDX-License-Identifier: BSL-1.0

#include "api_laboratory.hpp"
#include "isat/kubernetes/error.hpp"
#include "isat/kubernetes/service/detail/event_object.hpp"
#include "isat/kubernetes/service/event_recorder.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kubernetes = isat::kubernetes;
using isat::error_code;
using isat::test::api_laboratory;
using namespace std::chrono_literals;

namespace {

kubernetes::service_event fact_of(const std::string& note) {
  return {{{"default", "web"}, "6f2c"}, kubernetes::event_type::normal, "Announced", "Announce", note, {}};
}

kubernetes::service_event warning_of(const std::string& note) {
  auto fact = fact_of(note);
  fact.type = kubernetes::event_type::warning;
  return fact;
}

/// A recorder beside a fake API server, faster than it would be.
struct desk {
  explicit desk(unsigned rate = 1000, std::size_t queue_max = 100) {
    options.node_name = "node-a";
    options.rate = rate;
    options.queue_max = queue_max;
    options.on_failure = [this](const error_code& error, const std::string& message) {
      failures.push_back(message);
      last = error;
    };
    recorder.emplace(*laboratory.client, options);
  }
  bool works_off() {
    return laboratory.until([this] {
      const auto& seen = recorder->counters();
      return seen.told + seen.repeated + seen.failed + seen.forgotten == recorded;
    });
  }
  void record(kubernetes::service_event fact) {
    ++recorded;
    recorder->record(std::move(fact));
  }
  std::size_t posts() const { return laboratory.server.requests().count("create", "events"); }
  /// What Events said, in the order in which they were written.
  std::vector<std::string> notes() {
    std::vector<std::string> found;
    for (std::size_t each = 0; each < posts(); ++each) {
      const auto body = boost::json::parse(laboratory.server.requests()[each].body).as_object();
      found.emplace_back(body.at("note").as_string());
    }
    return found;
  }

  api_laboratory laboratory;
  kubernetes::event_recorder_options options;
  std::optional<kubernetes::event_recorder> recorder;
  std::vector<std::string> failures;
  error_code last;
  std::uint64_t recorded = 0;
};

std::string long_text(std::size_t octets) { return std::string(octets, 'x'); }

}  // namespace

TEST_CASE("an Event names its Service, who reports and what happened") {
  desk d;
  d.record(fact_of("192.0.2.1 is announced from node-a"));
  REQUIRE(d.works_off());
  CHECK(d.recorder->counters().told == 1);
  const auto& request = d.laboratory.server.requests()[0];
  CHECK(request.status == 201);
  const auto body = boost::json::parse(request.body).as_object();
  const auto& regarding = body.at("regarding").as_object();
  CHECK(regarding.at("kind") == "Service");
  CHECK(regarding.at("namespace") == "default");
  CHECK(regarding.at("name") == "web");
  CHECK(regarding.at("uid") == "6f2c");
  CHECK(body.at("reportingInstance") == "node-a");
  CHECK(body.at("reportingController") == "isat.io/speaker");
  CHECK(body.at("note") == "192.0.2.1 is announced from node-a");
  CHECK(body.at("type") == "Normal");
  CHECK(body.at("metadata").as_object().at("name").as_string().starts_with("web."));
}

TEST_CASE("the same fact by another speaker is refused by the server and does no harm") {
  desk d;
  auto other = d.options;
  other.node_name = "node-b";
  kubernetes::event_recorder second{*d.laboratory.client, other};
  d.record(fact_of("nothing serves 192.0.2.1"));
  REQUIRE(d.works_off());
  second.record(fact_of("nothing serves 192.0.2.1"));
  REQUIRE(d.laboratory.until([&] { return second.counters().repeated == 1; }));
  CHECK(second.counters().told == 0);
  CHECK(d.laboratory.server.requests().count("create", "events", 409) == 1);
  CHECK(d.failures.empty());
}

TEST_CASE("the same fact again costs no request") {
  desk d;
  d.record(fact_of("a"));
  d.record(fact_of("a"));
  d.record(fact_of("b"));
  REQUIRE(d.works_off());
  CHECK(d.recorder->counters().told == 2);
  CHECK(d.recorder->counters().repeated == 1);
  CHECK(d.posts() == 2);
}

TEST_CASE("a name changes with the window, the occasion and each word, and with nothing else") {
  namespace detail = kubernetes::detail;
  const kubernetes::micro_time now{std::chrono::hours{400'000}};
  const auto name = [&](const kubernetes::service_event& fact, std::chrono::seconds later = 0s) {
    return detail::event_name(fact, 600s, now + later);
  };
  const auto first = fact_of("a");
  CHECK(name(first) == name(first, 599s));
  CHECK(name(first) != name(first, 600s));
  auto other = first;
  other.occasion = "term 7";
  CHECK(name(other) != name(first));
  other = first;
  other.service.uid = "6f2d";
  CHECK(name(other) != name(first));
  other = first;
  other.type = kubernetes::event_type::warning;
  CHECK(name(other) != name(first));
  CHECK(name(fact_of("b")) != name(first));
  other = first;
  std::swap(other.reason, other.action);
  CHECK(name(other) != name(first));
  other.service.name.name = long_text(300);
  CHECK(name(other).size() <= 253);
}

TEST_CASE("texts are cut at whole characters to what the server takes") {
  desk d;
  auto fact = fact_of(long_text(1023) + "\xc3\xa9\n");
  fact.reason = long_text(200);
  fact.action = long_text(127) + "\xc3\xa9";
  d.record(fact);
  REQUIRE(d.works_off());
  CHECK(d.recorder->counters().told == 1);
  const auto body = boost::json::parse(d.laboratory.server.requests()[0].body).as_object();
  CHECK(body.at("note").as_string().size() == 1023);
  CHECK(body.at("reason").as_string().size() == 128);
  CHECK(body.at("action").as_string().size() == 127);
}

TEST_CASE("what fails is counted and told once, and the next fact is told nevertheless") {
  desk d;
  d.laboratory.server.faults().add({.verb = "create",
                                    .resource = "events",
                                    .times = 2,
                                    .effect = isat::test::fake_api::effect::refuse,
                                    .status = 403,
                                    .message = "events is forbidden"});
  for (const char* note : {"a", "b", "c"}) d.record(fact_of(note));
  REQUIRE(d.works_off());
  CHECK(d.recorder->counters().failed == 2);
  CHECK(d.recorder->counters().told == 1);
  REQUIRE(d.failures.size() == 1);
  CHECK(d.failures[0] == "cannot write Events: events is forbidden");
  CHECK(d.last == kubernetes::error::forbidden);
  d.record(fact_of("a"));
  REQUIRE(d.works_off());
  CHECK(d.recorder->counters().told == 2);
}

TEST_CASE("the queue is bounded and forgets the oldest facts") {
  desk d{1000, 3};
  for (const char* note : {"a", "b", "c", "d", "e"}) d.record(fact_of(note));
  CHECK(d.recorder->waiting() == 3);
  REQUIRE(d.works_off());
  CHECK(d.recorder->counters().forgotten == 2);
  CHECK(d.recorder->counters().told == 3);
  CHECK(boost::json::parse(d.laboratory.server.requests()[0].body).as_object().at("note") == "c");
}

TEST_CASE("warnings are told before all that waits, and forgotten after it") {
  desk d{1000, 3};
  d.record(fact_of("a"));
  d.record(fact_of("b"));
  d.record(warning_of("c"));
  d.record(warning_of("d"));
  REQUIRE(d.works_off());
  CHECK(d.notes() == std::vector<std::string>{"c", "d", "b"});
  CHECK(d.recorder->counters().forgotten == 1);
}

TEST_CASE("where only warnings wait there is no room for anything else, and the oldest make way") {
  desk d{1000, 2};
  for (const char* note : {"a", "b"}) d.record(warning_of(note));
  d.record(fact_of("c"));
  CHECK(d.recorder->waiting() == 2);
  d.record(warning_of("d"));
  REQUIRE(d.works_off());
  CHECK(d.notes() == std::vector<std::string>{"b", "d"});
  CHECK(d.recorder->counters().forgotten == 2);
}

TEST_CASE("no more facts are told in a second than the rate allows") {
  desk d{50};
  const auto start = std::chrono::steady_clock::now();
  for (const char* note : {"a", "b", "c", "d"}) d.record(fact_of(note));
  REQUIRE(d.works_off());
  CHECK(std::chrono::steady_clock::now() - start >= 60ms);
}

TEST_CASE("a recorder that is destroyed forgets its facts and leaves no work behind") {
  desk d{1};
  d.record(fact_of("a"));
  d.record(fact_of("b"));
  REQUIRE(d.laboratory.until([&] { return d.recorder->counters().told == 1; }));
  d.recorder.reset();
  CHECK(d.posts() == 1);
}

TEST_CASE("nothing is done inline") {
  desk d;
  d.record(fact_of("a"));
  CHECK(d.recorder->waiting() == 1);
  CHECK(d.posts() == 0);
  REQUIRE(d.works_off());
}
