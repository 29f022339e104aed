// SPDX-License-Identifier: BSL-1.0

// The fake API server that the other tests of this folder believe: its faults, its watches and its ends. That its
// answers are right is shown against the real server (tests/kubernetes/fake_api.py).
#include "fake_api/server.hpp"
#include "fake_api/wire_client.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace asio = boost::asio;
namespace fake_api = isat::test::fake_api;
using fake_api::effect;
using fake_api::ending;
using client = fake_api::wire_client;
using fake_api::run_until;

namespace {

constexpr std::string_view leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

std::string lease_text(const std::string& name, const std::string& holder = "a") {
  return R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":")" + name +
         R"("},"spec":{"holderIdentity":")" + holder + R"("}})";
}

/// A server, a client, and what most tests do with them.
struct laboratory {
  asio::io_context context;
  fake_api::server server{context};

  std::unique_ptr<client> connect() { return std::make_unique<client>(context, server); }
  std::unique_ptr<client> watch(const std::string& more = {}) {
    auto made = connect();
    made->send("GET", fmt::format("{}?watch=1&resourceVersion={}{}", leases, server.store().version(), more));
    REQUIRE(made->hears("\r\n\r\n"));
    made->take();
    return made;
  }
  bool has(const std::string& name) { return server.store().get("leases", "default", name) != nullptr; }
  unsigned create(client& by, const std::string& name) { return by.ask("POST", std::string{leases}, lease_text(name)); }
  bool reaches(const std::function<bool()>& condition) { return run_until(context, condition); }

  ~laboratory() {
    server.stop();
    context.restart();
    context.run_for(std::chrono::milliseconds{100});
  }
};

}  // namespace

TEST_CASE_FIXTURE(laboratory, "Requests share a connection and are counted") {
  const auto one = connect();
  CHECK(create(*one, "one") == 201);
  CHECK(one->ask("GET", std::string{leases} + "/one") == 200);
  CHECK(one->ask("GET", std::string{leases} + "/two") == 404);
  CHECK(server.connections() == 1);
  CHECK(server.requests().count("create", "leases", 201) == 1);
  CHECK(server.requests().count("get") == 2);
  CHECK(server.requests().count("get", "", 404) == 1);
  CHECK(server.requests()[1].wish.name == "one");
  CHECK(server.requests()[1].wish.user == "admin");
  CHECK(server.requests()[0].headers.at("content-type") == "application/json");
}

TEST_CASE_FIXTURE(laboratory, "A refusal hits as many requests as it says, of those that fit, after those it skips") {
  fake_api::fault what{"create", "leases"};
  what.effect = effect::refuse;
  what.status = 429;
  what.retry_after = 7;
  what.skip = 1;
  what.times = 2;
  server.faults().add(what);
  const auto one = connect();
  CHECK(create(*one, "a") == 201);
  CHECK(one->ask("GET", std::string{leases} + "/a") == 200);
  CHECK(create(*one, "b") == 429);
  CHECK(one->heard().find("Retry-After: 7\r\n") != std::string::npos);
  CHECK(one->heard().find("TooManyRequests") != std::string::npos);
  CHECK(create(*one, "b") == 429);
  CHECK(create(*one, "b") == 201);
}

TEST_CASE_FIXTURE(laboratory, "A connection is closed before or after a request is performed") {
  for (const bool performed : {false, true}) {
    CAPTURE(performed);
    fake_api::fault what{"create", ""};
    what.effect = performed ? effect::close_after : effect::close_before;
    server.faults().add(what);
    const auto name = performed ? "after" : "before";
    const auto one = connect();
    CHECK(create(*one, name) == 0);
    CHECK(one->ended());
    CHECK(one->heard().empty());
    CHECK(has(name) == performed);
  }
}

TEST_CASE_FIXTURE(laboratory, "A request is held before or after it is performed, until it is let go") {
  for (const bool performed : {false, true}) {
    CAPTURE(performed);
    fake_api::fault what{"create", ""};
    what.effect = performed ? effect::hold_after : effect::hold_before;
    server.faults().add(what);
    const std::string name = performed ? "after" : "before";
    const auto one = connect();
    one->send("POST", std::string{leases}, lease_text(name));
    REQUIRE(reaches([&] { return server.held() == 1; }));
    CHECK(has(name) == performed);
    CHECK(one->heard().empty());
    server.release();
    CHECK(one->hears("201 Created"));
    CHECK(has(name));
    CHECK(server.held() == 0);
  }
}

TEST_CASE_FIXTURE(laboratory, "An answer is truncated, in small pieces, rubbish, or no JSON") {
  fake_api::fault what{"get", ""};
  server.store().put(lease_text("one"));
  const auto ask = [&](effect how, std::size_t piece) {
    what.effect = how;
    what.piece = piece;
    server.faults().add(what);
    auto one = connect();
    const auto status = one->ask("GET", std::string{leases} + "/one");
    return std::pair{status, std::pair{one->heard(), one->ended()}};
  };
  CHECK(ask(effect::none, 7).first == 200);
  const auto [truncated, half] = ask(effect::truncate, 0);
  CHECK(truncated == 0);
  CHECK(half.first.starts_with("HTTP/1.1 200 OK"));
  CHECK(half.second);
  CHECK(ask(effect::garbage, 0).second.first.starts_with("SSH-"));
  CHECK(ask(effect::bad_json, 0).first == 200);
}

TEST_CASE_FIXTURE(laboratory, "Watches see changes, and a connection whose watch has ended is used again") {
  const auto one = watch();
  CHECK(server.open_watches() == 1);
  server.store().put(lease_text("a"));
  CHECK(one->hears(R"({"type":"ADDED")"));
  server.store().put(lease_text("a", "b"));
  CHECK(one->hears(R"({"type":"MODIFIED")"));
  server.store().erase("leases", "default", "a");
  CHECK(one->hears(R"({"type":"DELETED")"));
  server.end_watches(ending::orderly);
  CHECK(one->hears("\r\n0\r\n\r\n"));
  CHECK(server.open_watches() == 0);
  CHECK(one->ask("GET", std::string{leases}) == 200);
  CHECK(server.connections() == 1);
}

TEST_CASE_FIXTURE(laboratory, "A watch is cut, is silent, sends half an event, and bookmarks when told") {
  const auto one = watch("&allowWatchBookmarks=true");
  server.bookmark();
  CHECK(one->hears(R"({"type":"BOOKMARK")"));
  fake_api::watch_behaviour how;
  how.half_events = true;
  server.set_watching(how);
  one->take();
  server.store().put(lease_text("half"));
  CHECK(one->hears("ADDED"));
  CHECK(one->heard().find("}}\n") == std::string::npos);
  how.half_events = false;
  how.silent = true;
  server.set_watching(how);
  CHECK(one->hears("}\n"));
  one->take();
  server.store().put(lease_text("silent"));
  const auto two = connect();
  CHECK(two->ask("GET", std::string{leases}) == 200);  // long enough for an event that must not come
  CHECK(one->heard().empty());
  how.silent = false;
  how.chunk_max = 10;
  server.set_watching(how);
  CHECK(one->hears("\r\na\r\n"));
  server.end_watches(ending::cut);
  CHECK(one->sees_end());
}

TEST_CASE_FIXTURE(laboratory,
                  "A forgotten version is told by an event or by the status, also in the middle of a watch") {
  const auto one = watch();
  fake_api::watch_behaviour how;
  how.silent = true;
  server.set_watching(how);
  server.store().put(lease_text("a"));
  server.store().compact();
  server.set_watching({});
  CHECK(one->hears(R"("code":410)"));
  CHECK(one->hears("\r\n0\r\n\r\n"));
  const auto target = std::string{leases} + "?watch=1&resourceVersion=2";
  one->send("GET", target);
  CHECK(one->hears(R"({"type":"ERROR")"));
  CHECK(one->hears("\r\n0\r\n\r\n"));
  server.set_expiry(fake_api::expiry::status);
  CHECK(one->ask("GET", target) == 410);
}

TEST_CASE_FIXTURE(laboratory, "A frozen cache serves what is old to watches and to lists that take anything") {
  const auto one = watch();
  server.freeze_cache();
  server.store().put(lease_text("a"));
  const auto two = connect();
  CHECK(two->ask("GET", std::string{leases} + "?resourceVersion=0") == 200);
  CHECK(two->heard().find(R"("items":[])") != std::string::npos);
  CHECK(two->ask("GET", fmt::format("{}?resourceVersion={}", leases, server.store().version())) == 504);
  CHECK(two->ask("GET", std::string{leases}) == 200);
  CHECK(two->heard().find(R"("name":"a")") != std::string::npos);
  CHECK(one->heard().empty());
  server.thaw_cache();
  CHECK(one->hears("ADDED"));
}

TEST_CASE_FIXTURE(laboratory, "A server that is paused accepts and says nothing until it goes on") {
  const auto one = connect();
  CHECK(create(*one, "a") == 201);
  server.pause();
  one->send("GET", std::string{leases});
  auto two = connect();
  CHECK(reaches([&] { return server.connections() == 2; }));
  CHECK(server.requests().size() == 1);  // the other one waits
  CHECK(one->heard().empty());
  server.resume();
  CHECK(one->hears("200 OK"));
  CHECK(two->ask("GET", std::string{leases}) == 200);
}

TEST_CASE_FIXTURE(laboratory, "A server that is stopped refuses, and comes back on its port with what it had") {
  const auto port = server.port();
  const auto one = connect();
  CHECK(create(*one, "a") == 201);
  server.stop();
  CHECK(one->sees_end());
  CHECK_FALSE(connect()->connect());
  server.start();
  CHECK(server.port() == port);
  CHECK(connect()->ask("GET", std::string{leases} + "/a") == 200);
}

TEST_CASE_FIXTURE(laboratory, "Two servers share one store") {
  fake_api::options how;
  how.store = server.shared_store();
  how.authority = server.shared_authority();
  fake_api::server second{context, how};
  const auto one = watch();
  client two{context, second};
  CHECK(create(two, "a") == 201);
  CHECK(one->hears("ADDED"));
  second.stop();
  CHECK(two.sees_end());
}

TEST_CASE_FIXTURE(laboratory, "A store that is rewound has its old objects and version") {
  const auto before = server.store().version();
  server.store().put(lease_text("a"));
  server.store().put(lease_text("a", "b"));
  server.store().rewind(before + 1);
  CHECK(server.store().version() == before + 1);
  CHECK(server.store().get("leases", "default", "a")->at("spec").at("holderIdentity") == "a");
  server.store().rewind(before);
  CHECK_FALSE(has("a"));
}

TEST_CASE_FIXTURE(laboratory, "Tokens, client certificates and permissions decide who may do what") {
  server.access().tokens["weak"] = {"weak", {}};
  server.access().allows = [](const fake_api::attributes& wish) { return wish.user != "weak" || wish.verb == "get"; };
  const auto one = connect();
  const auto target = std::string{leases};
  CHECK(one->ask("GET", target, "", "weak") == 403);
  CHECK(one->ask("GET", target + "/x", "", "weak") == 404);
  CHECK(one->ask("GET", target, "", "unknown") == 401);
  CHECK(one->ask("GET", target, "", "") == 403);
  server.access().tokens.erase("admin-token");
  CHECK(one->ask("GET", target) == 401);

  const auto known = server.authority().sign_client("carl");
  client two{context, server, known};
  CHECK(two.ask("GET", target, "", "") == 200);
  CHECK(server.requests().all().back().wish.user == "carl");
  const isat::test::test_authority stranger;
  client three{context, server, stranger.sign_client("eve")};
  CHECK(three.ask("GET", target, "", "") == 401);
}

TEST_CASE_FIXTURE(laboratory, "A new certificate is shown on new connections") {
  const auto one = connect();
  CHECK(create(*one, "a") == 201);
  const isat::test::test_authority other;
  server.use_certificate(other.sign_server());
  CHECK(one->ask("GET", std::string{leases}) == 200);
  CHECK_FALSE(connect()->connect());
  server.use_certificate(server.authority().sign_server());
  CHECK(connect()->ask("GET", std::string{leases}) == 200);
}

TEST_CASE_FIXTURE(laboratory, "Connections are dropped, and those of clients that went away are forgotten") {
  auto one = connect();
  CHECK(create(*one, "a") == 201);
  server.drop_connections();
  CHECK(one->sees_end());
  auto two = watch();
  CHECK(reaches([&] { return server.open_watches() == 1; }));
  two.reset();
  CHECK(reaches([&] { return server.open_connections() == 0; }));
}
