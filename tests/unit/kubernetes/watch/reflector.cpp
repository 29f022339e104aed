// SPDX-License-Identifier: BSL-1.0

// The driver against a server over TLS; what is decided when, in virtual time, is in watch_machine.cpp.

#include "fake_api/server.hpp"
#include "isat/kubernetes/error.hpp"
#include "isat/kubernetes/watch/reflector.hpp"
#include "watch_laboratory.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace fake_api = isat::test::fake_api;
namespace kubernetes = isat::kubernetes;
using isat::error_code;
using kubernetes::object_change;

/// Keeps a copy as reflector.hpp recommends, and what it was told.
struct recorder final : kubernetes::reflector_listener {
  struct known {
    std::uint64_t version{};
    int list{};
    std::string text;
  };

  void on_listing() override { ++list, log += "[", called(); }
  void on_object(object_change change, boost::json::object& object) override {
    const auto& metadata = object.at("metadata").as_object();
    const std::string name{metadata.at("name").as_string()};
    const std::uint64_t version = std::stoull(std::string{metadata.at("resourceVersion").as_string()});
    if (change != object_change::listed) {
      if (version <= newest) backwards = true;
      newest = version;
    }
    log += "?=+~-"[static_cast<int>(change)] + name;
    if (change == object_change::deleted) {
      copy.erase(name);
    } else {
      const auto* const spec = object.if_contains("spec");
      const auto* const text = spec != nullptr ? spec->as_object().if_contains("holderIdentity") : nullptr;
      copy[name] = {version, list, text != nullptr ? std::string{text->as_string()} : std::string{}};
    }
    called();
  }
  void on_synced() override {
    std::erase_if(copy, [this](const auto& each) { return each.second.list < list; });
    ++syncs;
    log += "]";
    called();
  }
  void on_lost(error_code error, const std::string& what) override {
    losses.push_back(error);
    message = what;
    log += "!";
    called();
  }

  void called() {
    ++calls;
    if (then) std::exchange(then, nullptr)();
  }
  bool holds(const std::string& name, std::string_view text) const {
    const auto found = copy.find(name);
    return found != copy.end() && found->second.text == text;
  }

  std::map<std::string, known> copy;
  std::string log;
  std::vector<error_code> losses;
  std::string message;
  std::function<void()> then;  // called once, from within the next call
  std::uint64_t newest = 0;
  int list = 0;
  int syncs = 0;
  int calls = 0;
  bool backwards = false;
};

struct laboratory : isat::test::watch_laboratory {
  explicit laboratory(kubernetes::reflector_options how = {}) {
    how.path = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    follower.emplace(client, std::move(how), seen);
  }

  void starts() {
    follower->async_run(asio::bind_cancellation_slot(stopping.slot(), [this](error_code error) { result = error; }));
    CHECK_FALSE(result);
    CHECK(seen.calls == 0);
  }
  void syncs() {
    starts();
    REQUIRE(until([this] { return seen.syncs > 0 && server.open_watches() > 0; }));
    seen.log.clear();
  }
  /// Works until nothing is left to do: what was sent over the loopback has arrived.
  void settles() {
    for (int idle = 0; idle < 5;) idle = work() == 0 ? idle + 1 : 0;
  }
  void put(const std::string& name, std::string text) {
    server.store().put(boost::json::object{{"apiVersion", "coordination.k8s.io/v1"},
                                           {"kind", "Lease"},
                                           {"metadata", {{"name", name}, {"namespace", "default"}}},
                                           {"spec", {{"holderIdentity", std::move(text)}}}});
  }
  void erase(const std::string& name) { server.store().erase("leases", "default", name); }
  bool shows(const std::string& name, std::string_view text) {
    return until([&] { return seen.holds(name, text); });
  }

  recorder seen;
  std::optional<kubernetes::reflector> follower;
};

}  // namespace

TEST_CASE("a list is told in pages, and then what changes") {
  kubernetes::reflector_options how;
  how.page = 2;
  laboratory l{how};
  for (const char* const name : {"a", "b", "c", "d", "e"}) l.put(name, "old");
  l.starts();
  REQUIRE(l.until([&] { return l.seen.syncs == 1 && l.server.open_watches() == 1; }));
  CHECK(l.seen.log == "[=a=b=c=d=e]");
  CHECK(l.server.requests().count("list") == 3);
  l.seen.log.clear();
  l.put("f", "new");
  l.put("a", "new");
  l.erase("b");
  REQUIRE(l.until([&] { return l.seen.copy.count("b") == 0; }));
  CHECK(l.seen.log == "+f~a-b");
  CHECK(l.seen.holds("a", "new"));
  CHECK_FALSE(l.seen.backwards);
  CHECK(l.seen.losses.empty());
}

TEST_CASE("pages that are too large become smaller until they fit, and all is told once") {
  kubernetes::reflector_options how;
  how.page = 8;
  how.page_octets = 20000;
  laboratory l{how};
  const std::string large(9000, 'x');  // two of them fit into a page
  for (const char* const name : {"a", "b"}) l.put(name, "small");
  for (const char* const name : {"c", "d", "e", "f", "g"}) l.put(name, large);
  l.put("h", std::string(30000, 'y'));  // and this one into none
  l.starts();
  REQUIRE(l.until([&] { return l.seen.syncs == 1 && l.server.open_watches() == 1; }));
  CHECK(l.seen.log == "[=a=b=c=d=e=f=g=h]");
  CHECK(l.seen.holds("g", large));
  CHECK(l.seen.losses.empty());
  const auto lists = [&l](const char* limit) {
    std::size_t count = 0;
    for (const auto& each : l.server.requests().all()) {
      if (each.target.find(limit) != std::string::npos) ++count;
    }
    return count;
  };
  CHECK(lists("limit=8") == 1);
  CHECK(lists("limit=4") == 2);
  CHECK(lists("limit=2") == 2);
  CHECK(lists("limit=1") == 2);
}

TEST_CASE("events that come in small pieces, and events that share one, are told") {
  laboratory l;
  l.syncs();
  fake_api::watch_behaviour how;
  how.chunk_max = 7;
  l.server.set_watching(how);
  l.put("a", "1");
  l.put("b", "2");
  CHECK(l.shows("b", "2"));
  how.chunk_max = 0;
  how.joined = true;
  l.server.set_watching(how);
  for (int count = 0; count < 20; ++count) l.put("a", std::to_string(count));
  CHECK(l.shows("a", "19"));
  CHECK_FALSE(l.seen.backwards);
}

TEST_CASE("an object of a megabyte is told, and one that is longer than it may be is a loss") {
  kubernetes::reflector_options how;
  how.event_max = std::size_t{3} << 19U;
  laboratory l{how};
  l.syncs();
  const std::string large(std::size_t{1} << 20U, 'x');
  l.put("a", large);
  CHECK(l.shows("a", large));
  CHECK(l.seen.losses.empty());
  l.put("a", std::string(std::size_t{1} << 21U, 'y'));
  REQUIRE(l.until([&] { return !l.seen.losses.empty(); }));
  CHECK(l.seen.losses[0] == kubernetes::error::answer_too_large);
}

TEST_CASE("streams that end or break are resumed without a loss, a gap or an older version") {
  laboratory l;
  l.syncs();
  int written = 0;
  for (const auto how : {fake_api::ending::orderly, fake_api::ending::cut, fake_api::ending::reset}) {
    l.put("a", std::to_string(++written));  // a watch without an event would be a failure
    REQUIRE(l.shows("a", std::to_string(written)));
    l.server.end_watches(how);
    for (int count = 0; count < 5; ++count) l.put("b" + std::to_string(count), std::to_string(++written));
    REQUIRE(l.shows("b4", std::to_string(written)));
  }
  CHECK(l.seen.log == "+a+b0+b1+b2+b3+b4~a~b0~b1~b2~b3~b4~a~b0~b1~b2~b3~b4");
  CHECK_FALSE(l.seen.backwards);
  CHECK(l.server.requests().count("list") == 1);
  CHECK(l.seen.losses.empty());
}

TEST_CASE("half an event at the end of a stream is told whole by the next one") {
  laboratory l;
  l.syncs();
  l.put("a", "1");
  REQUIRE(l.shows("a", "1"));
  fake_api::watch_behaviour half;
  half.half_events = true;
  l.server.set_watching(half);
  l.put("a", "2");
  l.settles();
  l.server.end_watches(fake_api::ending::cut);
  l.server.set_watching({});
  l.put("b", "3");
  CHECK(l.shows("b", "3"));
  CHECK(l.seen.holds("a", "2"));
  CHECK_FALSE(l.seen.backwards);
  CHECK(l.seen.losses.empty());
}

TEST_CASE("a version that has expired leads to a list, whichever way the server says so") {
  for (const auto how : {fake_api::expiry::status, fake_api::expiry::event}) {
    CAPTURE(static_cast<int>(how));
    laboratory l;
    l.put("a", "1");
    l.put("b", "1");
    l.syncs();
    l.put("a", "2");
    REQUIRE(l.shows("a", "2"));
    l.server.set_expiry(how);
    l.server.stop();
    l.erase("b");
    l.put("a", "3");
    l.put("c", "1");
    l.server.store().compact();
    l.server.start();
    REQUIRE(l.until([&] { return l.seen.syncs == 2; }));
    CHECK(l.seen.copy.size() == 2);
    CHECK(l.seen.holds("a", "3"));
    CHECK(l.seen.holds("c", "1"));
    CHECK(l.seen.losses.back() == kubernetes::error::expired);
    CHECK_FALSE(l.seen.message.empty());
  }
}

TEST_CASE("bookmarks move the version on, so that quiet objects do not expire") {
  laboratory l;
  l.syncs();
  l.put("a", "1");
  REQUIRE(l.shows("a", "1"));
  l.server.store().skip(1000);
  l.server.bookmark();
  l.settles();
  l.server.end_watches(fake_api::ending::orderly);
  l.put("a", "2");
  REQUIRE(l.shows("a", "2"));
  const auto& last = l.server.requests().all().back();
  CAPTURE(last.target);
  CHECK(last.target.find("resourceVersion=" + std::to_string(l.server.store().version() - 1) + "&") !=
        std::string::npos);
}

TEST_CASE("a server that is gone is a loss that is told once; when it is back the watch goes on without a list") {
  laboratory l;
  l.syncs();
  l.put("a", "1");
  REQUIRE(l.shows("a", "1"));
  l.server.stop();
  REQUIRE(l.until([&] { return !l.seen.losses.empty(); }));
  l.server.start();
  l.put("a", "2");
  CHECK(l.shows("a", "2"));
  CHECK(l.seen.losses.size() == 1);
  CHECK(l.server.requests().count("list") == 1);
}

TEST_CASE("when another request of the client shows that an outage is over, the watch goes on at once") {
  kubernetes::reflector_options how;
  how.pause_longest = 10000h;
  laboratory l{how};
  l.syncs();
  l.put("a", "1");
  REQUIRE(l.shows("a", "1"));
  l.server.stop();
  REQUIRE(l.until([&] { return !l.seen.losses.empty(); }));
  const auto answered = [&l] {
    std::optional<error_code> result;
    kubernetes::api_request read;
    read.target = "/api/v1/nodes";
    l.client.async_request(std::move(read),
                           [&result](error_code error, const kubernetes::api_response&) { result = error; });
    CHECK(l.until([&] { return result.has_value(); }));
    return !*result;
  };
  CHECK_FALSE(answered());
  l.server.start();
  l.put("a", "2");
  CHECK(answered());
  CHECK(l.shows("a", "2"));
  CHECK(l.server.requests().count("list", "leases") == 1);
}

TEST_CASE("a list that is refused, or cannot be read, is a loss with what the server said") {
  laboratory l;
  fake_api::fault refused;
  refused.verb = "list";
  refused.resource = "leases";
  refused.effect = fake_api::effect::refuse;
  refused.status = 403;
  refused.message = "no, not you";
  l.server.faults().add(refused);
  l.starts();
  REQUIRE(l.until([&] { return l.seen.log == "!"; }));
  CHECK(l.seen.losses[0] == kubernetes::error::forbidden);
  CHECK(l.seen.message == "no, not you");
}

TEST_CASE("a list that is no JSON is a loss") {
  laboratory l;
  fake_api::fault broken;
  broken.verb = "list";
  broken.resource = "leases";
  broken.effect = fake_api::effect::bad_json;
  l.server.faults().add(broken);
  l.starts();
  REQUIRE(l.until([&] { return l.seen.log == "!"; }));
  CHECK(l.seen.losses[0] == kubernetes::error::malformed_answer);
}

TEST_CASE("restart() opens another watch from the last version on, and drops the old one") {
  laboratory l;
  l.syncs();
  l.put("a", "1");
  REQUIRE(l.shows("a", "1"));
  fake_api::watch_behaviour dead;
  dead.silent = true;
  l.server.set_watching(dead);
  l.put("a", "2");
  const auto watches = l.server.requests().count("watch");
  const auto before = l.seen.calls;
  REQUIRE(l.until([&] {
    l.follower->restart();
    return l.server.requests().count("watch") > watches;
  }));
  CHECK(l.seen.calls == before);
  l.server.set_watching({});
  CHECK(l.shows("a", "2"));
  CHECK(l.until([&] { return l.server.open_watches() == 1; }));
  CHECK_FALSE(l.seen.backwards);
  CHECK(l.seen.losses.empty());
}

TEST_CASE("restart() without a run does nothing") {
  laboratory l;
  l.follower->restart();
  l.settles();
  CHECK(l.server.connections() == 0);
}

TEST_CASE("a cancelled run is aborted, never inline, and tells nothing more") {
  laboratory l;
  l.syncs();
  l.put("a", "1");
  l.cancel();
  const auto calls = l.seen.calls;
  CHECK_FALSE(l.result);
  REQUIRE(l.until([&] { return l.result.has_value(); }));
  CHECK(*l.result == asio::error::operation_aborted);
  l.put("a", "2");
  CHECK(l.until([&] { return l.server.open_watches() == 0; }));
  CHECK(l.seen.calls == calls);
}

TEST_CASE("a run can be cancelled from within every call of the listener, and nothing is told after it") {
  // What happens: two lists and a watch, with a loss in between. At each call in turn the run is cancelled.
  bool whole = false;
  for (int count = 1; !whole && count < 100; ++count) {
    CAPTURE(count);
    laboratory l;
    l.put("a", "1");
    l.put("b", "1");
    int calls = 0;
    std::function<void()> count_down = [&] {
      if (++calls == count) {
        l.cancel();
        CHECK_FALSE(l.result);
      } else {
        l.seen.then = count_down;
      }
    };
    l.seen.then = count_down;
    l.starts();
    l.until([&] { return l.result || l.server.open_watches() == 1; });
    l.put("a", "2");
    l.put("b", "2");
    l.until([&] { return l.result || l.seen.holds("b", "2"); });
    l.server.set_expiry(fake_api::expiry::event);
    l.server.send_to_watches(
        R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"old"}})"
        "\n");
    l.until([&] { return l.result || l.seen.syncs == 2; });
    whole = !l.result;
    if (whole) continue;
    CHECK(*l.result == asio::error::operation_aborted);
    l.put("a", "3");
    l.until([&] { return l.server.open_watches() == 0; });
    CHECK(l.seen.calls == count);
  }
  CHECK(whole);
}

TEST_CASE("a run that was cancelled can be followed by another one") {
  laboratory l;
  l.put("a", "1");
  l.syncs();
  l.cancel();
  REQUIRE(l.until([&] { return l.result.has_value(); }));
  l.result.reset();
  l.put("b", "1");
  l.follower->async_run([](error_code) {});
  CHECK(l.until([&] { return l.seen.log == "[=a=b]"; }));
}

TEST_CASE("destroying a reflector aborts its run and tells nothing more") {
  laboratory l;
  l.syncs();
  l.put("a", "1");
  l.follower.reset();
  const auto calls = l.seen.calls;
  CHECK_FALSE(l.result);
  REQUIRE(l.until([&] { return l.result && l.server.open_watches() == 0; }));
  CHECK(*l.result == asio::error::operation_aborted);
  CHECK(l.seen.calls == calls);
}

TEST_CASE("a reflector dies with its context, wherever it is") {
  for (int steps = 0; steps < 48; steps += 5) {
    const auto called = std::make_shared<bool>(false);
    {
      laboratory l;
      l.put("a", "1");
      l.follower->async_run([called](error_code) { *called = true; });
      for (int count = 0; count < steps; ++count) {
        l.server_context.restart();
        l.server_context.poll();
        l.context.run_one_for(1ms);
      }
    }
    CHECK_FALSE(*called);
    CHECK(called.use_count() == 1);  // nothing keeps the handler
  }
}
