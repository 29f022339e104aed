// SPDX-License-Identifier: BSL-1.0

#include "isat/election/change_feed.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

namespace asio = isat::asio;
using isat::error_code;
using isat::election::change_feed;
using isat::election::entry;
using isat::election::lease_store;

const error_code missed{ENOBUFS, boost::system::system_category()};

entry change(const std::string& name, std::uint64_t number) { return {name, {1, number}, {}, false}; }

/// Someone who waits, and what he was told last.
struct listener {
  void wait(change_feed& feed, const std::string& prefix) {
    result.reset();
    auto done = [this](error_code error, std::vector<entry> changes) {
      result = error;
      told = std::move(changes);
    };
    isat::handler<lease_store::many_signature> handler{asio::bind_cancellation_slot(stop.slot(), std::move(done))};
    feed.wait(prefix, std::move(handler));
    CHECK_FALSE(result.has_value());  // never inline
  }
  asio::cancellation_signal stop;
  std::optional<error_code> result;
  std::vector<entry> told;
};

struct scene {
  void settle() {
    context.restart();
    context.poll();
  }
  asio::io_context context;
  int idle = 0;
  change_feed feed{context.get_executor(), [this] { ++idle; }};
  listener one;
  listener two;
};

}  // namespace

TEST_CASE("a change is told to those whose prefix it has, and to nobody else") {
  scene s;
  s.one.wait(s.feed, "a");
  s.two.wait(s.feed, "b");
  CHECK(s.feed.is_waiting());
  CHECK(s.feed.wants("ab"));
  CHECK_FALSE(s.feed.wants("ca"));
  s.feed.tell(change("ab", 1));
  s.settle();
  CHECK(s.one.result == error_code{});
  CHECK(s.one.told == std::vector{change("ab", 1)});
  CHECK_FALSE(s.two.result.has_value());
  CHECK(s.feed.is_waiting());
}

TEST_CASE("what happens while nobody waits is told by the next wait, the newest of each name") {
  scene s;
  s.feed.tell(change("a", 1));  // before anybody asked
  s.one.wait(s.feed, "");
  s.settle();
  CHECK_FALSE(s.one.result.has_value());
  s.feed.tell(change("a", 2));
  s.feed.tell(change("b", 1));
  s.feed.tell(change("a", 3));
  s.settle();
  CHECK(s.one.told == std::vector{change("a", 2)});
  s.one.wait(s.feed, "");
  s.settle();
  CHECK(s.one.told == std::vector{change("a", 3), change("b", 1)});
}

TEST_CASE("missed changes are an error, once, for those whom they may concern") {
  scene s;
  s.one.wait(s.feed, "a");
  s.two.wait(s.feed, "b");
  s.feed.lose("ab", missed);
  s.settle();
  CHECK(s.one.result == missed);
  CHECK(s.one.told.empty());
  CHECK_FALSE(s.two.result.has_value());
  s.one.wait(s.feed, "a");
  s.settle();
  CHECK_FALSE(s.one.result.has_value());
  s.feed.lose_all(missed);
  s.settle();
  CHECK(s.one.result == missed);
  CHECK(s.two.result == missed);
}

TEST_CASE("changes missed while nobody waits are an error of the next wait, which then tells nothing else") {
  scene s;
  s.one.wait(s.feed, "");
  s.feed.tell(change("a", 1));
  s.settle();
  s.feed.tell(change("a", 2));
  s.feed.lose_all(missed);
  s.one.wait(s.feed, "");
  s.settle();
  CHECK(s.one.result == missed);
  CHECK(s.one.told.empty());
  s.one.wait(s.feed, "");
  s.settle();
  CHECK_FALSE(s.one.result.has_value());
}

TEST_CASE("the last cancellation is told as idleness, and what happens later is kept") {
  scene s;
  s.one.wait(s.feed, "a");
  s.two.wait(s.feed, "b");
  s.one.stop.emit(asio::cancellation_type::total);
  CHECK(s.idle == 0);
  s.two.stop.emit(asio::cancellation_type::total);
  CHECK(s.idle == 1);
  CHECK_FALSE(s.feed.is_waiting());
  s.settle();
  CHECK(s.one.result == asio::error::operation_aborted);
  CHECK(s.two.result == asio::error::operation_aborted);
  s.feed.tell(change("a", 1));
  s.one.wait(s.feed, "a");
  s.settle();
  CHECK(s.one.told == std::vector{change("a", 1)});
}

TEST_CASE("destroying the feed aborts the waits, and a late cancellation does nothing") {
  asio::io_context context;
  auto feed = std::make_unique<change_feed>(context.get_executor());
  listener one;
  one.wait(*feed, "");
  feed.reset();
  one.stop.emit(asio::cancellation_type::total);
  context.poll();
  CHECK(one.result == asio::error::operation_aborted);
}
