// SPDX-License-Identifier: BSL-1.0

// HTTP/1.1 without I/O: what a request looks like, and answers cut at every octet, in chunks, without length, too long,
// wrong, or followed by what nobody asked for.
#include "isat/kubernetes/api/http_exchange.hpp"
#include "isat/kubernetes/error.hpp"

#include <boost/asio/error.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace kubernetes = isat::kubernetes;
using isat::error_code;
using kubernetes::api_request;
using kubernetes::api_response;
using kubernetes::http_exchange;
using kubernetes::method;
using namespace std::chrono_literals;

constexpr std::size_t any_size = std::size_t{1} << 20U;

struct outcome {
  error_code error;
  bool is_done;
  bool keeps_alive;
  api_response response;
  std::string pieces;
};

/// An answer that comes in two parts, and then the end of the connection.
outcome read_cut(std::string_view text, std::size_t cut, bool as_stream = false) {
  outcome result;
  http_exchange exchange = as_stream ? http_exchange{[&result](std::string_view piece) { result.pieces += piece; }}
                                     : http_exchange{any_size};
  for (const std::string_view part : {text.substr(0, cut), text.substr(cut)}) {
    // A buffer of its own, exactly as long: a sanitizer sees whoever reads beyond it.
    const std::vector<char> octets{part.begin(), part.end()};
    if (!result.error) result.error = exchange.receive({octets.data(), octets.size()});
  }
  result.is_done = exchange.is_done();
  if (!result.error) result.error = exchange.receive_end();
  result.keeps_alive = exchange.is_done() && exchange.keeps_alive();
  result.response = exchange.response();
  return result;
}
outcome read_whole(std::string_view text) { return read_cut(text, text.size()); }

const std::string sized = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\nhello world";
const std::string chunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5;name=value;other=\"a b\"\r\nhello\r\n1\r\n \r\n05\r\nworld\r\n0;last\r\nX-Trailer: yes\r\n\r\n";
const std::string until_close = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhello world";

// ---- Requests ----

TEST_CASE("a read has no body and no length") {
  api_request request;
  request.target = "/api/v1/nodes?limit=5";
  const std::string text = kubernetes::to_http(request, {"[2001:db8::1]:6443", "", "abc", "isat/1"});
  CHECK(text ==
        "GET /api/v1/nodes?limit=5 HTTP/1.1\r\nHost: [2001:db8::1]:6443\r\nUser-Agent: isat/1\r\n"
        "Authorization: Bearer abc\r\nAccept: application/json\r\n\r\n");
}

TEST_CASE("a write tells the type and the length of its body") {
  api_request request;
  request.method = method::patch;
  request.target = "/x";
  request.content_type = "application/merge-patch+json";
  request.body = "{}";
  const std::string text = kubernetes::to_http(request, {"a:1", "/proxy", "", ""});
  CHECK(text ==
        "PATCH /proxy/x HTTP/1.1\r\nHost: a:1\r\nAccept: application/json\r\n"
        "Content-Type: application/merge-patch+json\r\nContent-Length: 2\r\n\r\n{}");
}

TEST_CASE("every method has its word") {
  const auto begins = [](method what, std::string_view with) {
    api_request request;
    request.method = what;
    request.target = "/";
    return kubernetes::to_http(request, {"a:1", "", "", ""}).starts_with(with);
  };
  CHECK(begins(method::get, "GET / "));
  CHECK(begins(method::post, "POST / "));
  CHECK(begins(method::put, "PUT / "));
  CHECK(begins(method::remove, "DELETE / "));
}

TEST_CASE("a removal without a body says that it has none") {
  api_request request;
  request.method = method::remove;
  CHECK(kubernetes::to_http(request, {"a:1", "", "", ""}).find("Content-Length: 0\r\n") != std::string::npos);
}

TEST_CASE("nobody can write header fields into a request") {
  api_request request;
  request.target = "/a b\r\nX-One: 1\x7f";
  const std::string text = kubernetes::to_http(request, {"a:1", "", "token\r\nX-Two: 2", "agent\nX-Three: 3"});
  CHECK(text.find("\nX-") == std::string::npos);
  CHECK(text.starts_with("GET /a%20b%0D%0AX-One:%201%7F HTTP/1.1\r\n"));
  CHECK(text.find("Bearer tokenX-Two: 2\r\n") != std::string::npos);
}

TEST_CASE("no compression is asked for") {
  CHECK(kubernetes::to_http({}, {"a:1", "", "", ""}).find("Encoding") == std::string::npos);
}

// ---- Answers ----

TEST_CASE("an answer may be cut at every octet") {
  for (const std::string* text : {&sized, &chunked, &until_close}) {
    for (std::size_t cut = 0; cut <= text->size(); ++cut) {
      for (const bool as_stream : {false, true}) {
        CAPTURE(text->substr(0, 60));
        CAPTURE(cut);
        const outcome read = read_cut(*text, cut, as_stream);
        REQUIRE_FALSE(read.error);
        REQUIRE(read.response.status == 200);
        REQUIRE((as_stream ? read.pieces : read.response.body) == "hello world");
        REQUIRE(read.is_done == (text != &until_close));
        REQUIRE(read.keeps_alive == (text != &until_close));
      }
    }
  }
}

TEST_CASE("an answer may come octet by octet") {
  std::vector<std::string> pieces;
  http_exchange exchange{[&pieces](std::string_view piece) { pieces.emplace_back(piece); }};
  for (const char octet : chunked) REQUIRE_FALSE(exchange.receive({&octet, 1}));
  CHECK(exchange.is_done());
  CHECK(pieces.size() == 12);  // the head, and eleven octets
  CHECK(exchange.response().body.empty());
}

TEST_CASE("every beginning of an answer with a known end is too short") {
  for (const std::string* text : {&sized, &chunked}) {
    for (std::size_t size = 0; size < text->size(); ++size) {
      CAPTURE(size);
      const outcome read = read_whole(std::string_view{*text}.substr(0, size));
      REQUIRE(read.error == boost::asio::error::eof);
      REQUIRE_FALSE(read.is_done);
    }
  }
}

TEST_CASE("a stream's pieces are told as they come, and none is kept") {
  std::vector<std::string> pieces;
  http_exchange exchange{[&pieces](std::string_view piece) { pieces.emplace_back(piece); }};
  CHECK_FALSE(exchange.has_begun());
  REQUIRE_FALSE(exchange.receive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"));
  CHECK(exchange.has_begun());
  CHECK_FALSE(exchange.has_head());
  CHECK(pieces.empty());
  REQUIRE_FALSE(exchange.receive("\r\n"));
  CHECK(exchange.has_head());
  CHECK(pieces == std::vector<std::string>{""});
  REQUIRE_FALSE(exchange.receive("8\r\none"));
  CHECK(pieces == std::vector<std::string>{"", "one"});
  REQUIRE_FALSE(exchange.receive(" two "));
  CHECK(pieces == std::vector<std::string>{"", "one", " two "});
  CHECK_FALSE(exchange.is_done());
  CHECK(exchange.response().body.empty());
}

TEST_CASE("a stream that was refused is collected") {
  std::string pieces;
  http_exchange exchange{[&pieces](std::string_view) { pieces += "piece"; }};
  const std::string body = R"({"kind":"Status","reason":"Expired","message":"too old resource version","code":410})";
  REQUIRE_FALSE(exchange.receive("HTTP/1.1 410 Gone\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n"));
  REQUIRE_FALSE(exchange.receive(body));
  CHECK(exchange.is_done());
  CHECK(pieces.empty());
  CHECK(exchange.response().body == body);
  CHECK(exchange.response().reason == "Expired");
  CHECK(exchange.response().message == "too old resource version");
}

TEST_CASE("interim answers are passed over") {
  for (std::size_t cut = 0; cut <= 40; ++cut) {
    const outcome read =
        read_cut("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + sized, cut);
    REQUIRE_FALSE(read.error);
    REQUIRE(read.response.status == 200);
    REQUIRE(read.response.body == "hello world");
    REQUIRE(read.keeps_alive);
  }
  CHECK(read_whole("HTTP/1.1 100 Continue\r\n\r\n").error == boost::asio::error::eof);
}

TEST_CASE("an answer without a body ends with its head") {
  const outcome read = read_whole("HTTP/1.1 204 No Content\r\n\r\n");
  CHECK(read.is_done);
  CHECK(read.keeps_alive);
  CHECK(read_whole("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").is_done);
}

TEST_CASE("a connection serves no other request if the server says so, or cannot") {
  const auto keeps = [](const std::string& text) { return read_whole(text).keeps_alive; };
  CHECK(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
  CHECK_FALSE(keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
  CHECK(keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST_CASE("a connection on which more came than was asked for serves no other request") {
  CHECK_FALSE(read_whole(sized + "x").keeps_alive);
  CHECK_FALSE(read_whole(sized + sized).keeps_alive);
  CHECK(read_whole(sized + sized).response.body == "hello world");
  CHECK_FALSE(read_cut(sized + "x", sized.size()).keeps_alive);
}

TEST_CASE("what is not HTTP/1.1 is malformed") {
  const char* const texts[] = {
      "HTTP/2.0 200 OK\r\n\r\n",
      "SSH-2.0-OpenSSH_9.2\r\n",
      "<html></html>\r\n\r\n",
      "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "HTTP/1.1 200 OK\r\nBad Field: 1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n",
  };
  for (const char* text : texts) {
    CAPTURE(std::string{text});
    CHECK(read_whole(text).error == kubernetes::error::malformed_answer);
  }
}

TEST_CASE("a head has a limit") {
  http_exchange exchange{any_size};
  error_code error = exchange.receive("HTTP/1.1 200 OK\r\n");
  std::size_t octets = 0;
  while (!error && octets < std::size_t{10} << 20U) {
    const std::string field = "X-Field: " + std::string(1000, 'x') + "\r\n";
    octets += field.size();
    error = exchange.receive(field);
  }
  CHECK(error == kubernetes::error::answer_too_large);
  CHECK(octets <= 2 * http_exchange::head_max);
}

TEST_CASE("the head of a chunk has a limit") {
  http_exchange exchange{any_size};
  error_code error = exchange.receive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=");
  std::size_t octets = 0;
  const std::string piece(1000, 'x');
  for (; !error && octets < std::size_t{10} << 20U; octets += piece.size()) error = exchange.receive(piece);
  CHECK(error);
  CHECK(octets <= 2 * http_exchange::head_max);
}

TEST_CASE("a collected body has a limit, announced or not") {
  const auto read = [](std::size_t answer_max, const std::string& text) {
    http_exchange exchange{answer_max};
    return exchange.receive(text);
  };
  CHECK_FALSE(read(11, sized));
  CHECK(read(10, sized) == kubernetes::error::answer_too_large);
  CHECK_FALSE(read(11, chunked));
  CHECK(read(10, chunked) == kubernetes::error::answer_too_large);
  CHECK_FALSE(read(11, until_close));
  CHECK(read(10, until_close) == kubernetes::error::answer_too_large);
}

TEST_CASE("a stream has no limit") {
  std::size_t octets = 0;
  http_exchange exchange{[&octets](std::string_view piece) { octets += piece.size(); }};
  REQUIRE_FALSE(exchange.receive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (int count = 0; count < 200; ++count) REQUIRE_FALSE(exchange.receive(chunk));
  CHECK(octets == std::size_t{200} << 16U);
}

TEST_CASE("of a failure only the beginning is kept") {
  http_exchange exchange{[](std::string_view) {}};
  REQUIRE_FALSE(exchange.receive("HTTP/1.1 500 Internal Server Error\r\n\r\n"));
  const std::string piece(50'000, 'x');
  for (int count = 0; count < 100; ++count) REQUIRE_FALSE(exchange.receive(piece));
  REQUIRE_FALSE(exchange.receive_end());
  CHECK(exchange.response().body.size() == http_exchange::failure_max);
  CHECK(exchange.response().message == "HTTP status 500 without a Status object: " + std::string(200, 'x'));
}

// ---- Status objects ----

std::string failure(const std::string& head, const std::string& body) {
  return "HTTP/1.1 " + head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_CASE("what a Status object says is kept") {
  const auto read = read_whole(failure(
      "429 Too Many Requests\r\n",
      R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"slow down","reason":"TooManyRequests",)"
      R"("details":{"retryAfterSeconds":5},"code":429})"));
  CHECK(read.response.reason == "TooManyRequests");
  CHECK(read.response.message == "slow down");
  CHECK(read.response.retry_after == 5s);
}

TEST_CASE("the header field Retry-After counts first") {
  const auto after = [](const std::string& field) {
    return read_whole(failure("503 Service Unavailable\r\nRetry-After: " + field + "\r\n",
                              R"({"kind":"Status","details":{"retryAfterSeconds":7}})"))
        .response.retry_after;
  };
  CHECK(after("2") == 2s);
  CHECK(after("999999") == 1h);
  CHECK(after("99999999999999999999") == 1h);
  CHECK(after("Wed, 21 Oct 2026 07:28:00 GMT") == 7s);
  CHECK(after("-1") == 7s);
}

TEST_CASE("a delay that no server means is bounded") {
  const auto after = [](const std::string& number) {
    return read_whole(failure("503 x\r\n", R"({"kind":"Status","details":{"retryAfterSeconds":)" + number + "}}"))
        .response.retry_after;
  };
  CHECK(after("-5") == 0s);
  CHECK(after("9223372036854775807") == 1h);
  CHECK(after("1.5") == 0s);
}

TEST_CASE("of a body that is no Status the first visible characters are told, and that it is none") {
  const std::string none = "HTTP status 502 without a Status object";
  const auto message = [](const std::string& body) {
    return read_whole(failure("502 Bad Gateway\r\n", body)).response;
  };
  CHECK(message("<html>\r\n\t<b>Bad\x01 Gateway</b>\xff</html>\n").message ==
        none + ": <html> <b>Bad Gateway</b> </html>");
  CHECK(message("").message == none);
  CHECK(message(std::string(300, 'a')).message == none + ": " + std::string(200, 'a'));
  CHECK(message(R"({"kind":"Lease","message":"no"})").message == none + R"(: {"kind":"Lease","message":"no"})");
  CHECK(message("[]").reason.empty());
}

TEST_CASE("texts of a Status have a limit, whole characters and no control characters") {
  const std::string euro = "\xe2\x82\xac";
  std::string euros;
  while (euros.size() < 3000) euros += euro;
  const auto read = read_whole(failure("403 Forbidden\r\n", R"({"kind":"Status","message":"a\nb\u0007)" + euros +
                                                                R"(","reason":")" + std::string(1000, 'r') + "\"}"));
  CHECK(read.response.message.size() <= 1024);
  CHECK(read.response.message.size() > 1020);
  CHECK(read.response.message.starts_with("a b " + euro));
  CHECK(read.response.message.ends_with(euro));
  CHECK(read.response.reason == std::string(128, 'r'));
}

TEST_CASE("a Status of other types than its own says nothing") {
  const auto read =
      read_whole(failure("500 x\r\n", R"({"kind":"Status","message":5,"reason":["a"],"details":"none"})"));
  CHECK(read.response.message.empty());
  CHECK(read.response.reason.empty());
  CHECK(read.response.retry_after == 0s);
}

}  // namespace
