// SPDX-License-Identifier: BSL-1.0

#include "isat/election/lease_view.hpp"
#include "readings.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>

namespace {

using namespace std::chrono_literals;
using isat::election::lease_mode;
using isat::election::lease_sight;
using isat::election::lease_view;
using isat::election::node_id;
using isat::election::sight_kind;
using isat::test::reading;
using std::chrono::nanoseconds;

constexpr lease_sight seen_at(std::uint64_t incarnation, std::uint64_t number, bool exists = true) {
  return {{incarnation, number}, exists, {lease_mode::held, node_id{1}, 2, number, 0, 5, 3s}, false};
}

// A view and the counting of its events, a second of time each.
struct viewer {
  lease_view view;
  std::uint64_t ordinal = 0;
  nanoseconds now = 100s;

  sight_kind hears(const lease_sight& sight) { return takes(sight, false, 1s); }
  sight_kind reads(const lease_sight& sight) { return takes(sight, true, 1s); }
  sight_kind hears_after(nanoseconds wait, const lease_sight& sight) { return takes(sight, false, wait); }

  sight_kind takes(const lease_sight& sight, bool fresh, nanoseconds wait) {
    now += wait;
    return view.take(sight, fresh, ++ordinal, reading(now), 2s);
  }
};

}  // namespace

TEST_CASE("a view knows nothing until it has seen something") {
  viewer v;
  CHECK_FALSE(v.view.known());
  CHECK(v.hears(seen_at(1, 5)) == sight_kind::changed);
  CHECK(v.view.known());
  CHECK_FALSE(v.view.followed());
  CHECK_FALSE(v.view.went_back());
}

TEST_CASE("to see that there is nothing is to know something") {
  viewer v;
  CHECK(v.reads({}) == sight_kind::changed);
  CHECK(v.view.known());
  CHECK_FALSE(v.view.seen().exists);
}

TEST_CASE("a newer version replaces what is known and is counted from its first receipt") {
  viewer v;
  v.hears(seen_at(1, 5));
  CHECK(v.hears(seen_at(1, 8)) == sight_kind::changed);
  CHECK(v.view.seen().at == isat::election::version{1, 8});
  CHECK(v.view.since() == reading(102s));
  CHECK(v.view.known_at() == 2);
  CHECK(v.hears(seen_at(1, 8)) == sight_kind::old);
  CHECK(v.view.since() == reading(102s));
  CHECK(v.view.heard() == reading(103s));
  CHECK(v.view.known_at() == 2);
}

TEST_CASE("an older version is no news, unless a fresh read shows it: then the store went back") {
  viewer v;
  v.hears(seen_at(1, 8));
  CHECK(v.hears(seen_at(1, 5)) == sight_kind::old);
  CHECK(v.view.seen().at.number == 8);
  CHECK(v.view.heard() == reading(101s));
  CHECK(v.reads(seen_at(1, 5)) == sight_kind::changed);
  CHECK(v.view.went_back());
  CHECK_FALSE(v.view.followed());
  CHECK(v.view.since() == reading(103s));
}

TEST_CASE("what is written after the store went back is counted on, but follows nothing") {
  viewer v;
  v.hears(seen_at(1, 8));
  v.reads(seen_at(1, 5));
  CHECK(v.hears(seen_at(1, 6)) == sight_kind::changed);
  CHECK_FALSE(v.view.went_back());
  CHECK_FALSE(v.view.followed());
  v.hears(seen_at(1, 7));
  CHECK(v.view.followed());
}

TEST_CASE("another incarnation is neither newer nor older: only a fresh read tells") {
  viewer v;
  v.hears(seen_at(1, 8));
  CHECK(v.hears(seen_at(2, 1)) == sight_kind::unordered);
  CHECK(v.view.seen().at.incarnation == 1);
  CHECK(v.reads(seen_at(2, 1)) == sight_kind::changed);
  CHECK_FALSE(v.view.went_back());
  CHECK_FALSE(v.view.followed());
}

TEST_CASE("the same version, there and gone, are two things") {
  viewer v;
  v.reads(seen_at(0, 0, false));
  CHECK(v.hears(seen_at(0, 0, true)) == sight_kind::unordered);
  CHECK(v.reads(seen_at(0, 0, true)) == sight_kind::changed);
}

TEST_CASE("a version follows another if that was there, was seen, and was heard of not long ago") {
  struct row {
    const char* name;
    nanoseconds wait;
    bool existed, followed;
  };
  for (const row& each : {row{"soon", 1s, true, true}, row{"just in time", 2s, true, true},
                          row{"too late", 2s + 1ns, true, false}, row{"after nothing", 1s, false, false}}) {
    CAPTURE(each.name);
    viewer v;
    v.hears(seen_at(1, 5, each.existed));
    v.hears_after(each.wait, seen_at(1, 6));
    CHECK(v.view.followed() == each.followed);
  }
}

TEST_CASE("a version that is confirmed is heard of again") {
  viewer v;
  v.hears(seen_at(1, 5));
  v.hears_after(2s, seen_at(1, 5));
  v.hears_after(2s, seen_at(1, 6));
  CHECK(v.view.followed());
}

TEST_CASE("proof of the writer's end is told once, and begins when it is told") {
  viewer v;
  v.hears(seen_at(1, 5));
  lease_sight dead = seen_at(1, 5);
  dead.orphaned = true;
  CHECK(v.hears(dead) == sight_kind::orphaned);
  CHECK(v.view.orphaned_since() == reading(102s));
  CHECK(v.view.since() == reading(101s));
  CHECK(v.hears(dead) == sight_kind::old);
  CHECK(v.hears(seen_at(1, 5)) == sight_kind::old);
  CHECK(v.view.seen().orphaned);
  CHECK(v.view.orphaned_since() == reading(102s));
  CHECK(v.hears(seen_at(1, 6)) == sight_kind::changed);
  CHECK_FALSE(v.view.seen().orphaned);
}

TEST_CASE("a version whose writer has ended already when it is first seen is proven from then on") {
  viewer v;
  lease_sight dead = seen_at(1, 5);
  dead.orphaned = true;
  CHECK(v.reads(dead) == sight_kind::changed);
  CHECK(v.view.orphaned_since() == reading(101s));
}

TEST_CASE("a doubt is ended by a fresh read or a newer version, not by hearing the same again") {
  viewer v;
  v.hears(seen_at(1, 5));
  CHECK_FALSE(v.view.doubtful());
  v.view.doubt();
  v.hears(seen_at(1, 5));
  v.hears(seen_at(1, 4));
  v.hears(seen_at(2, 4));
  CHECK(v.view.doubtful());
  v.reads(seen_at(1, 5));
  CHECK_FALSE(v.view.doubtful());
  v.view.doubt();
  v.hears(seen_at(1, 6));
  CHECK_FALSE(v.view.doubtful());
}
