// SPDX-License-Identifier: BSL-1.0

// What a speaker tells a fake API server of its Services; when something wrong is told, and by whom, is in
// trouble_watch.cpp.

#include "fake_api/server.hpp"
#include "fake_elector.hpp"
#include "isat/kubernetes/service/event_recorder.hpp"
#include "isat/kubernetes/service/service_source.hpp"
#include "isat/lease_clock.hpp"
#include "isat/transport/memory_link.hpp"
#include "log_pipe.hpp"
#include "service_events.hpp"
#include "watch_laboratory.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace speakerd;
using namespace std::chrono_literals;
namespace asio = isat::asio;
namespace kubernetes = isat::kubernetes;
using strings = std::vector<std::string>;

namespace {

std::string service_json(const std::string& name, const std::string& address, const std::string& more = {}) {
  return R"({"apiVersion":"v1","kind":"Service","metadata":{"name":")" + name +
         R"(","namespace":"default"},"spec":{"type":"LoadBalancer",)" + more +
         R"("ports":[]},"status":{"loadBalancer":{"ingress":[{"ip":")" + address + "\"}]}}}";
}
std::string slice_json(const std::string& service, const std::string& node) {
  return R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","metadata":{"name":")" +
         service + R"(","namespace":"default","labels":{"kubernetes.io/service-name":")" + service +
         R"("}},"endpoints":[{"addresses":["10.0.0.1"],"nodeName":")" + node + "\"}]}";
}
const std::string local_policy = R"("externalTrafficPolicy":"Local",)";

/// A speaker on the node "here" whose VIPs are a fake cluster's Services, and what tells of it. All are in group 0.
struct laboratory : isat::test::watch_laboratory {
  explicit laboratory(std::chrono::nanoseconds hold = 20ms) {
    kubernetes::service_source_options how;
    how.rules.node_name = std::string{"here"};
    how.on_notice = [this](const kubernetes::service_source_notice& notice) { events->note(notice); };
    source.emplace(client, std::move(how));
    isat::speaker_options of_speaker;
    of_speaker.on_event = [this](const isat::speaker_event& event) { events->note(event); };
    speaker.emplace(context.get_executor(), elector, *source, std::move(of_speaker));
    kubernetes::event_recorder_options of_recorder;
    of_recorder.node_name = std::string{"here"};
    of_recorder.rate = 1000;
    recorder.emplace(client, std::move(of_recorder));
    telling_duty duty{[this](std::uint64_t) { return is_first; },
                      [this](isat::ipv4_address) {
                        ++looks;
                        return leads() ? term : 0;
                      }};
    events.emplace(events_source{*source, *speaker, std::move(duty)}, *recorder, std::string{"here"}, log, hold);
    server.store().put(R"({"apiVersion":"v1","kind":"Node","metadata":{"name":"here"},"status":{}})");
  }
  ~laboratory() {
    cancel();
    until([this] { return result.has_value(); });
  }
  laboratory(const laboratory&) = delete;
  laboratory& operator=(const laboratory&) = delete;

  void start() {
    speaker->attach(segment.attach("eth0", isat::mac_address{{2, 0, 0, 0, 0, 1}}));
    speaker->async_run(asio::bind_cancellation_slot(stopping.slot(), [this](isat::error_code e) { result = e; }));
    REQUIRE(until([this] { return source->table().is_listed() && server.open_watches() == 3; }));
  }
  void serve(const std::string& name, const std::string& address, const std::string& node,
             const std::string& more = {}) {
    server.store().put(slice_json(name, node));
    server.store().put(service_json(name, address, more));
  }
  void lead(std::uint64_t in) {
    term = in;
    elector.lead(0, isat::election::leadership::until_revoked(in));
  }
  bool leads() const { return speaker->leaderships().leads(isat::group_id{0}, isat::lease_clock::now()); }

  /// The Events that were written, "SERVICE REASON: note", in order.
  strings told() const {
    strings all;
    for (const auto& request : server.requests().all()) {
      if (request.wish.resource != "events") continue;
      const auto body = boost::json::parse(request.body).as_object();
      const auto& regarding = body.at("regarding").as_object();
      all.push_back(std::string{regarding.at("name").as_string()} + ' ' + std::string{body.at("reason").as_string()} +
                    ": " + std::string{body.at("note").as_string()});
    }
    return all;
  }
  bool tells(const strings& expected) {
    return until([&] { return told().size() >= expected.size(); }) && told() == expected;
  }
  /// How often a line with these words was logged.
  std::size_t lines(const std::string& words) {
    const std::string all = pipe.text();
    std::size_t count = 0;
    for (auto at = all.find(words); at != std::string::npos; at = all.find(words, at + 1)) ++count;
    return count;
  }

  log_pipe pipe;
  logger log{pipe.in.get(), log_level::debug, log_format::text, {}};
  isat::transport::memory_link segment{context.get_executor()};
  isat::testing::fake_elector elector{context.get_executor()};
  std::optional<kubernetes::service_source> source;
  std::optional<isat::speaker> speaker;
  std::optional<kubernetes::event_recorder> recorder;
  std::optional<service_events> events;
  bool is_first = true;
  std::uint64_t term = 0;
  std::size_t looks = 0;  // at a Local Service without an endpoint here
};

const std::string announcing = " Announcing: node here answers for 192.0.2.1 on eth0";

}  // namespace

TEST_CASE("who leads tells each Service of an address, also one that joins the address later") {
  laboratory l;
  l.serve("one", "192.0.2.1", "there");
  l.start();
  CHECK(l.told().empty());
  l.lead(5);
  CHECK(l.tells({"one" + announcing}));
  l.serve("two", "192.0.2.1", "there");
  CHECK(l.tells({"one" + announcing, "two" + announcing}));
  l.serve("three", "192.0.2.3", "there");
  CHECK(l.tells({"one" + announcing, "two" + announcing, "three Announcing: node here answers for 192.0.2.3 on eth0"}));
  CHECK(l.lines("default/two has 192.0.2.1 from now on") == 1);
  l.lead(6);
  CHECK(l.until([&] { return l.told().size() == 6; }));
}

TEST_CASE("who does not lead tells no Service that joins an address") {
  laboratory l;
  l.serve("one", "192.0.2.1", "there");
  l.start();
  l.serve("two", "192.0.2.1", "there");
  CHECK(l.until([&] { return l.lines("default/two has 192.0.2.1") == 1; }));
  l.lead(5);
  CHECK(l.tells({"one" + announcing, "two" + announcing}));
}

TEST_CASE("a Service that is applied before its endpoints are known costs no Event and no warning") {
  laboratory l{10s};
  l.start();
  l.server.store().put(service_json("web", "192.0.2.1"));
  CHECK(l.until([&] { return l.source->table().service_count() == 1; }));
  l.server.store().put(slice_json("web", "there"));
  CHECK(l.until([&] { return l.speaker->vips().size() == 1; }));
  CHECK(l.told().empty());
  CHECK(l.lines("web") == 0);
  CHECK(l.recorder->waiting() == 0);
}

TEST_CASE("what is wrong is an Event of one node and a warning of each") {
  const std::string said = "192.0.2.1 of default/web is not announced: no endpoint is ready or serving";
  laboratory l;
  SUBCASE("the one") { l.is_first = true; }
  SUBCASE("another") { l.is_first = false; }
  l.server.store().put(service_json("web", "192.0.2.1"));
  l.start();
  CHECK(l.until([&] { return l.lines("WARN  " + said) == 1; }));
  if (l.is_first) {
    CHECK(l.tells({"web NoEndpoints: " + said}));
  } else {
    CHECK(l.recorder->waiting() == 0);
    CHECK(l.told().empty());
  }
}

TEST_CASE("a leader that has no endpoint of a Local Service says so, and what helps; who does not lead is silent") {
  const std::string said =
      "node here cannot announce 192.0.2.1 of default/web: it has no endpoint of a Service with "
      "externalTrafficPolicy Local";
  const std::string other = "other Announcing: node here answers for 192.0.2.2 on eth0";
  laboratory l;
  l.serve("web", "192.0.2.1", "there", local_policy);
  l.serve("other", "192.0.2.2", "there");
  l.server.store().put(service_json("empty", "192.0.2.3"));
  l.start();
  // What began no later has lasted long enough by then.
  REQUIRE(l.until([&] { return l.told().size() == 1; }));
  CHECK(l.told().at(0).starts_with("empty NoEndpoints"));
  CHECK(l.lines(said) == 0);
  l.lead(5);
  REQUIRE(l.until([&] { return l.told().size() == 3; }));
  CHECK(l.told().at(1) == other);
  CHECK(l.told().at(2).starts_with("web NoLocalEndpoint: " + said));
  CHECK(l.told().at(2).find("--groups service") != std::string::npos);
  CHECK(l.lines(said) == 1);
  l.serve("web", "192.0.2.1", "here", local_policy);
  REQUIRE(l.until([&] { return l.told().size() == 4; }));
  CHECK(l.told().at(3) == "web" + announcing);
}

TEST_CASE("who leads many groups at once looks at what is wrong once") {
  laboratory l;
  l.serve("web", "192.0.2.1", "there", local_policy);
  l.start();
  l.lead(5);
  REQUIRE(l.until([&] { return l.told().size() == 1; }));
  const std::size_t before = l.looks;
  l.term = 6;
  for (unsigned group = 0; group < 1000; ++group) {
    l.elector.lead(group, isat::election::leadership::until_revoked(6));
  }
  CHECK(l.until([&] { return l.told().size() == 2; }));
  CHECK(l.looks == before + 1);
}
