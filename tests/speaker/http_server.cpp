// SPDX-License-Identifier: BSL-1.0

#include "failure.hpp"
#include "http_server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace speakerd;
using namespace std::chrono_literals;

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// A client in the server's own context.
class client {
 public:
  client(asio::io_context& context, const http_address& address) : socket_{context} {
    socket_.connect({asio::ip::make_address(address.host), address.port});
  }

  void send(const std::string& text) {
    sent_ = text;
    asio::async_write(socket_, asio::buffer(sent_), [](error_code, std::size_t) {});
  }

  void read() {
    asio::async_read(socket_, asio::dynamic_buffer(got), [this](error_code error, std::size_t) {
      reason = error;
      is_over = true;
    });
  }

  std::string got;
  error_code reason;
  bool is_over = false;

 private:
  tcp::socket socket_;
  std::string sent_;
};

/// A server with some pages.
struct served {
  asio::io_context context{1};
  std::vector<std::string> asked;
  std::vector<unsigned> answered;
  http_server server;

  explicit served(http_limits limits = {})
      : server{context.get_executor(),
               {"127.0.0.1", 0},
               [this](std::string_view path) { return page(path); },
               [this](unsigned status) { answered.push_back(status); },
               limits} {
    server.start();
  }

  http_answer page(std::string_view path) {
    asked.emplace_back(path);
    if (path == "/short") return {.body = "a page\n"};
    if (path == "/empty") return {};
    if (path == "/long") {
      return {.content_type = "text/long", .body = "piece 0\n", .next_piece = [left = 3](std::string& piece) mutable {
                if (left > 0) piece = "piece " + std::to_string(4 - left) + '\n';
                --left;
              }};
    }
    if (path == "/huge") {
      return {.body = std::string(65'536, 'x'), .next_piece = [](std::string& piece) { piece.assign(65'536, 'x'); }};
    }
    return {.status = 404, .body = "no such page\n"};
  }

  template <class Condition>
  bool run_until(Condition condition, std::chrono::nanoseconds limit = 10s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition() && std::chrono::steady_clock::now() < end) context.run_one_for(100ms);
    return condition();
  }

  /// What comes back until the server closes the connection.
  std::string ask(const std::string& request) {
    client asker{context, server.address()};
    asker.send(request);
    asker.read();
    CHECK(run_until([&] { return asker.is_over; }));
    CHECK(asker.reason == asio::error::eof);
    return asker.got;
  }
};

std::string status_of(const std::string& answer) { return answer.substr(0, answer.find("\r\n")); }
std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }
bool has_field(const std::string& answer, const std::string& field) {
  return answer.substr(0, answer.find("\r\n\r\n") + 2).find("\r\n" + field + "\r\n") != std::string::npos;
}

}  // namespace

TEST_CASE("a page is answered with its length, and the connection ends") {
  served each;
  const std::string answer = each.ask("GET /short HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(status_of(answer) == "HTTP/1.1 200 OK");
  CHECK(has_field(answer, "Content-Type: text/plain; charset=utf-8"));
  CHECK(has_field(answer, "Content-Length: 7"));
  CHECK(has_field(answer, "Connection: close"));
  CHECK(body_of(answer) == "a page\n");
  CHECK(each.answered == std::vector<unsigned>{200});
}

TEST_CASE("a page without anything in it is a page") {
  served each;
  const std::string answer = each.ask("GET /empty HTTP/1.1\r\n\r\n");
  CHECK(status_of(answer) == "HTTP/1.1 200 OK");
  CHECK(has_field(answer, "Content-Length: 0"));
  CHECK(body_of(answer).empty());
}

TEST_CASE("a long page comes in chunks, and to an old client until the end of the connection") {
  served each;
  const std::string chunked = each.ask("GET /long HTTP/1.1\r\n\r\n");
  CHECK(has_field(chunked, "Transfer-Encoding: chunked"));
  CHECK(has_field(chunked, "Content-Type: text/long"));
  CHECK(body_of(chunked) == "8\r\npiece 0\n\r\n8\r\npiece 1\n\r\n8\r\npiece 2\n\r\n8\r\npiece 3\n\r\n0\r\n\r\n");
  const std::string old = each.ask("GET /long HTTP/1.0\r\n\r\n");
  CHECK_FALSE(has_field(old, "Transfer-Encoding: chunked"));
  CHECK(body_of(old) == "piece 0\npiece 1\npiece 2\npiece 3\n");
}

TEST_CASE("HEAD gets the same head and nothing else") {
  served each;
  const std::string answer = each.ask("HEAD /short HTTP/1.1\r\n\r\n");
  CHECK(has_field(answer, "Content-Length: 7"));
  CHECK(body_of(answer).empty());
  CHECK(body_of(each.ask("HEAD /long HTTP/1.1\r\n\r\n")).empty());
}

TEST_CASE("a path is asked for without its query") {
  served each;
  each.ask("GET /short?a=b HTTP/1.1\r\n\r\n");
  each.ask("GET ?a=b HTTP/1.1\r\n\r\n");
  CHECK(each.asked == std::vector<std::string>{"/short", ""});
}

TEST_CASE("what is no GET or HEAD is refused, also with a body that nobody reads") {
  served each;
  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "FROBNICATE"}) {
    const std::string answer =
        each.ask(method + " /short HTTP/1.1\r\nContent-Length: 20000\r\n\r\n" + std::string(20'000, 'x'));
    CHECK(status_of(answer) == "HTTP/1.1 405 Method Not Allowed");
    CHECK(has_field(answer, "Allow: GET, HEAD"));
  }
  CHECK(each.asked.empty());
}

TEST_CASE("a page that is not there is 404") {
  served each;
  CHECK(status_of(each.ask("GET /nowhere HTTP/1.1\r\n\r\n")) == "HTTP/1.1 404 Not Found");
}

TEST_CASE("garbage is told so, and a TLS client too") {
  served each;
  const std::string tls_hello{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15};
  for (const std::string& text :
       {std::string{"garbage\r\n\r\n"}, std::string(100, '\0'), tls_hello, std::string{"GET /short HTTP/2.0\r\n\r\n"},
        std::string{"GET /short\r\n\r\n"}, std::string{"GET /short HTTP/1.1\r\nno colon\r\n\r\n"},
        std::string{"GET /short HTTP/1.1\r\nContent-Length: -1\r\n\r\n"}}) {
    CAPTURE(text);
    CHECK(status_of(each.ask(text)) == "HTTP/1.1 400 Bad Request");
  }
  CHECK(each.asked.empty());
}

TEST_CASE("a head that is too long is told so") {
  served each;
  const std::string long_field = "GET /short HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n";
  CHECK(status_of(each.ask(long_field)) == "HTTP/1.1 431 Request Header Fields Too Large");
  const std::string long_path = "GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\n\r\n";
  CHECK(status_of(each.ask(long_path)) == "HTTP/1.1 431 Request Header Fields Too Large");
  const std::string fits = "GET /short HTTP/1.1\r\nX: " + std::string(8'000, 'x') + "\r\n\r\n";
  CHECK(status_of(each.ask(fits)) == "HTTP/1.1 200 OK");
}

TEST_CASE("who does not finish a request in time is hung up on") {
  served each{{.patience = 50ms}};
  for (const std::string text : {"", "GET /sho"}) {
    client slow{each.context, each.server.address()};
    slow.send(text);
    slow.read();
    CHECK(each.run_until([&] { return slow.is_over; }));
    CHECK(slow.got.empty());
  }
  CHECK(each.answered.empty());
}

TEST_CASE("who does not read the answer in time is hung up on") {
  served each{{.patience = 200ms}};
  client deaf{each.context, each.server.address()};
  deaf.send("GET /huge HTTP/1.0\r\n\r\n");
  CHECK(each.run_until([&] { return !each.answered.empty(); }));
  asio::steady_timer later{each.context, 500ms};  // sleep: nothing tells a client that does not read
  later.wait();
  const auto begin = std::chrono::steady_clock::now();
  deaf.read();
  CHECK(each.run_until([&] { return deaf.is_over; }));
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
  CHECK(each.ask("GET /short HTTP/1.1\r\n\r\n").ends_with("a page\n"));
}

TEST_CASE("a crowd that never asks keeps nobody out, and the oldest of it goes first") {
  served each{{.connections = 4}};
  std::list<client> crowd;
  for (int count = 0; count < 100; ++count) {
    crowd.emplace_back(each.context, each.server.address()).read();
    each.context.poll();
  }
  const auto still_there = [&] {
    return std::count_if(crowd.begin(), crowd.end(), [](auto& c) { return !c.is_over; });
  };
  CHECK(each.run_until([&] { return still_there() == 4; }));
  CHECK_FALSE(crowd.back().is_over);
  CHECK(each.ask("GET /short HTTP/1.1\r\n\r\n").ends_with("a page\n"));
  CHECK(each.run_until([&] { return still_there() == 3; }));
  CHECK_FALSE(crowd.back().is_over);
}

TEST_CASE("an answer that is on its way is not given up for one that only dawdles") {
  served each{{.connections = 2}};
  client reader{each.context, each.server.address()};
  reader.send("GET /huge HTTP/1.0\r\n\r\n");
  CHECK(each.run_until([&] { return !each.answered.empty(); }));
  std::list<client> crowd;
  for (int count = 0; count < 10; ++count) {
    crowd.emplace_back(each.context, each.server.address()).read();
    CHECK(each.run_until([&] { return count == 0 || std::next(crowd.rbegin())->is_over; }));
  }
  reader.read();
  each.run_until([&] { return reader.got.size() > 100'000'000; }, 300ms);
  CHECK_FALSE(reader.is_over);
}

TEST_CASE("a server that is destroyed hangs up, and leaves nothing to do") {
  asio::io_context context;
  auto server = std::make_unique<http_server>(context.get_executor(), http_address{"127.0.0.1", 0},
                                              [](std::string_view) { return http_answer{}; });
  server->start();
  client waiting{context, server->address()};
  waiting.read();
  for (int turn = 0; turn < 3; ++turn) context.poll();
  server.reset();
  context.restart();
  context.run_for(10s);
  CHECK(context.stopped());
  CHECK(waiting.is_over);
}

TEST_CASE("an address that cannot be had is told in one sentence") {
  asio::io_context context;
  const auto refusal = [&](const http_address& address) -> std::string {
    try {
      http_server{context.get_executor(), address, [](std::string_view) { return http_answer{}; }};
    } catch (const failure& refused) {
      CHECK(refused.code() == exit_code::os);
      return refused.what();
    }
    return "none";
  };
  served other;
  const http_address taken = other.server.address();
  CHECK(refusal(taken) ==
        "cannot listen on " + to_text(taken) + " for --http: Address already in use (another program listens there)");
  CHECK(
      refusal({"192.0.2.1", 7486}) ==
      "cannot listen on 192.0.2.1:7486 for --http: Cannot assign requested address (no interface of this host has the "
      "address)");
}
