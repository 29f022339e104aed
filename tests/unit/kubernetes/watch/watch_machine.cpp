// SPDX-License-Identifier: BSL-1.0

// The rows of the machine's table, in virtual time.

#include "isat/kubernetes/error.hpp"
#include "isat/kubernetes/watch/watch_machine.hpp"

#include <boost/system/errc.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace kubernetes = isat::kubernetes;
using isat::error_code;
using kubernetes::error;
using kubernetes::watch_event_type;
using kubernetes::watch_machine;
using kubernetes::watch_notice_kind;

kubernetes::watch_settings settings(std::uint64_t seed = 1) {
  kubernetes::watch_settings result;
  result.path = "/apis/x/leases";
  result.page = 500;
  result.page_octets = 1000;
  result.watch_timeout = 400s;
  result.seed = seed;
  return result;
}

kubernetes::resource_version at(int number) { return kubernetes::resource_version{std::to_string(number)}; }

/// A machine, its clock and what it wants.
struct harness {
  explicit harness(kubernetes::watch_settings how = settings()) : machine{std::move(how)} {
    machine.start(now);
    take();
  }

  void take() {
    while (const auto notice = machine.take_notice()) {
      switch (notice->kind) {
        case watch_notice_kind::listing:
          told += " listing";
          break;
        case watch_notice_kind::synced:
          told += " synced";
          break;
        case watch_notice_kind::lost:
          told += " lost:" + std::to_string(notice->error.value());
          message = notice->message;
          break;
        case watch_notice_kind::none:
          told += " none";
          break;
      }
    }
    if (auto next = machine.take_request()) {
      request = std::move(*next);
      ++requests;
      CHECK(request.id == machine.request_id());
    }
    if (machine.request_id() == 0) request = {};
  }

  /// What was told since the last call.
  std::string news() { return std::exchange(told, {}); }

  bool lists() const { return request.id != 0 && !request.watch; }
  bool watches() const { return request.id != 0 && request.watch; }
  bool pauses() const { return request.id == 0; }
  bool asks_for(std::string_view part) const { return request.target.find(part) != std::string::npos; }
  bool by_quorum() const { return lists() && !asks_for("resourceVersion") && !asks_for("continue"); }
  bool watches_from(int version) const {
    return watches() && asks_for("&resourceVersion=" + std::to_string(version) + "&");
  }

  /// Lets time pass, with the ticks that the machine asks for, also early ones.
  void passes(std::chrono::nanoseconds duration) {
    const auto end = now + duration;
    for (;;) {
      const auto next = now + machine.wake_in(now);
      if (next > end) break;
      now = next;
      machine.tick(now);
      take();
      if (machine.wake_in(now) == 0ns) break;
    }
    now = end;
    machine.tick(now);
    take();
  }
  /// Lets the pause that runs pass. @return its length
  std::chrono::nanoseconds pause() {
    REQUIRE(pauses());
    const auto length = machine.wake_in(now);
    now += length - 1ns;
    machine.tick(now);
    take();
    CHECK(pauses());
    now += 1ns;
    machine.tick(now);
    take();
    CHECK_FALSE(pauses());
    return length;
  }

  bool page(int version, std::string token = {}) {
    REQUIRE(lists());
    const bool good = machine.on_page(now, at(version), std::move(token), page_octets);
    take();
    if (good) {
      told += " objects";
      machine.on_page_told(now);
      take();
    }
    return good;
  }
  void syncs(int version) {
    page(version);
    REQUIRE(watches());
  }
  /// A machine that watches from `version`, with a watch that works.
  void works(int version) {
    syncs(version);
    opens();
    passes(2s);
    news();
  }
  void opens() {
    machine.on_opened(now);
    take();
  }
  bool event(int version, watch_event_type type = watch_event_type::modified) {
    REQUIRE(watches());
    const bool good = machine.on_event(now, type, at(version));
    take();
    return good;
  }
  bool bookmark(int version) { return event(version, watch_event_type::bookmark); }
  void list_fails(unsigned status, error what, std::chrono::seconds retry_after = {}) {
    REQUIRE(lists());
    machine.on_list_failed(now, {what, status, "words", retry_after});
    take();
  }
  void list_unanswered() { list_fails(0, error::request_timeout); }
  void watch_ends(unsigned status = 200, error_code what = {}, std::chrono::seconds retry_after = {}) {
    REQUIRE(watches());
    machine.on_watch_ended(now, {what, status, what ? "words" : "", retry_after});
    take();
  }
  void watch_unanswered() { watch_ends(0, error::request_timeout); }
  void error_event(unsigned code, std::string reason) {
    REQUIRE(watches());
    machine.on_error_event(now, {code, std::move(reason), "words"});
    take();
  }
  void restarts() {
    machine.restart(now);
    take();
  }

  watch_machine::time_point now{1000s};
  std::size_t page_octets = 1000;  // of those that come
  watch_machine machine;
  kubernetes::watch_request request;
  int requests = 0;
  std::string told;
  std::string message;
};

std::string lost(error what) { return " lost:" + std::to_string(static_cast<int>(what)); }

}  // namespace

// ---- Listing ----

TEST_CASE("the first list is by quorum and in pages, and a watch goes on from its version") {
  harness h;
  CHECK(h.request.target == "/apis/x/leases?limit=500");
  CHECK(h.lists());
  CHECK_FALSE(h.request.elsewhere);
  CHECK(h.page(10, "a/b=="));
  CHECK(h.request.target == "/apis/x/leases?limit=500&continue=a%2Fb%3D%3D");
  CHECK(h.page(10, "c"));
  CHECK(h.request.target == "/apis/x/leases?limit=500&continue=c");
  CHECK(h.page(10));
  CHECK(h.news() == " listing objects objects objects synced");
  CHECK(h.watches());
  CHECK(h.request.target.starts_with(
      "/apis/x/leases?watch=1&resourceVersion=10&allowWatchBookmarks=true&timeoutSeconds="));
  CHECK(h.machine.seen() == at(10));
}

TEST_CASE("selectors are in every request, encoded") {
  auto how = settings();
  how.label_selector = "app in (a,b),x!=\xC3\xA4";
  how.field_selector = "metadata.name=lease-1";
  harness h{how};
  const std::string selectors =
      "&labelSelector=app%20in%20%28a%2Cb%29%2Cx%21%3D%C3%A4&fieldSelector=metadata.name%3Dlease-1";
  CHECK(h.request.target == "/apis/x/leases?limit=500" + selectors);
  h.page(10, "t");
  CHECK(h.request.target == "/apis/x/leases?limit=500&continue=t" + selectors);
  h.page(10);
  CHECK(h.request.target.ends_with(selectors));
  h.error_event(410, "Expired");
  CHECK(h.request.target ==
        "/apis/x/leases?limit=500&resourceVersion=10&resourceVersionMatch=NotOlderThan" + selectors);
}

TEST_CASE("without pages a list is asked for in one piece") {
  auto how = settings();
  how.page = 0;
  harness h{how};
  CHECK(h.request.target == "/apis/x/leases");
}

TEST_CASE("a list that fails is told once, and again when its error becomes another one") {
  harness h;
  h.list_fails(403, error::forbidden);
  CHECK(h.news() == lost(error::forbidden));
  CHECK(h.message == "words");
  h.pause();
  h.list_fails(403, error::forbidden);
  h.pause();
  CHECK(h.news().empty());
  h.list_fails(401, error::unauthorized);
  h.pause();
  CHECK(h.news() == lost(error::unauthorized));
  CHECK(h.by_quorum());
  h.syncs(10);
  CHECK(h.news() == " listing objects synced");
  h.watch_ends(404, error::not_found);
  CHECK(h.news() == lost(error::not_found));
}

TEST_CASE("pauses are random, double up to 8 s, and are never shorter than pause_min") {
  const std::chrono::nanoseconds limits[] = {800ms, 1600ms, 3200ms, 6400ms, 8s, 8s, 8s};
  std::vector<std::chrono::nanoseconds> longest(std::size(limits));
  std::vector<std::chrono::nanoseconds> shortest(std::size(limits), 1h);
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    harness h{settings(seed)};
    for (std::size_t count = 0; count < std::size(limits); ++count) {
      h.list_unanswered();
      const auto length = h.pause();
      CHECK(length >= watch_machine::pause_min);
      CHECK(length <= limits[count]);
      longest[count] = std::max(longest[count], length);
      shortest[count] = std::min(shortest[count], length);
    }
  }
  for (std::size_t count = 0; count < std::size(limits); ++count) {
    CAPTURE(count);
    CHECK(longest[count] > limits[count] * 9 / 10);
    CHECK(shortest[count] <= std::max(watch_machine::pause_min, limits[count] / 10));
  }
}

TEST_CASE("a pause is as long as the server asks for, within reason") {
  harness h;
  h.list_fails(429, error::too_many_requests, 7s);
  CHECK(h.pause() >= 7s);
  h.list_fails(429, error::too_many_requests, 86400s);
  CHECK(h.pause() == 30s);
}

TEST_CASE(
    "the end of an outage ends a pause within back_jitter, at different times for different ones, and what fails "
    "then begins with short pauses") {
  std::set<std::chrono::nanoseconds> lengths;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto how = settings(seed);
    how.pause_longest = 100h;
    harness h{how};
    h.works(10);
    h.watch_ends();
    for (int count = 0; count < 8; ++count) {
      h.watch_unanswered();
      if (count < 7) h.pause();
    }
    h.machine.on_outage_over(h.now);
    const auto length = h.pause();
    CHECK(length <= watch_machine::back_jitter);
    CHECK(h.watches_from(10));
    lengths.insert(length);
    h.watch_unanswered();
    CHECK(h.pause() <= 10h);
  }
  CHECK(lengths.size() > 15);
}

TEST_CASE("the end of an outage makes no pause longer, nor shorter than a server asked for, and changes nothing else") {
  harness h;
  h.machine.on_outage_over(h.now);
  CHECK(h.requests == 1);
  h.list_fails(429, error::too_many_requests, 5s);
  h.machine.on_outage_over(h.now);
  CHECK(h.machine.wake_in(h.now) == 5s);
  h.now += 4999ms;
  h.machine.on_outage_over(h.now);
  CHECK(h.pause() == 1ms);
  h.works(10);
  h.machine.on_outage_over(h.now);
  h.passes(1min);
  CHECK(h.requests == 3);
  CHECK(h.watches());
}

TEST_CASE("a page that nobody answers is asked for again, not the whole list") {
  harness h;
  h.page(10, "a");
  h.list_unanswered();
  h.pause();
  CHECK(h.asks_for("continue=a"));
  h.page(10, "b");
  h.page(10);
  CHECK(h.news() == " listing objects" + lost(error::request_timeout) + " objects objects synced");
}

TEST_CASE("a page that is refused begins the list anew") {
  harness h;
  h.page(10, "a");
  h.list_fails(500, error::internal);
  h.pause();
  CHECK(h.by_quorum());
  CHECK(h.asks_for("limit=500"));
  h.syncs(12);
  CHECK(h.news() == " listing objects" + lost(error::internal) + " listing objects synced");
}

TEST_CASE("a page that is too large is asked for in halves, at once, and the list goes on with them") {
  harness h;
  CHECK(h.request.answer_max == 1000);
  h.list_fails(200, error::answer_too_large);
  CHECK(h.request.target == "/apis/x/leases?limit=250");
  h.page(10, "a");
  h.list_fails(200, error::answer_too_large);
  CHECK(h.request.target == "/apis/x/leases?limit=125&continue=a");
  h.list_fails(200, error::answer_too_large);
  CHECK(h.request.target == "/apis/x/leases?limit=62&continue=a");
  h.page(10, "b");
  CHECK(h.request.target == "/apis/x/leases?limit=62&continue=b");
  h.page(10);
  CHECK(h.news() == " listing objects objects objects synced");
  h.opens();
  h.error_event(410, "Expired");
  CHECK(h.asks_for("limit=62&"));  // objects are as large as before
}

TEST_CASE(
    "when all pages of a list were small, the next list's are larger again, but not too large if nothing changes") {
  harness h;
  for (int count = 0; count < 3; ++count) h.list_fails(200, error::answer_too_large);
  CHECK(h.asks_for("limit=62"));
  const auto lists_with = [&h](std::size_t octets) {
    h.page_octets = octets;
    h.page(10, "a");
    h.page_octets = 1;
    h.syncs(10);
    h.opens();
    h.passes(1s);
    h.error_event(410, "Expired");
    const auto from = h.request.target.find("limit=");
    return h.request.target.substr(from, h.request.target.find('&') - from);
  };
  CHECK(lists_with(334) == "limit=62");  // three of these might be too large as one
  CHECK(lists_with(333) == "limit=124");
  CHECK(lists_with(334) == "limit=124");
  CHECK(lists_with(166) == "limit=496");
  CHECK(lists_with(1) == "limit=500");
  CHECK(lists_with(0) == "limit=500");
}

TEST_CASE("a page that was told is of no more weight when its list begins anew") {
  harness h;
  h.list_fails(200, error::answer_too_large);
  h.page(10, "a");
  h.list_fails(500, error::internal);
  h.pause();
  h.page_octets = 300;
  h.syncs(11);
  h.opens();
  h.passes(1s);
  h.error_event(410, "Expired");
  CHECK(h.asks_for("limit=500"));
}

TEST_CASE("a page of one object may be as long as any answer; when that is too much, it is a loss") {
  auto how = settings();
  how.page = 3;
  harness h{how};
  h.page(10, "a");
  h.list_fails(200, error::answer_too_large);
  CHECK(h.request.target == "/apis/x/leases?limit=1&continue=a");
  CHECK(h.request.answer_max == 0);
  CHECK(h.news() == " listing objects");
  h.list_fails(200, error::answer_too_large);
  CHECK(h.news() == lost(error::answer_too_large));
  h.pause();
  CHECK(h.by_quorum());
  CHECK(h.asks_for("limit=1"));
}

TEST_CASE("a cache that answers without pages what is too large leads to a list by quorum, which has them") {
  harness h;
  h.works(10);
  h.error_event(410, "Expired");
  CHECK(h.asks_for("NotOlderThan"));
  CHECK(h.request.answer_max == 1000);
  h.list_fails(200, error::answer_too_large);
  CHECK(h.by_quorum());
  CHECK(h.asks_for("limit=500"));  // which says nothing of how large pages are
  CHECK(h.news() == lost(error::expired));
}

TEST_CASE("what is asked for in one piece may be as long as any answer, and has no halves") {
  harness h;
  h.page(10, "a");
  h.list_fails(410, error::expired);
  CHECK(h.request.target == "/apis/x/leases");
  CHECK(h.request.answer_max == 0);
  h.list_fails(200, error::answer_too_large);
  CHECK(h.pauses());
  h.pause();
  CHECK(h.request.target == "/apis/x/leases?limit=500");
}

TEST_CASE("a list whose pages expire is asked for in one piece, at once") {
  harness h;
  h.page(10, "a");
  h.list_fails(410, error::expired);
  CHECK(h.request.target == "/apis/x/leases");
  CHECK(h.request.timeout > 30s);
  h.syncs(12);
  CHECK(h.news() == " listing objects listing objects synced");
  h.opens();
  h.passes(1s);
  h.error_event(410, "Expired");
  CHECK(h.asks_for("limit=500"));  // the next list is in pages again
}

TEST_CASE("pages that expire again and again do not make the machine spin") {
  harness h;
  for (int round = 0; round < 3; ++round) {
    h.page(10, "a");
    h.list_fails(410, error::expired);
    if (round > 0) h.pause();
    CHECK(h.request.target == "/apis/x/leases");
    h.list_fails(0, error::answer_too_large);
    h.pause();
    CHECK(h.asks_for("limit=500"));
  }
}

TEST_CASE("a list without a version is no list") {
  harness h;
  CHECK_FALSE(h.machine.on_page(h.now, {}, "", 1));
  h.take();
  CHECK(h.news() == lost(error::malformed_answer));
  h.pause();
  CHECK(h.by_quorum());
}

// ---- Watching ----

TEST_CASE("events and bookmarks move the version on; bookmarks and what is known already are not told") {
  harness h;
  h.works(10);
  CHECK(h.event(11, watch_event_type::added));
  CHECK(h.event(12, watch_event_type::modified));
  CHECK_FALSE(h.event(12, watch_event_type::modified));
  CHECK(h.event(100, watch_event_type::deleted));
  CHECK_FALSE(h.bookmark(200));
  CHECK_FALSE(h.bookmark(200));
  CHECK(h.watches());
  h.watch_ends();
  CHECK(h.watches_from(200));
  CHECK(h.news().empty());
}

TEST_CASE("a watch that ends in good order is followed by the next one at once and without a word") {
  harness h;
  h.works(10);
  const auto before = h.request.id;
  h.passes(100s);
  h.bookmark(20);
  h.passes(100s);
  h.watch_ends();
  CHECK(h.watches_from(20));
  CHECK(h.request.id != before);
  CHECK(h.news().empty());
}

TEST_CASE("a connection that breaks while the watch works costs no more than the next attempt") {
  harness h;
  h.works(10);
  h.watch_ends(200, boost::system::errc::make_error_code(boost::system::errc::connection_reset));
  CHECK(h.watches_from(10));
  CHECK(h.news().empty());
  h.watch_unanswered();
  CHECK(h.pauses());
  CHECK(h.news() == lost(error::request_timeout));
  h.pause();
  CHECK(h.watches_from(10));
}

TEST_CASE("a watch with an event is good however short, but the next one is not opened in the same moment") {
  harness h;
  h.syncs(10);
  h.opens();
  CHECK(h.event(11));
  h.watch_ends();
  CHECK(h.pause() == watch_machine::pause_min);
  CHECK(h.watches_from(11));
  CHECK(h.news() == " listing objects synced");
}

TEST_CASE("a watch that ends within a second and without an event is a failure") {
  harness h;
  h.syncs(10);
  h.news();
  for (int round = 0; round < 20; ++round) {
    h.opens();
    if (round % 2 == 0) h.bookmark(10);
    h.passes(900ms);
    h.watch_ends();
    CHECK(h.pauses());
    h.pause();
    CHECK(h.watches_from(10));
  }
  CHECK(h.news() == lost(error::unavailable));
}

TEST_CASE("a second without an end ends the trouble, and pauses begin small again") {
  harness h;
  h.syncs(10);
  h.news();
  for (int round = 0; round < 8; ++round) {
    h.watch_unanswered();
    h.pause();
  }
  h.opens();
  CHECK(h.event(11));
  CHECK(h.news() == lost(error::request_timeout));
  h.passes(999ms);
  CHECK(h.news().empty());
  h.passes(1ms);
  CHECK(h.news() == " synced");
  h.passes(10s);
  CHECK(h.news().empty());
  h.watch_ends();
  h.watch_unanswered();
  CHECK(h.news() == lost(error::request_timeout));
  CHECK(h.pause() <= 800ms);
}

TEST_CASE("a watch that nobody said was open is judged by its end") {
  harness h;
  h.syncs(10);
  h.passes(5s);
  h.watch_ends(200);
  CHECK(h.watches_from(10));
  h.passes(5s);
  h.watch_ends(0, error::no_server);
  CHECK(h.pauses());
}

TEST_CASE("a version that has expired leads to a list that is not older, at once, then to one by quorum") {
  for (const bool as_event : {false, true}) {
    CAPTURE(as_event);
    harness h;
    h.works(10);
    h.event(12);
    if (as_event) {
      h.error_event(410, "Expired");
    } else {
      h.watch_ends(410, error::expired);
    }
    CHECK(h.news() == lost(error::expired));
    CHECK(h.message == "words");
    CHECK(h.request.target == "/apis/x/leases?limit=500&resourceVersion=12&resourceVersionMatch=NotOlderThan");
    h.list_fails(504, error::server_timeout);
    CHECK(h.news() == lost(error::server_timeout));
    h.pause();
    CHECK(h.by_quorum());
    h.syncs(30);
    CHECK(h.news() == " listing objects synced");
    CHECK(h.watches_from(30));
  }
}

TEST_CASE("a version that has expired while the server was away leads to a list at once all the same") {
  harness h;
  h.works(10);
  h.watch_ends();
  for (int round = 0; round < 5; ++round) {
    h.watch_unanswered();
    h.pause();
  }
  h.watch_ends(410, error::expired);
  CHECK(h.lists());
  h.syncs(12);
  h.watch_ends(410, error::expired);
  CHECK(h.pauses());
}

TEST_CASE("a list that is not older is asked for again while nobody answers") {
  harness h;
  h.works(10);
  h.error_event(410, "Expired");
  h.list_unanswered();
  h.pause();
  CHECK(h.asks_for("resourceVersion=10&resourceVersionMatch=NotOlderThan"));
}

TEST_CASE("a server for which every version has expired is not asked without a pause") {
  harness h;
  h.works(10);
  h.error_event(410, "Expired");
  for (int round = 0; round < 5; ++round) {
    h.page(20 + round);
    h.opens();
    h.error_event(410, "Expired");
    CHECK(h.pauses());
    h.pause();
    CHECK(h.lists());
  }
}

TEST_CASE("any other ERROR event leads to a list, too, after a pause") {
  harness h;
  h.works(10);
  h.error_event(500, "InternalError");
  CHECK(h.news() == lost(error::internal));
  h.pause();
  CHECK(h.asks_for("resourceVersion=10&resourceVersionMatch=NotOlderThan"));
  h.syncs(10);
  h.error_event(0, "");
  CHECK(h.news() == " listing objects synced" + lost(error::other_status));
}

TEST_CASE("a stream that cannot be read leads to a list after a pause, so that one bad event is not met for ever") {
  harness h;
  h.works(10);
  h.machine.on_broken_stream(h.now, error::answer_too_large);
  h.take();
  CHECK(h.news() == lost(error::answer_too_large));
  h.pause();
  CHECK(h.asks_for("resourceVersion=10&resourceVersionMatch=NotOlderThan"));
  h.syncs(15);
  CHECK(h.watches_from(15));
}

TEST_CASE("an event without a version is a broken stream") {
  harness h;
  h.works(10);
  CHECK_FALSE(h.machine.on_event(h.now, watch_event_type::added, {}));
  h.take();
  CHECK(h.news() == lost(error::malformed_answer));
  h.pause();
  CHECK(h.lists());
}

TEST_CASE("a watch that is refused is tried again after pauses; one that is not understood leads to a list") {
  const struct {
    unsigned status;
    error what;
    bool lists;
  } rows[] = {{401, error::unauthorized, false},      {403, error::forbidden, false}, {404, error::not_found, false},
              {429, error::too_many_requests, false}, {500, error::internal, false},  {503, error::unavailable, false},
              {504, error::server_timeout, false},    {400, error::bad_request, true}};
  for (const auto& row : rows) {
    CAPTURE(row.status);
    harness h;
    h.works(10);
    h.watch_ends();
    h.watch_ends(row.status, row.what, 2s);
    CHECK(h.news() == lost(row.what));
    CHECK(h.pause() >= 2s);
    CHECK(h.lists() == row.lists);
    CHECK(h.watches() != row.lists);
  }
}

TEST_CASE("watches ask for times that differ, within 30 %, and are given up 10 s after that") {
  int shortest = 10'000;
  int longest = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    harness h{settings(seed)};
    h.syncs(10);
    const auto from = h.request.target.find("timeoutSeconds=") + 15;
    const int seconds = std::stoi(h.request.target.substr(from));
    shortest = std::min(shortest, seconds);
    longest = std::max(longest, seconds);
    h.opens();
    const auto id = h.request.id;
    h.passes(std::chrono::seconds{seconds + 10} - 1ns);
    CHECK(h.request.id == id);
    h.passes(1ns);
    CHECK(h.request.id != id);
    CHECK(h.request.elsewhere);
  }
  CHECK(shortest >= 280);
  CHECK(shortest < 292);
  CHECK(longest <= 520);
  CHECK(longest > 508);
}

TEST_CASE("a watch that has shown bookmarks and then nothing for three minutes is dead") {
  harness h;
  h.works(10);
  const auto id = h.request.id;
  h.bookmark(11);
  h.passes(179s);
  h.event(12);
  h.passes(180s - 1ns);
  CHECK(h.request.id == id);
  h.passes(1ns);
  CHECK(h.request.id != id);
  CHECK(h.request.elsewhere);
  CHECK(h.news().empty());
}

TEST_CASE("after three minutes without a sign the watch's end leads to a list by quorum, and nothing is lost by that") {
  harness h;
  h.works(10);
  h.passes(250s);
  CHECK(h.watches());
  h.watch_ends();
  CHECK(h.by_quorum());
  CHECK(h.news().empty());
  h.syncs(10);
  CHECK(h.news() == " listing objects synced");
  h.opens();
  h.passes(100s);
  h.watch_ends();
  CHECK(h.watches_from(10));
  h.opens();
  h.passes(100s);  // short watches add up
  h.watch_ends();
  CHECK(h.by_quorum());
}

// ---- Never backwards ----

TEST_CASE("an event or bookmark older than what was seen is not told, and its watch is given up for one elsewhere") {
  for (const auto type : {watch_event_type::modified, watch_event_type::bookmark}) {
    harness h;
    h.works(10);
    CHECK_FALSE(h.event(9, type));
    CHECK(h.news() == lost(error::unavailable));
    h.pause();
    CHECK(h.watches_from(10));
    CHECK(h.request.elsewhere);
    h.opens();
    CHECK(h.event(11));
    h.passes(1s);
    CHECK(h.news() == " synced");
  }
}

TEST_CASE("a list older than what was seen is thrown away") {
  harness h;
  h.works(10);
  h.error_event(410, "Expired");
  h.news();
  CHECK_FALSE(h.page(9));
  CHECK(h.news() == lost(error::unavailable));
  h.pause();
  CHECK(h.by_quorum());
  CHECK(h.request.elsewhere);
  CHECK_FALSE(h.page(9));
  h.pause();
  CHECK(h.by_quorum());
  CHECK(h.page(10));
  CHECK(h.news() == " listing objects synced");
}

TEST_CASE("a restored store is believed in the end, and told as a loss first") {
  harness h;
  h.works(1000);
  h.error_event(410, "Expired");
  CHECK_FALSE(h.page(5));  // not by quorum: does not count
  h.pause();
  for (int round = 1; round < watch_machine::backward_max; ++round) {
    CHECK_FALSE(h.page(5));
    h.pause();
  }
  h.news();
  CHECK(h.page(6));
  CHECK(h.news() == lost(error::expired) + " listing objects synced");
  CHECK_FALSE(h.message.empty());
  CHECK(h.watches_from(6));
  CHECK(h.machine.seen() == at(6));
  h.opens();
  CHECK(h.event(7));
}

TEST_CASE("older lists with a good one between them never add up") {
  harness h;
  h.works(10);
  for (int round = 0; round < 20; ++round) {
    h.error_event(410, "Expired");
    if (h.pauses()) h.pause();
    for (int count = 0; count < watch_machine::backward_max - 1; ++count) {
      CHECK_FALSE(h.page(9));
      h.pause();
    }
    CHECK(h.page(10));
  }
}

TEST_CASE("watches that stay behind lead to a list by quorum, which finds out whether the store was restored") {
  harness h;
  h.works(1000);
  for (int round = 1; round < watch_machine::backward_max; ++round) {
    CHECK_FALSE(h.bookmark(5));
    h.pause();
    CHECK(h.watches_from(1000));
  }
  CHECK_FALSE(h.bookmark(5));
  h.pause();
  CHECK(h.by_quorum());
}

TEST_CASE("a restored store that is silent is found out, too") {
  harness h;
  h.works(1000);
  h.watch_ends();
  h.opens();
  const auto before = h.now;
  while (!h.lists()) h.passes(10s);
  CHECK(h.by_quorum());
  CHECK(h.now - before <= 600s);
}

TEST_CASE("also a new run does not go back") {
  harness h;
  h.works(10);
  h.machine.start(h.now);
  h.take();
  CHECK(h.by_quorum());
  CHECK_FALSE(h.page(9));
}

// ---- restart() ----

TEST_CASE("a restart opens another watch from the last version on, elsewhere") {
  harness h;
  h.works(10);
  h.event(11);
  const auto id = h.request.id;
  h.restarts();
  CHECK(h.request.id != id);
  CHECK(h.watches_from(11));
  CHECK(h.request.elsewhere);
  CHECK(h.news().empty());
  h.opens();
  h.passes(5s);
  h.watch_ends();
  CHECK(h.watches_from(11));
  CHECK_FALSE(h.request.elsewhere);
}

TEST_CASE("a restart of what has only just begun does nothing, so that restarts cannot outrun a connection") {
  harness h;
  h.works(10);
  h.restarts();
  const auto id = h.request.id;
  h.passes(999ms);
  h.restarts();
  CHECK(h.request.id == id);
  h.passes(1ms);
  h.restarts();
  CHECK(h.request.id != id);
  h.opens();
  const auto next = h.request.id;
  h.passes(watch_machine::pause_min - 1ns);
  h.restarts();
  CHECK(h.request.id == next);
  h.passes(1ns);
  h.restarts();
  CHECK(h.request.id != next);
}

TEST_CASE("a restart while a list is on its way asks for the same page elsewhere") {
  harness h;
  h.page(10, "a");
  h.passes(2s);
  const auto id = h.request.id;
  h.restarts();
  CHECK(h.request.id != id);
  CHECK(h.asks_for("continue=a"));
  CHECK(h.request.elsewhere);
}

TEST_CASE("a restart from within a page asks for that page again") {
  harness h;
  h.page(10, "a");
  h.passes(2s);
  CHECK(h.machine.on_page(h.now, at(10), "b", 1));
  h.restarts();
  CHECK(h.asks_for("continue=a"));
}

TEST_CASE("a restart in a pause does not shorten it") {
  harness h;
  h.works(10);
  h.watch_ends();
  h.watch_unanswered();
  const auto due = h.machine.wake_in(h.now);
  h.restarts();
  CHECK(h.pauses());
  CHECK(h.machine.wake_in(h.now) == due);
}

TEST_CASE("a machine that was not started wants nothing") {
  watch_machine machine{settings()};
  const watch_machine::time_point now{5s};
  machine.tick(now);
  machine.restart(now);
  machine.on_opened(now);
  machine.on_watch_ended(now, {});
  machine.on_list_failed(now, {});
  CHECK_FALSE(machine.on_event(now, watch_event_type::added, at(1)));
  CHECK_FALSE(machine.on_page(now, at(1), "", 1));
  CHECK_FALSE(machine.take_request());
  CHECK_FALSE(machine.take_notice());
  CHECK(machine.request_id() == 0);
  CHECK(machine.wake_in(now) > 0s);
}
