// SPDX-License-Identifier: BSL-1.0

// How a connection finds its server by name, with name servers that answer, are silent, or say something new.
#include "isat/kubernetes/api/detail/address_book.hpp"
#include "isat/kubernetes/api/detail/connection.hpp"
#include "isat/kubernetes/api/detail/tls_context.hpp"
#include "isat/kubernetes/error.hpp"
#include "store_contract.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace kubernetes = isat::kubernetes;
using isat::error_code;
using kubernetes::detail::address_book;
using kubernetes::detail::connection;
using namespace std::chrono_literals;

struct outcome {
  bool done = false;
  error_code error;
  std::string message;
};

/// A server on one loopback address, and a name server that the test is.
struct laboratory {
  asio::io_context context;
  asio::ip::tcp::acceptor acceptor{context, {asio::ip::make_address("127.0.0.2"), 0}};
  std::uint16_t port = acceptor.local_endpoint().port();
  std::vector<std::string> told{"127.0.0.2"};  // of the name
  error_code lookup_error;
  bool is_silent = false;
  int lookups = 0;
  std::vector<address_book::done_function> unanswered;
  std::shared_ptr<address_book> names =
      std::make_shared<address_book>([this](const std::string& host, const address_book::done_function& done) {
        CHECK(host == "api.test");
        ++lookups;
        if (is_silent) return unanswered.push_back(done);
        asio::post(context, [this, done] { answer(done); });
      });
  kubernetes::detail::tls_context trust{kubernetes::cluster_config{}, {}};
  std::shared_ptr<connection> last;

  void answer(const address_book::done_function& done) const {
    address_book::addresses found;
    for (const auto& each : told) found.push_back(asio::ip::make_address(each));
    done(lookup_error, found);
  }

  std::shared_ptr<outcome> start(std::chrono::nanoseconds limit = 3s) {
    kubernetes::server_url url;
    url.text = "http://api.test";
    url.host = "api.test";
    url.port = port;
    last = std::make_shared<connection>(context.get_executor(), url, nullptr, names,
                                        kubernetes::detail::connection_options{limit, 1s});
    auto result = std::make_shared<outcome>();
    last->connect(trust, [result](error_code error, const std::string& message) {
      result->done = true;
      result->error = error;
      result->message = message;
    });
    CHECK_FALSE(result->done);
    return result;
  }
  outcome connect(std::chrono::nanoseconds limit = 3s) {
    const auto result = start(limit);
    REQUIRE(isat::test::run_until(context, [&] { return result->done; }));
    return *result;
  }
};

TEST_CASE("a name server that is silent costs no more than the time for a connection, and leaves nothing pending") {
  laboratory at;
  at.is_silent = true;
  const auto begin = std::chrono::steady_clock::now();
  const outcome got = at.connect(40ms);
  CHECK(got.error == kubernetes::error::request_timeout);
  CHECK(got.error != isat::condition::write_refused);
  CHECK(got.message.starts_with("cannot resolve the name of http://api.test: "));
  CHECK(std::chrono::steady_clock::now() - begin < 2s);
  at.context.restart();
  CHECK(at.context.run_for(1s) == 0);
  CHECK(at.context.stopped());
}

TEST_CASE("while one lookup goes on there is no other, and a late answer serves the next connection") {
  laboratory at;
  at.is_silent = true;
  for (int i = 0; i < 3; ++i) CHECK(at.connect(5ms).error == kubernetes::error::request_timeout);
  CHECK(at.lookups == 1);
  at.answer(at.unanswered.at(0));
  CHECK_FALSE(at.connect().error);
  CHECK(at.lookups == 1);
}

TEST_CASE("an address that worked needs no name server") {
  laboratory at;
  CHECK_FALSE(at.connect().error);
  at.is_silent = true;
  for (int i = 0; i < 3; ++i) CHECK_FALSE(at.connect().error);
  CHECK(at.lookups == 1);
}

TEST_CASE("of several addresses the one that works is tried first from then on") {
  laboratory at;
  at.told = {"127.0.0.3", "127.0.0.2"};  // nobody listens at the first
  CHECK_FALSE(at.connect().error);
  CHECK(at.names->known("api.test") ==
        address_book::addresses{asio::ip::make_address("127.0.0.2"), asio::ip::make_address("127.0.0.3")});
}

TEST_CASE("a server that has moved is found by the same attempt") {
  laboratory at;
  at.told = {"127.0.0.2"};
  CHECK_FALSE(at.connect().error);
  at.acceptor = asio::ip::tcp::acceptor{at.context, {asio::ip::make_address("127.0.0.4"), at.port}};
  at.told = {"127.0.0.4"};
  CHECK_FALSE(at.connect().error);
  CHECK(at.lookups == 2);
  CHECK_FALSE(at.connect().error);
  CHECK(at.lookups == 2);
}

TEST_CASE("a server that is down is told soon, though the name server is silent, and is found again where it was") {
  laboratory at;
  CHECK_FALSE(at.connect().error);
  at.is_silent = true;
  at.acceptor.close();
  const auto begin = std::chrono::steady_clock::now();
  const outcome got = at.connect();
  CHECK(got.error == asio::error::connection_refused);
  CHECK(got.message.starts_with("cannot connect to http://api.test"));
  CHECK(std::chrono::steady_clock::now() - begin < 2s);  // less than for a connection
  at.acceptor = asio::ip::tcp::acceptor{at.context, {asio::ip::make_address("127.0.0.2"), at.port}};
  CHECK_FALSE(at.connect().error);
  CHECK(at.lookups == 2);
}

TEST_CASE("a late answer replaces addresses that did not work") {
  laboratory at;
  CHECK_FALSE(at.connect().error);
  at.is_silent = true;
  at.acceptor = asio::ip::tcp::acceptor{at.context, {asio::ip::make_address("127.0.0.4"), at.port}};
  CHECK(at.connect(20ms).error);
  at.told = {"127.0.0.4"};
  at.answer(at.unanswered.at(0));
  CHECK_FALSE(at.connect().error);
  CHECK(at.lookups == 2);
}

TEST_CASE("a name without addresses is told") {
  laboratory at;
  at.told.clear();
  CHECK(at.connect().message.starts_with("cannot resolve the name of http://api.test: "));
  at.lookup_error = asio::error::host_not_found_try_again;
  CHECK(at.connect().error == asio::error::host_not_found_try_again);
  CHECK(at.lookups == 2);
}

TEST_CASE("who is closed is not told, and neither is anybody when the book is") {
  laboratory at;
  at.is_silent = true;
  const auto closed = at.start();
  at.last->close();
  const auto open = at.start(20ms);
  at.answer(at.unanswered.at(0));
  REQUIRE(isat::test::run_until(at.context, [&] { return open->done; }));
  CHECK_FALSE(open->error);
  CHECK_FALSE(closed->done);
  at.names->close();
  CHECK(at.connect(5ms).error == kubernetes::error::request_timeout);
}

}  // namespace
