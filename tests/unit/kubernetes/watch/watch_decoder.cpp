// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/error.hpp"
#include "isat/kubernetes/watch/watch_decoder.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace kubernetes = isat::kubernetes;
using kubernetes::watch_event_type;
using kubernetes::watch_step;

struct seen_event {
  watch_event_type type{};
  std::string object;
  std::string version;

  friend bool operator==(const seen_event&, const seen_event&) = default;
};

struct outcome {
  std::vector<seen_event> events;
  isat::error_code error;

  friend bool operator==(const outcome&, const outcome&) = default;
};

/// Feeds one piece.
void feed(kubernetes::watch_decoder& decoder, std::string_view piece, outcome& result) {
  for (;;) {
    switch (decoder.next(piece)) {
      case watch_step::event:
        if (decoder.type() == watch_event_type::error) {
          result.events.push_back({decoder.type(), decoder.status().message, {}});
        } else {
          result.events.push_back({decoder.type(), boost::json::serialize(decoder.object()), decoder.version().text()});
        }
        break;
      case watch_step::more:
        REQUIRE(piece.empty());
        return;
      case watch_step::failed:
        result.error = decoder.error();
        return;
      case watch_step::none:
        FAIL("no step");
    }
  }
}

outcome decode(const std::vector<std::string_view>& pieces, std::size_t event_max = 1 << 20) {
  kubernetes::watch_decoder decoder{event_max};
  outcome result;
  for (const auto piece : pieces) feed(decoder, piece, result);
  return result;
}

constexpr std::string_view sample =
    R"({"type":"ADDED","object":{"kind":"Lease","metadata":{"name":"a","resourceVersion":"10"},"spec":{"x":"\u00e4\n"}}})"
    "\n"
    R"({"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"11"}}})"
    "\r\n\r\n  \n"
    R"({"type":"SOMETHING","object":{"metadata":{"resourceVersion":"12"}}})"
    "\n"
    R"({"object":{"metadata":{"name":"ß","resourceVersion":"13"},"n":-1.5e3},"type":"DELETED"} )"
    "\n"
    R"({"type":"BOOKMARK","object":{"kind":"Lease","metadata":{"resourceVersion":"14","creationTimestamp":null}}})"
    "\n"
    R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}})"
    "\n";

}  // namespace

TEST_CASE("events are told in order, with object and version; blank lines and unknown types are passed over") {
  const auto result = decode({sample});
  CHECK_FALSE(result.error);
  REQUIRE(result.events.size() == 5);
  CHECK(result.events[0].type == watch_event_type::added);
  CHECK(result.events[0].version == "10");
  CHECK(result.events[0].object ==
        R"({"kind":"Lease","metadata":{"name":"a","resourceVersion":"10"},"spec":{"x":"ä\n"}})");
  CHECK(result.events[1] ==
        seen_event{watch_event_type::modified, R"({"metadata":{"name":"a","resourceVersion":"11"}})", "11"});
  CHECK(result.events[2].type == watch_event_type::deleted);
  CHECK(result.events[2].version == "13");
  CHECK(result.events[3].type == watch_event_type::bookmark);
  CHECK(result.events[3].version == "14");
  CHECK(result.events[4] == seen_event{watch_event_type::error, "too old", {}});
}

TEST_CASE("where pieces end makes no difference") {
  const auto whole = decode({sample});
  for (std::size_t first = 0; first <= sample.size(); ++first) {
    CAPTURE(first);
    CHECK(decode({sample.substr(0, first), {}, sample.substr(first)}) == whole);
  }
  for (const std::size_t size : {1U, 2U, 3U, 7U, 64U}) {
    CAPTURE(size);
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < sample.size(); at += size) pieces.push_back(sample.substr(at, size));
    CHECK(decode(pieces) == whole);
  }
}

TEST_CASE("an event is none before the end of its line") {
  CHECK(decode({R"({"type":"ADDED","object":{}})"}).events.empty());
  CHECK(decode({R"({"type":"ADDED","object":{}})", "\n"}).events.size() == 1);
}

TEST_CASE("no beginning of a stream is an error") {
  for (std::size_t size = 0; size <= sample.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(decode({sample.substr(0, size)}).error);
  }
}

TEST_CASE("a broken line ends the stream, and what came before it counts") {
  const struct {
    const char* name;
    std::string_view line;
  } rows[] = {
      {"no JSON", "hello\n"},
      {"an HTML page", "<html>\n"},
      {"an array", "[]\n"},
      {"a number", "1\n"},
      {"null", "null\n"},
      {"two objects in a line", R"({"type":"ADDED","object":{}}{"type":"ADDED","object":{}})"
                                "\n"},
      {"half an object", R"({"type":"ADDED","object":{)"
                         "\n"},
      {"a string over two lines", "{\"type\":\"ADDED\",\"object\":{\"a\":\"\n\"}}\n"},
      {"no object", R"({"type":"ADDED"})"
                    "\n"},
      {"an object that is none", R"({"type":"ADDED","object":[1]})"
                                 "\n"},
      {"an error without Status", R"({"type":"ERROR","object":"gone"})"
                                  "\n"},
      {"octets that are no UTF-8", "{\"type\":\"ADDED\",\"object\":{\"a\":\"\xff\xfe\"}}\n"},
      {"a comment", "{\"type\":\"ADDED\",/* */\"object\":{}}\n"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    kubernetes::watch_decoder decoder{1000};
    outcome result;
    feed(decoder, "{\"type\":\"ADDED\",\"object\":{}}\n", result);
    feed(decoder, row.line, result);
    CHECK(result.events.size() == 1);
    CHECK(result.error == kubernetes::error::malformed_answer);
    CHECK(decoder.type() == watch_event_type::none);
    feed(decoder, "{\"type\":\"ADDED\",\"object\":{}}\n", result);
    CHECK(result.events.size() == 1);
    CHECK(result.error == kubernetes::error::malformed_answer);
  }
}

TEST_CASE("an event without type is one of an unknown type") {
  const auto result = decode({"{\"object\":{}}\n{\"type\":7,\"object\":{}}\n{}\n{\"type\":\"ADDED\",\"object\":{}}\n"});
  CHECK_FALSE(result.error);
  CHECK(result.events.size() == 1);
}

TEST_CASE("an object without a version, or with one that is no text, has none") {
  for (const std::string_view object :
       {R"({})", R"({"metadata":1})", R"({"metadata":{}})", R"({"metadata":{"resourceVersion":5}})"}) {
    CAPTURE(object);
    const auto result = decode({R"({"type":"ADDED","object":)", object, "}\n"});
    REQUIRE(result.events.size() == 1);
    CHECK(result.events[0].version.empty());
  }
}

TEST_CASE("an ERROR event has code, reason and message") {
  const struct {
    const char* name;
    std::string_view object;
    unsigned code;
    std::string_view reason;
  } rows[] = {
      {"expired", R"({"kind":"Status","code":410,"reason":"Expired","message":"m"})", 410, "Expired"},
      {"gone", R"({"kind":"Status","code":410,"reason":"Gone","message":"m"})", 410, "Gone"},
      {"the reason alone", R"({"reason":"Expired","message":"m"})", 410, "Expired"},
      {"another code with that reason", R"({"code":500,"reason":"Gone","message":"m"})", 410, "Gone"},
      {"internal", R"({"code":500,"reason":"InternalError","message":"m"})", 500, "InternalError"},
      {"no code", R"({"reason":"Unknown","message":"m"})", 0, "Unknown"},
      {"a code that is no status", R"({"code":-7,"message":"m"})", 0, ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    kubernetes::watch_decoder decoder{1000};
    const std::string line = R"({"type":"ERROR","object":)" + std::string{row.object} + "}\n";
    std::string_view octets = line;
    REQUIRE(decoder.next(octets) == watch_step::event);
    CHECK(decoder.type() == watch_event_type::error);
    CHECK(decoder.status().code == row.code);
    CHECK(decoder.status().reason == row.reason);
    CHECK(decoder.status().message == "m");
  }
}

TEST_CASE("what an ERROR event says is fit for a log") {
  const auto result =
      decode({R"({"type":"ERROR","object":{"message":"a\u001b[31m\nb)", std::string(5000, 'x'), "\"}}\n"});
  REQUIRE(result.events.size() == 1);
  CHECK(result.events[0].object.size() <= 1024);
  CHECK(std::none_of(result.events[0].object.begin(), result.events[0].object.end(),
                     [](char each) { return static_cast<unsigned char>(each) < ' '; }));
}

TEST_CASE("a line may have event_max octets and not one more") {
  const std::string line = R"({"type":"ADDED","object":{"a":"0123456789"}})";
  CHECK(decode({line, "\n"}, line.size()).events.size() == 1);
  CHECK(decode({"\n  ", line, "\n", line, "\n"}, line.size()).events.size() == 2);
  CHECK(decode({line, "\n"}, line.size() - 1).error == kubernetes::error::answer_too_large);
  std::vector<std::string_view> octets;
  for (std::size_t at = 0; at < line.size(); ++at) octets.push_back(std::string_view{line}.substr(at, 1));
  CHECK(decode(octets, line.size() - 1).error == kubernetes::error::answer_too_large);
}

TEST_CASE("an event that never ends is given up at its limit") {
  kubernetes::watch_decoder decoder{100'000};
  outcome result;
  feed(decoder, R"({"type":"ADDED","object":{"a":")", result);
  const std::string piece(1000, 'x');
  int pieces = 0;
  while (!result.error && pieces < 1000) {
    feed(decoder, piece, result);
    ++pieces;
  }
  CHECK(result.error == kubernetes::error::answer_too_large);
  CHECK(pieces == 100);
}

TEST_CASE("an object of megabytes comes through in pieces as the network makes them") {
  const std::string text(3'000'000, 'y');
  const std::string line =
      R"({"type":"MODIFIED","object":{"metadata":{"resourceVersion":"5"},"data":")" + text + "\"}}\n";
  kubernetes::watch_decoder decoder{std::size_t{4} << 20U};
  for (int round = 0; round < 2; ++round) {
    std::string_view rest = line;
    watch_step step = watch_step::more;
    while (!rest.empty()) {
      std::string_view piece = rest.substr(0, 16'384);
      rest.remove_prefix(piece.size());
      step = decoder.next(piece);
    }
    REQUIRE(step == watch_step::event);
    CHECK(decoder.object().at("data").get_string().size() == text.size());
    CHECK(decoder.version().text() == "5");
  }
}

TEST_CASE("objects may nest as deeply as managed fields do, and not without a limit") {
  const auto nested = [](std::size_t depth) {
    std::string text = R"({"type":"ADDED","object":)";
    for (std::size_t count = 0; count < depth; ++count) text += R"({"f:a":)";
    text += "{}" + std::string(depth, '}') + "}\n";
    return text;
  };
  CHECK(decode({nested(100)}).events.size() == 1);
  CHECK(decode({nested(100'000)}).error == kubernetes::error::malformed_answer);
}

TEST_CASE("an object may be moved out of its event") {
  kubernetes::watch_decoder decoder{1000};
  std::string_view octets = "{\"type\":\"ADDED\",\"object\":{\"a\":\"text\"}}\n{\"type\":\"ADDED\",\"object\":{}}\n";
  REQUIRE(decoder.next(octets) == watch_step::event);
  const boost::json::object kept = std::move(decoder.object());
  REQUIRE(decoder.next(octets) == watch_step::event);
  CHECK(decoder.object().empty());
  CHECK(kept.at("a").get_string() == "text");
}
