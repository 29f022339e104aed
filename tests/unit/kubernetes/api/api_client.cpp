// SPDX-License-Identifier: BSL-1.0

// Requests and streams over real TLS to a server in this process: answers, failures, time limits, cancellation, kept
// connections. Certificates and credentials are in detail/tls_context.cpp, choice among servers in server_list.cpp.
#include "api_laboratory.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/api/detail/client_state.hpp"
#include "isat/kubernetes/error.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace fake_api = isat::test::fake_api;
namespace kubernetes = isat::kubernetes;
using isat::error_code;
using isat::test::api_laboratory;
using isat::test::lease_write;
using isat::test::leases_path;
using isat::test::read_of;
using isat::test::urgent;
using kubernetes::api_client;
using kubernetes::error;
using namespace std::chrono_literals;

// ---- Answers ----

TEST_CASE("a request is answered, and the answer names its server") {
  api_laboratory at;
  const auto got = at.ask(read_of(leases_path));
  CHECK_FALSE(got->error);
  CHECK(got->response.status == 200);
  CHECK(got->response.body.find("\"LeaseList\"") != std::string::npos);
  CHECK(got->response.server == at.server.url());
  REQUIRE(at.server.requests().size() == 1);
  auto headers = at.server.requests()[0].headers;
  CHECK(headers["authorization"] == "Bearer admin-token");
  CHECK(headers["user-agent"] == "isat-test");
  CHECK(headers["accept"] == "application/json");
  CHECK(headers.count("accept-encoding") == 0);
}

TEST_CASE("requests after each other use one connection") {
  api_laboratory at;
  for (int count = 0; count < 5; ++count) CHECK_FALSE(at.ask(read_of(leases_path))->error);
  CHECK_FALSE(at.ask(lease_write("a"))->error);
  CHECK(at.server.connections() == 1);
}

TEST_CASE("requests at the same time have a connection each, of which some are kept") {
  api_laboratory at;
  at.server.faults().add({.verb = "list", .resource = "leases", .times = 6, .effect = fake_api::effect::hold_before});
  std::vector<std::shared_ptr<isat::test::api_outcome>> all;
  for (int count = 0; count < 6; ++count) all.push_back(at.start(read_of(leases_path)));
  REQUIRE(at.until([&] { return at.server.held() == 6; }));
  at.server.release();
  for (const auto& each : all) REQUIRE(at.wait(each));
  CHECK(at.server.connections() == 6);
  REQUIRE(at.until([&] { return at.server.open_connections() == 4; }));
}

TEST_CASE("the path of a server's URL comes before every target") {
  api_laboratory at;
  auto cluster = at.server.cluster();
  cluster.servers = {at.server.url() + "/clusters/c1"};
  at.open(cluster);
  CHECK(at.ask(read_of("/version"))->response.status == 404);
  CHECK(at.server.requests()[0].target == "/clusters/c1/version");
}

TEST_CASE("what a server refuses is an error, with its words") {
  api_laboratory at;
  const auto missing = at.ask(read_of(leases_path + std::string{"/nobody"}));
  CHECK(missing->error == error::not_found);
  CHECK(missing->response.status == 404);
  CHECK(missing->response.reason == "NotFound");
  CHECK(missing->response.message.find("nobody") != std::string::npos);
  CHECK_FALSE(at.ask(lease_write("a"))->error);
  CHECK(at.ask(lease_write("a"))->error == error::already_exists);
  CHECK(at.server.requests().size() == 3);
}

TEST_CASE("an answer that is no HTTP is malformed, and its connection is not used again") {
  api_laboratory at;
  at.server.faults().add({.verb = "list", .resource = "leases", .effect = fake_api::effect::garbage});
  CHECK(at.ask(read_of(leases_path))->error == error::malformed_answer);
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  CHECK(at.server.connections() == 2);
}

TEST_CASE("an answer that breaks off is no answer") {
  api_laboratory at;
  at.server.faults().add({.verb = "list", .resource = "leases", .effect = fake_api::effect::truncate});
  const auto got = at.ask(read_of(leases_path));
  CHECK(got->error == asio::error::eof);
  CHECK(got->response.message.find("broke off") != std::string::npos);
}

TEST_CASE("an answer that is longer than its limit is an error") {
  api_laboratory at;
  auto request = read_of(leases_path);
  request.answer_max = 10;
  CHECK(at.ask(request)->error == error::answer_too_large);
}

// ---- Connections ----

TEST_CASE("a connection that the server closes after its answer is not used again") {
  api_laboratory at;
  at.server.faults().add({.verb = "list", .resource = "leases", .close_connection = true});
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  CHECK(at.server.connections() == 2);
}

TEST_CASE("kept connections that were closed meanwhile cost nothing") {
  for (const auto how : {fake_api::ending::orderly, fake_api::ending::cut, fake_api::ending::reset}) {
    api_laboratory at;
    CHECK_FALSE(at.ask(read_of(leases_path))->error);
    at.server.drop_connections(how);
    auto request = read_of(leases_path);
    request.repeatable = how != fake_api::ending::orderly;
    at.until([&] { return at.server.open_connections() == 0; });
    CHECK_FALSE(at.ask(request)->error);
    CHECK(at.server.connections() == 2);
  }
}

TEST_CASE("a kept connection that is closed at the request is no answer yet: it is sent again on a new one") {
  api_laboratory at;
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  at.server.faults().add({.verb = "create", .resource = "leases", .effect = fake_api::effect::close_before});
  CHECK_FALSE(at.ask(lease_write("a"))->error);
  CHECK(at.server.requests().count("create") == 2);
}

TEST_CASE("a request that cannot be repeated is sent once") {
  api_laboratory at;
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  at.server.faults().add({.verb = "create", .resource = "leases", .effect = fake_api::effect::close_before});
  auto request = lease_write("a");
  request.repeatable = false;
  const auto got = at.ask(request);
  CHECK(got->error);
  CHECK_FALSE(got->error == isat::condition::write_refused);
  CHECK(got->response.message.find("no answer from " + at.server.url()) == 0);
  CHECK(at.server.requests().count("create") == 1);
}

TEST_CASE("a new connection that is closed at the request is an error") {
  api_laboratory at;
  at.server.faults().add(
      {.verb = "create", .resource = "leases", .times = -1, .effect = fake_api::effect::close_before});
  CHECK(at.ask(lease_write("a"))->error);
  CHECK(at.server.requests().count("create") == 1);
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  CHECK(at.ask(lease_write("a"))->error);  // one kept, one new
  CHECK(at.server.requests().count("create") == 3);
}

TEST_CASE("a server that is not there is told with its URL and the system's error") {
  api_laboratory at;
  at.server.stop();
  const auto got = at.ask(read_of(leases_path));
  CHECK(got->error == asio::error::connection_refused);
  CHECK(got->response.status == 0);
  CHECK(got->response.server == at.server.url());
  CHECK(got->response.message == "cannot connect to " + at.server.url() + ": Connection refused");
}

TEST_CASE("a name that does not exist is told") {
  api_laboratory at;
  auto cluster = at.server.cluster();
  cluster.servers = {"https://isat-nowhere.invalid:6443"};
  at.open(cluster);
  const auto got = at.ask(read_of(leases_path));
  CHECK(got->error);
  CHECK(got->response.message.find("cannot resolve the name of https://isat-nowhere.invalid:6443") == 0);
}

TEST_CASE("a server is found by its name") {
  api_laboratory at;
  auto cluster = at.server.cluster();
  cluster.servers = {"https://localhost:" + std::to_string(at.server.port())};
  at.open(cluster);
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
}

/// What listens on the loopback without TLS, and answers the first request with a text.
struct loopback_proxy {
  asio::io_context context;
  asio::ip::tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  asio::ip::tcp::socket peer{context};
  std::string asked;
  std::string answer;

  explicit loopback_proxy(std::string text) : answer{std::move(text)} {
    acceptor.async_accept(peer, [this](error_code) {
      asio::async_read_until(peer, asio::dynamic_buffer(asked), "\r\n\r\n", [this](error_code, std::size_t) {
        asio::async_write(peer, asio::buffer(answer), [](error_code, std::size_t) {});
      });
    });
  }

  kubernetes::api_response response;

  error_code ask() {
    kubernetes::cluster_config cluster;
    cluster.servers = {"http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port())};
    cluster.user.token.text = "secret";
    api_client client{context.get_executor(), cluster};
    std::optional<error_code> result;
    client.async_request(read_of("/version"), [&](error_code failure, kubernetes::api_response got) {
      result = failure;
      response = std::move(got);
    });
    REQUIRE(isat::test::run_until(context, [&] { return result.has_value(); }));
    return *result;
  }
};

TEST_CASE("a proxy on the loopback is spoken to without TLS, and gets no token") {
  loopback_proxy proxy{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"};
  CHECK_FALSE(proxy.ask());
  CHECK(proxy.response.body == "{}");
  CHECK(proxy.asked.starts_with("GET /version HTTP/1.1\r\n"));
  CHECK(proxy.asked.find("Authorization") == std::string::npos);
  CHECK(proxy.asked.find("secret") == std::string::npos);
}

TEST_CASE("what a proxy refuses by itself is judged by its status, and told to come without a Status object") {
  loopback_proxy forbids{"HTTP/1.1 403 Forbidden\r\nContent-Length: 17\r\n\r\n<h1>Go  away</h1>"};
  CHECK(forbids.ask() == error::forbidden);
  CHECK(forbids.response.message == "HTTP status 403 without a Status object: <h1>Go away</h1>");
  loopback_proxy knows_nobody{"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"};
  CHECK(knows_nobody.ask() == error::unauthorized);
  CHECK(knows_nobody.response.message == "HTTP status 401 without a Status object");
}

// ---- Work and time ----

TEST_CASE("a client without requests is no work, before and after them") {
  asio::io_context own;
  api_laboratory at;
  std::optional<api_client> client{std::in_place, own.get_executor(), at.server.cluster()};
  CHECK(own.run() == 0);
  bool done = false;
  client->async_request(read_of(leases_path), [&](error_code failure, const kubernetes::api_response&) {
    CHECK_FALSE(failure);
    done = true;
  });
  own.restart();
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (!own.stopped() && std::chrono::steady_clock::now() < deadline) {
    own.run_for(1ms);
    at.context.restart();
    at.context.run_for(1ms);
  }
  CHECK(done);
  CHECK(own.stopped());
  CHECK(at.server.open_connections() == 1);
}

TEST_CASE("an answer has its time") {
  api_laboratory at;
  REQUIRE_FALSE(at.ask(read_of(leases_path))->error);  // leaves a connection, so that the time is the answer's alone
  at.server.faults().add({.verb = "list", .resource = "leases", .effect = fake_api::effect::hold_before});
  auto request = read_of(leases_path);
  request.timeout = 40ms;
  const auto begin = std::chrono::steady_clock::now();
  const auto got = at.ask(request);
  CHECK(got->error == error::request_timeout);
  CHECK(got->response.message == "no answer from " + at.server.url() + " within 0.04 s");
  CHECK(std::chrono::steady_clock::now() - begin >= 40ms);
  REQUIRE(at.until([&] { return at.server.held() == 1; }));
  at.server.release();
  REQUIRE(at.until([&] { return at.server.open_connections() == 0; }));
}

TEST_CASE("a connection has its time, also within the request's") {
  api_laboratory at;
  at.server.pause();
  auto request = read_of(leases_path);
  request.timeout = 40ms;
  auto got = at.ask(request);
  CHECK(got->error == error::request_timeout);
  CHECK(got->response.message == "no connection to " + at.server.url() + " within 0.04 s");
  kubernetes::api_client_options options;
  options.connect_timeout = 40ms;
  at.open(at.server.cluster(), options);
  got = at.ask(read_of(leases_path));
  CHECK(got->error == asio::error::timed_out);
  CHECK(got->response.message.find("cannot connect to " + at.server.url()) == 0);
  at.server.resume();
}

TEST_CASE("a request can be cancelled at any moment, and never completes within the cancellation") {
  // Between 0 and all of the steps that the context makes for it.
  int aborted = 0;
  for (int steps = 0; steps < 60; ++steps) {
    api_laboratory at;
    const auto request = at.start(read_of(leases_path));
    for (int step = 0; step < steps && !request->done; ++step) at.context.run_one_for(1s);
    const bool was_done = request->done;
    request->stop.emit(asio::cancellation_type::terminal);
    CHECK(request->done == was_done);
    REQUIRE(at.wait(request));
    if (!request->error) break;  // it was over, also if that was not told yet
    CHECK(request->error == asio::error::operation_aborted);
    ++aborted;
  }
  CHECK(aborted > 5);
}

TEST_CASE("a request that is cancelled closes its connection") {
  api_laboratory at;
  at.server.faults().add({.verb = "list", .resource = "leases", .effect = fake_api::effect::hold_before});
  const auto request = at.start(read_of(leases_path));
  REQUIRE(at.until([&] { return at.server.held() == 1; }));
  request->stop.emit(asio::cancellation_type::partial);
  REQUIRE(at.wait(request));
  CHECK(request->error == asio::error::operation_aborted);
  at.server.release();
  REQUIRE(at.until([&] { return at.server.open_connections() == 0; }));
}

TEST_CASE("requests are aborted when their client ends") {
  api_laboratory at;
  at.server.faults().add({.verb = "list", .resource = "leases", .effect = fake_api::effect::hold_before});
  const auto request = at.start(read_of(leases_path));
  const auto watch = at.stream(read_of(leases_path));
  REQUIRE(at.until([&] { return at.server.held() == 1 && at.server.open_watches() == 1; }));
  at.client.reset();
  CHECK_FALSE(request->done);
  REQUIRE(at.wait(request));
  REQUIRE(at.wait(watch));
  CHECK(request->error == asio::error::operation_aborted);
  CHECK(watch->error == asio::error::operation_aborted);
  at.server.release();
  REQUIRE(at.until([&] { return at.server.open_connections() == 0; }));
}

TEST_CASE("a context may end before its requests") {
  auto at = std::make_unique<api_laboratory>();
  const auto request = at->start(read_of(leases_path));
  const auto watch = at->stream(read_of(leases_path));
  at->context.run_for(5ms);
  at.reset();
  CHECK_FALSE(watch->done);
}

// ---- Streams ----

TEST_CASE("a stream hands on what comes, after an empty piece for its head") {
  api_laboratory at;
  const auto watch = at.stream(read_of(leases_path));
  REQUIRE(at.until([&] { return !watch->pieces.empty(); }));
  CHECK(watch->pieces == std::vector<std::string>{""});
  CHECK_FALSE(at.ask(lease_write("a"))->error);
  REQUIRE(at.until([&] { return watch->text().ends_with("\n"); }));
  CHECK(watch->text().starts_with("{\"type\":\"ADDED\""));
  CHECK_FALSE(watch->done);
}

TEST_CASE("a stream that the server ends in good order is no error, and leaves its connection") {
  api_laboratory at;
  const auto watch = at.stream(read_of(leases_path));
  REQUIRE(at.until([&] { return at.server.open_watches() == 1 && !watch->pieces.empty(); }));
  at.server.end_watches(fake_api::ending::orderly);
  REQUIRE(at.wait(watch));
  CHECK_FALSE(watch->error);
  CHECK(watch->response.status == 200);
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  CHECK(at.server.connections() == 1);
}

TEST_CASE("a stream that breaks is an error, with the status that it had") {
  for (const auto how : {fake_api::ending::cut, fake_api::ending::reset}) {
    api_laboratory at;
    const auto watch = at.stream(read_of(leases_path));
    REQUIRE(at.until([&] { return at.server.open_watches() == 1 && !watch->pieces.empty(); }));
    at.server.end_watches(how);
    REQUIRE(at.wait(watch));
    CHECK(watch->error);
    CHECK(watch->response.status == 200);
    CHECK(watch->response.message.find("broke off") != std::string::npos);
  }
}

TEST_CASE("a stream that is refused says why and hands on nothing") {
  api_laboratory at;
  at.server.faults().add({.verb = "watch", .resource = "leases", .effect = fake_api::effect::refuse, .status = 410});
  const auto watch = at.stream(read_of(leases_path));
  REQUIRE(at.wait(watch));
  CHECK(watch->error == error::expired);
  CHECK_FALSE(watch->response.message.empty());
  CHECK(watch->pieces.empty());
}

TEST_CASE("the time of a stream is that of its head") {
  api_laboratory at;
  auto request = read_of(leases_path);
  request.timeout = 200ms;
  CHECK_FALSE(at.ask(read_of(leases_path))->error);  // so that there is a connection
  const auto watch = at.stream(request);
  REQUIRE(at.until([&] { return !watch->pieces.empty(); }));
  asio::steady_timer later{at.context, 210ms};
  bool is_later = false;
  later.async_wait([&](error_code) { is_later = true; });
  REQUIRE(at.until([&] { return is_later; }));
  CHECK_FALSE(watch->done);
  at.server.faults().add({.verb = "watch", .resource = "leases", .effect = fake_api::effect::hold_before});
  request.timeout = 40ms;
  const auto silent = at.stream(request);
  REQUIRE(at.wait(silent));
  CHECK(silent->error == error::request_timeout);
}

TEST_CASE("a stream may be cancelled from within its piece") {
  for (const std::size_t at_piece : {0U, 1U}) {
    api_laboratory at;
    asio::cancellation_signal stop;
    std::size_t pieces = 0;
    bool done = false;
    at.client->async_stream(
        read_of(leases_path + std::string{"?watch=1"}),
        [&](std::string_view) {
          if (pieces++ == at_piece) stop.emit(asio::cancellation_type::terminal);
        },
        asio::bind_cancellation_slot(stop.slot(), [&](error_code failure, const kubernetes::api_response& response) {
          CHECK(failure == asio::error::operation_aborted);
          CHECK(response.status == 200);
          done = true;
        }));
    at.server.store().put(R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"a"}})");
    REQUIRE(at.until([&] { return done; }));
    CHECK(pieces == at_piece + 1);
    REQUIRE(at.until([&] { return at.server.open_connections() == 0; }));
  }
}

TEST_CASE("a stream's event of a megabyte comes whole") {
  api_laboratory at;
  const auto watch = at.stream(read_of(leases_path));
  REQUIRE(at.until([&] { return at.server.open_watches() == 1 && !watch->pieces.empty(); }));
  const std::string text(std::size_t{1} << 20U, 'x');
  at.server.store().put(
      R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"a","annotations":{"a":")" + text +
      "\"}}}");
  REQUIRE(at.until([&] { return watch->pieces.back().ends_with("\n"); }));
  CHECK(watch->text().find(text) != std::string::npos);
  CHECK(watch->pieces.size() > 50);
}

// ---- Several servers ----

struct two_servers : api_laboratory {
  two_servers() : other{context, {.store = server.shared_store(), .authority = server.shared_authority()}} {
    auto cluster = server.cluster();
    cluster.servers.push_back(other.url());
    open(cluster);
  }
  fake_api::server other;
};

TEST_CASE("a request goes to another server when no connection to the first comes about") {
  two_servers at;
  CHECK(at.ask(read_of(leases_path))->response.server == at.server.url());
  at.server.stop();
  for (int count = 0; count < 3; ++count) {
    const auto got = at.ask(urgent(lease_write("a" + std::to_string(count))));
    CHECK_FALSE(got->error);
    CHECK(got->response.server == at.other.url());
  }
}

TEST_CASE("if no server can be reached the error is of the last") {
  two_servers at;
  at.server.stop();
  at.other.stop();
  const auto got = at.ask(read_of(leases_path));
  CHECK(got->error == asio::error::connection_refused);
  CHECK(got->response.message.find(at.other.url()) != std::string::npos);
}

TEST_CASE("a copy of a request goes to the other server, and the next requests too") {
  two_servers at;
  CHECK_FALSE(at.ask(read_of(leases_path))->error);
  at.server.pause();
  const auto write = urgent(lease_write("a"));
  const auto stuck = at.start(write);
  at.context.run_for(5ms);
  auto copy = write;
  copy.elsewhere = true;
  const auto got = at.ask(copy);
  CHECK_FALSE(got->error);
  CHECK(got->response.server == at.other.url());
  at.context.run_for(200ms);
  CHECK_FALSE(stuck->done);
  CHECK(at.ask(urgent(lease_write("b")))->response.server == at.other.url());
  at.server.resume();
  REQUIRE(at.wait(stuck));
  CHECK(stuck->error == error::already_exists);
}

TEST_CASE("a server in trouble is left for the next request") {
  two_servers at;
  at.server.faults().add({.verb = "list", .resource = "leases", .effect = fake_api::effect::refuse, .status = 500});
  CHECK(at.ask(read_of(leases_path))->error == error::internal);
  CHECK(at.ask(read_of(leases_path))->response.server == at.other.url());
}

TEST_CASE("after 429 urgent requests go out at once and others wait") {
  api_laboratory at;
  at.server.faults().add(
      {.verb = "list", .resource = "leases", .effect = fake_api::effect::refuse, .status = 429, .retry_after = 2});
  const auto refused = at.ask(read_of(leases_path));
  CHECK(refused->error == error::too_many_requests);
  CHECK(refused->response.retry_after == 2s);
  CHECK_FALSE(at.ask(urgent(read_of(leases_path)))->error);
  auto request = read_of(leases_path);
  request.timeout = 40ms;
  const auto waits = at.ask(request);
  CHECK(waits->error == error::request_timeout);
  CHECK(at.server.requests().size() == 2);
}

/// Where one request that fails is an outage.
struct outage_laboratory : api_laboratory {
  outage_laboratory() {
    kubernetes::api_client_options options;
    options.outage_min = {};
    open(server.cluster(), options);
  }
};

TEST_CASE("the end of an outage is told to who wants to know, as long as he does") {
  outage_laboratory l;
  int told = 0;
  auto kept = l.client->when_back([&told] { ++told; });
  l.client->when_back([] { FAIL("not wanted any more"); }).reset();
  const auto status = [&l](unsigned refusal) {
    fake_api::fault refused;
    refused.effect = fake_api::effect::refuse;
    refused.status = refusal;
    if (refusal != 0) l.server.faults().add(refused);
    return l.ask(urgent(read_of(leases_path)))->response.status;  // others wait after 429
  };
  CHECK(status(0) == 200);
  CHECK(told == 0);
  l.server.stop();
  CHECK(status(0) == 0);
  l.server.start();
  CHECK(status(0) == 200);
  CHECK(told == 1);
  for (const unsigned trouble : {500U, 503U}) {
    CAPTURE(trouble);
    const int before = told;
    CHECK(status(trouble) == trouble);
    CHECK(told == before);
    CHECK(status(404) == 404);  // a good answer to many a question
    CHECK(told == before + 1);
  }
  CHECK(status(409) == 409);
  CHECK(status(0) == 200);
  CHECK(told == 3);
  kept.reset();
  l.server.stop();
  CHECK(status(0) == 0);
  l.server.start();
  CHECK(status(0) == 200);
  CHECK(told == 3);
}

TEST_CASE("what is refused to who asks neither begins an outage nor ends one") {
  outage_laboratory l;
  int told = 0;
  const auto kept = l.client->when_back([&told] { ++told; });
  const auto refused = [&l](unsigned status) {
    fake_api::fault fault;
    fault.effect = fake_api::effect::refuse;
    fault.status = status;
    l.server.faults().add(fault);
    return l.ask(urgent(read_of(leases_path)))->response.status == status;
  };
  for (const unsigned refusal : {401U, 403U, 429U}) {
    CAPTURE(refusal);
    CHECK(refused(refusal));
    CHECK_FALSE(l.ask(urgent(read_of(leases_path)))->error);
    CHECK(told == 0);
  }
  CHECK(refused(503));
  for (const unsigned refusal : {401U, 403U, 429U}) CHECK(refused(refusal));  // as of a server that starts
  CHECK(told == 0);
  CHECK_FALSE(l.ask(urgent(read_of(leases_path)))->error);
  CHECK(told == 1);
}

TEST_CASE("a stream whose head has come ends an outage, and one that is cancelled begins none") {
  outage_laboratory l;
  int told = 0;
  const auto kept = l.client->when_back([&told] { ++told; });
  fake_api::fault trouble;
  trouble.effect = fake_api::effect::hold_before;
  l.server.faults().add(trouble);
  const auto held = l.start(read_of(leases_path));
  REQUIRE(l.until([&] { return l.server.held() == 1; }));
  held->stop.emit(asio::cancellation_type::terminal);
  REQUIRE(l.wait(held));
  l.server.release();
  l.ask(read_of(leases_path));
  CHECK(told == 0);
  trouble.effect = fake_api::effect::refuse;
  l.server.faults().add(trouble);
  CHECK(l.ask(read_of(leases_path))->error);
  const auto stream = l.stream(read_of(leases_path));
  CHECK(l.until([&] { return told == 1; }));
  CHECK_FALSE(stream->done);
}

TEST_CASE("servers may be added, and none twice") {
  two_servers at;
  at.open(at.server.cluster());
  at.client->add_servers({at.server.url() + "/", at.other.url(), at.other.url(), "ftp://nonsense"});
  at.server.stop();
  CHECK(at.ask(read_of(leases_path))->response.server == at.other.url());
}

TEST_CASE("whoever is warned within a request may add servers") {
  api_laboratory at;
  auto cluster = at.server.cluster();
  cluster.insecure_skip_tls_verify = true;
  kubernetes::api_client_options options;
  std::optional<api_client> client;
  options.on_warning = [&client](std::string_view) {
    for (int number = 1; number <= 64; ++number) client->add_servers({fmt::format("https://127.0.0.{}:1", number)});
  };
  client.emplace(at.context.get_executor(), cluster, std::move(options));
  std::optional<error_code> result;
  client->async_request(read_of(leases_path), [&result](error_code error, const auto&) { result = error; });
  REQUIRE(at.until([&result] { return result.has_value(); }));
  CHECK_FALSE(*result);
}

TEST_CASE("writes of different names are no copies of each other") {
  two_servers at;
  for (auto* server : {&at.server, &at.other}) {
    server->faults().add(
        {.verb = "create", .resource = "leases", .times = -1, .effect = fake_api::effect::hold_before});
  }
  const auto write = [](const std::string& name, bool is_copy) {
    auto request = urgent(lease_write(name));
    request.subject = name;
    request.elsewhere = is_copy;
    return request;
  };
  const auto first = at.start(write("a", false));
  REQUIRE(at.until([&] { return at.server.held() == 1; }));
  const auto second = at.start(write("b", true));
  REQUIRE(at.until([&] { return at.other.held() == 1; }));
  const auto copy = at.start(write("a", true));
  REQUIRE(at.until([&] { return at.server.held() + at.other.held() == 3; }));
  CHECK(at.other.held() == 2);
}

// ---- Servers that the cluster names ----

struct named_servers : api_laboratory {
  named_servers() : other{context, {.store = server.shared_store(), .authority = server.shared_authority()}} {}

  void list(const std::string& address, std::uint16_t port) {
    server.store().put(
        R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","metadata":{)"
        R"("name":"kubernetes","namespace":"default","labels":{"kubernetes.io/service-name":"kubernetes"}},)"
        R"("ports":[{"name":"https","port":)" +
        std::to_string(port) + R"(}],"endpoints":[{"addresses":[")" + address + "\"]}]}");
  }
  void open_with(std::chrono::nanoseconds period) {
    kubernetes::api_client_options options;
    options.discovery_period = period;
    options.on_discovery = [this](error_code error, const std::vector<std::string>& urls) {
      ++discoveries;
      last = error ? error.message() : urls.empty() ? "" : urls[0];
    };
    open(server.cluster(), std::move(options));
  }
  /// Asks until there have been so many discoveries.
  void ask_until(int count, std::chrono::nanoseconds limit = 5s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (discoveries < count) {
      REQUIRE(std::chrono::steady_clock::now() < end);
      ask(read_of(leases_path));
      context.run_for(1ms);
    }
  }

  fake_api::server other;
  int discoveries = 0;
  std::string last;
};

TEST_CASE("a client asks for the other servers beside its first request, if it is told to, and once in a period") {
  named_servers at;
  at.list("127.0.0.1", at.other.port());
  for (int count = 0; count < 3; ++count) CHECK_FALSE(at.ask(read_of(leases_path))->error);
  CHECK(at.server.requests().count("list", "endpointslices") == 0);
  at.open_with(1h);
  at.ask_until(1);
  CHECK(at.last == at.other.url());
  for (int count = 0; count < 3; ++count) CHECK_FALSE(at.ask(read_of(leases_path))->error);
  CHECK(at.server.requests().count("list", "endpointslices") == 1);
  at.server.stop();
  CHECK(at.ask(read_of(leases_path))->response.server == at.other.url());
}

TEST_CASE("a server that is not listed any more is left out, one that is listed again comes back, others stay") {
  named_servers at;
  at.list("127.0.0.1", at.other.port());
  at.open_with(20ms);
  at.ask_until(1);
  at.list("127.0.0.9", at.other.port());
  at.ask_until(3);
  CHECK(at.last.starts_with("https://127.0.0.9:"));
  CHECK(at.ask(read_of(leases_path))->response.server == at.server.url());
  at.server.stop();
  const auto got = at.ask(read_of(leases_path));
  CHECK(got->error);
  CHECK(got->response.server != at.other.url());
  at.server.start();
  at.list("127.0.0.1", at.other.port());
  at.ask_until(at.discoveries + 2);
  at.server.stop();
  CHECK(at.ask(read_of(leases_path))->response.server == at.other.url());
}

TEST_CASE("a new server in the place of one that is gone has none of its connections") {
  named_servers at;
  at.list("127.0.0.1", at.other.port());
  at.open_with(20ms);
  at.ask_until(1);
  at.server.stop();
  REQUIRE(at.ask(read_of(leases_path))->response.server == at.other.url());
  at.server.start();
  at.list("127.0.0.8", at.other.port());
  at.ask_until(at.discoveries + 2);
  at.list("127.0.0.9", at.other.port());
  at.ask_until(at.discoveries + 2);
  at.server.stop();
  const auto got = at.ask(read_of(leases_path));
  CHECK(got->error);
  CHECK(got->response.server != at.other.url());
}

TEST_CASE("servers that come and go take the places of those that have gone and that no request knows") {
  named_servers at;
  kubernetes::api_client_options options;
  options.discovery_period = 1ns;
  options.on_discovery = [&at](error_code, const std::vector<std::string>&) { ++at.discoveries; };
  const auto client = std::make_shared<kubernetes::detail::client_state>(at.context.get_executor(), at.server.cluster(),
                                                                         std::move(options));
  const auto follow = [&](const std::string& address) {
    at.list(address, at.other.port());
    int asked = 0;
    // What is on its way may be of the last list.
    for (const int enough = at.discoveries + 2; at.discoveries < enough;) {
      bool done = false;
      client->start(read_of(leases_path), {}, [&done](error_code, const kubernetes::api_response&) { done = true; });
      REQUIRE(at.until([&] { return done; }));
      at.context.run_for(1ms);
      REQUIRE(++asked < 1000);
    }
  };
  follow("127.0.0.1");
  CHECK(client->urls.size() == 2);
  // One of them goes on with a stream.
  at.server.stop();
  auto watch = read_of(leases_path);
  watch.target += "?watch=1";
  bool has_begun = false;
  bool has_ended = false;
  client->start(
      watch, [&](std::string_view) { has_begun = true; },
      [&](error_code, const kubernetes::api_response&) { has_ended = true; });
  REQUIRE(at.until([&] { return has_begun; }));
  at.server.start();
  for (int number = 2; number < 10; ++number) follow(fmt::format("127.0.0.{}", number));
  CHECK(client->urls.size() == 3);
  CHECK_FALSE(has_ended);
  CHECK(client->urls[1].text == at.other.url());
  CHECK(client->urls[2].host == "127.0.0.9");
  client->shut_down();
}

TEST_CASE("a list without servers changes nothing, and neither does a refusal") {
  named_servers at;
  at.list("127.0.0.1", at.other.port());
  at.open_with(20ms);
  at.ask_until(1);
  at.server.store().erase("endpointslices", "default", "kubernetes");
  at.ask_until(3);
  CHECK(at.last.empty());
  at.server.access().allows = [](const fake_api::attributes& wish) { return wish.resource == "leases"; };
  at.ask_until(at.discoveries + 2);
  CHECK(at.last == make_error_code(error::forbidden).message());
  at.server.stop();
  CHECK(at.ask(read_of(leases_path))->response.server == at.other.url());
}

TEST_CASE("when no server could be reached the next one that answers is asked soon") {
  named_servers at;
  at.list("127.0.0.1", at.other.port());
  at.other.stop();
  at.open_with(4s);
  at.ask_until(1);
  at.server.stop();
  CHECK(at.ask(read_of(leases_path))->error);
  at.server.start();
  at.ask_until(2, 2s);
}

TEST_CASE("a client without a usable server says so") {
  api_laboratory at;
  auto cluster = at.server.cluster();
  cluster.servers = {"http://api.example.test"};
  at.open(cluster);
  const auto got = at.ask(read_of(leases_path));
  CHECK(got->error == error::no_server);
  CHECK(got->response.message.find("https://") != std::string::npos);
  cluster.servers.clear();
  at.open(cluster);
  CHECK(at.ask(read_of(leases_path))->error == error::no_server);
}

}  // namespace
