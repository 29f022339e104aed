// SPDX-License-Identifier: BSL-1.0

#include "allocation_count.hpp"
#include "isat/responder/decide.hpp"
#include "isat/wire/frame.hpp"
#include "readings.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <utility>

namespace {

using namespace std::chrono_literals;
using namespace isat::responder;
using isat::group_id;
using isat::interface_id;
using isat::interface_set;
using isat::ipv4_address;
using isat::mac_address;
using isat::election::leadership;
using isat::election::leadership_table;
using isat::test::reading;
using isat::wire::announcement_form;
using isat::wire::arp_frame;
using isat::wire::ether_type;
using isat::wire::make_announcement;
using isat::wire::make_probe;
using isat::wire::make_targeted_request;
using isat::wire::operation;

constexpr mac_address asker_mac{{0x02, 0, 0, 0, 0, 0x0a}};
constexpr mac_address our_mac{{0x02, 0, 0, 0, 0, 0x0b}};
constexpr mac_address our_other_mac{{0x02, 0, 0, 0, 0, 0x0c}};  // of another interface of ours
constexpr mac_address multicast_mac{{0x01, 0, 0x5e, 0, 0, 0x01}};

constexpr ipv4_address asker{{10, 77, 0, 1}};
constexpr ipv4_address led_vip{{10, 77, 0, 100}};
constexpr ipv4_address other_led_vip{{10, 77, 0, 101}};
constexpr ipv4_address vip_of_another_leader{{10, 77, 0, 102}};
constexpr ipv4_address vip_elsewhere{{10, 77, 0, 103}};  // led, but announced on another interface only
constexpr ipv4_address no_vip{{10, 77, 0, 200}};

constexpr group_id led{1}, other_led{2}, not_led{3}, never_set{9};
constexpr interface_id here{4}, elsewhere{5};
constexpr auto now = reading(100s);

// A speaker that leads two of its groups, seen from one of its interfaces.
struct speaker {
  vip_table vips;
  leadership_table leaderships;
  std::array<mac_address, 2> own_macs{our_mac, our_other_mac};

  speaker() {
    vips.add({led_vip, led});
    vips.add({other_led_vip, other_led, interface_set::only(here)});
    vips.add({vip_of_another_leader, not_led});
    vips.add({vip_elsewhere, led, interface_set::only(elsewhere)});
    leaderships.set(led, leadership::until_revoked(1));
    leaderships.set(other_led, {reading(200s), 7});
  }

  decision decide(const arp_frame& frame, bool foreign = false, isat::lease_time at = now) const {
    return isat::responder::decide(frame, foreign, {here, our_mac, own_macs}, vips, leaderships, at);
  }
};

constexpr arp_frame request(ipv4_address spa, ipv4_address tpa, mac_address sha = asker_mac) {
  return {{mac_address::broadcast(), sha, ether_type::arp}, {operation::request, sha, spa, {}, tpa}};
}
constexpr arp_frame to(mac_address destination, arp_frame frame) {
  frame.ethernet.destination = destination;
  return frame;
}
constexpr arp_frame from(mac_address source, arp_frame frame) {
  frame.ethernet.source = source;
  return frame;
}
constexpr arp_frame as_reply(arp_frame frame) {
  frame.arp.oper = operation::reply;
  return frame;
}

struct row {
  const char* name;
  arp_frame frame;
  decision expected;
  bool foreign = false;
};

void check(const speaker& us, std::initializer_list<row> rows) {
  for (const row& each : rows) {
    CAPTURE(each.name);
    const decision got = us.decide(each.frame, each.foreign);
    CHECK(to_string(got.reason) == to_string(each.expected.reason));
    CHECK(got.group == each.expected.group);
    CHECK(got.replies() == (each.expected.reason == drop_reason::none));
  }
}

}  // namespace

TEST_CASE("a request for a VIP that we lead is answered, whoever asks") {
  check({},
        {
            {"broadcast", request(asker, led_vip), {drop_reason::none, led}},
            {"to our MAC", to(our_mac, request(asker, led_vip)), {drop_reason::none, led}},
            {"the other group", request(asker, other_led_vip), {drop_reason::none, other_led}},
            {"a probe (sender 0.0.0.0)", make_probe(led_vip, asker_mac), {drop_reason::none, led}},
            {"an asker of another subnet", request(ipv4_address{{192, 0, 2, 9}}, led_vip), {drop_reason::none, led}},
            {"sha is not the Ethernet source", from(multicast_mac, request(asker, led_vip)), {drop_reason::none, led}},
            {"the asker is ourselves", request(asker, led_vip, our_mac), {drop_reason::none, led}},
            {"from a VIP of another leader, by that leader",
             request(vip_of_another_leader, led_vip),
             {drop_reason::none, led}},
        });
}

TEST_CASE("every reason for silence is given by its name") {
  check({},
        {
            {"to another host", to(asker_mac, request(asker, led_vip)), {drop_reason::wrong_destination}},
            {"to our other interface", to(our_other_mac, request(asker, led_vip)), {drop_reason::wrong_destination}},
            {"to a multicast group", to(multicast_mac, request(asker, led_vip)), {drop_reason::wrong_destination}},
            {"to the zero address", to({}, request(asker, led_vip)), {drop_reason::wrong_destination}},
            {"of another VLAN", request(asker, led_vip), {drop_reason::foreign_vlan}, true},
            {"sha zero", request(asker, led_vip, {}), {drop_reason::zero_sender}},
            {"sha broadcast", request(asker, led_vip, mac_address::broadcast()), {drop_reason::group_sender}},
            {"sha multicast", request(asker, led_vip, multicast_mac), {drop_reason::group_sender}},
            {"our own announcement",
             make_announcement(led_vip, our_mac, announcement_form::request),
             {drop_reason::own_announcement}},
            {"a foreign claim", request(led_vip, asker), {drop_reason::conflict, led}},
            {"a reply to us", to(our_mac, as_reply(request(asker, led_vip))), {drop_reason::not_a_request}},
            {"a broadcast reply", as_reply(request(asker, led_vip)), {drop_reason::not_a_request}},
            {"a question for somebody else", request(asker, no_vip), {drop_reason::not_a_vip}},
            {"a question for the asker itself", request(asker, asker), {drop_reason::not_a_vip}},
            {"a question for nobody", request(asker, {}), {drop_reason::not_a_vip}},
            {"a VIP of another interface", request(asker, vip_elsewhere), {drop_reason::not_a_vip}},
            {"a VIP of another leader", request(asker, vip_of_another_leader), {drop_reason::not_leader, not_led}},
        });
}

TEST_CASE("a foreign claim of a VIP that we lead is a conflict in every form and never answered") {
  check({}, {
                {"announcement, request form",
                 make_announcement(led_vip, asker_mac, announcement_form::request),
                 {drop_reason::conflict, led}},
                {"announcement, reply form",
                 make_announcement(led_vip, asker_mac, announcement_form::reply),
                 {drop_reason::conflict, led}},
                {"reply to us", to(our_mac, as_reply(request(led_vip, asker))), {drop_reason::conflict, led}},
                {"request for an ordinary address", request(led_vip, asker), {drop_reason::conflict, led}},
                {"request for another VIP of ours", request(led_vip, other_led_vip), {drop_reason::conflict, led}},
                {"of the other group", request(other_led_vip, led_vip), {drop_reason::conflict, other_led}},
                {"targeted request to us",
                 make_targeted_request(led_vip, asker_mac, asker, our_mac),
                 {drop_reason::conflict, led}},
            });
}

TEST_CASE("a claim of a VIP that we do not lead is its leader's right") {
  check({}, {
                {"announcement, request form",
                 make_announcement(vip_of_another_leader, asker_mac, announcement_form::request),
                 {drop_reason::not_leader, not_led}},
                {"announcement, reply form",
                 make_announcement(vip_of_another_leader, asker_mac, announcement_form::reply),
                 {drop_reason::not_a_request}},
                {"request for an ordinary address", request(vip_of_another_leader, asker), {drop_reason::not_a_vip}},
                {"a VIP of another interface", request(vip_elsewhere, no_vip), {drop_reason::not_a_vip}},
            });
}

TEST_CASE("our own MACs are never a conflict, on whichever interface they are heard") {
  check({}, {
                {"this interface's, request form",
                 make_announcement(led_vip, our_mac, announcement_form::request),
                 {drop_reason::own_announcement}},
                {"this interface's, reply form",
                 make_announcement(led_vip, our_mac, announcement_form::reply),
                 {drop_reason::own_announcement}},
                {"another interface's, request form",
                 make_announcement(led_vip, our_other_mac, announcement_form::request),
                 {drop_reason::own_announcement}},
                {"another interface's, reply form",
                 make_announcement(led_vip, our_other_mac, announcement_form::reply),
                 {drop_reason::own_announcement}},
                {"of a VIP that we led until just now",
                 make_announcement(vip_of_another_leader, our_other_mac, announcement_form::request),
                 {drop_reason::own_announcement}},
            });
}

TEST_CASE("the MAC of this interface is our own also when the list of own MACs lags behind") {
  const speaker us;
  const receiver at{here, our_mac, {}};
  const auto heard = [&](mac_address mac) {
    const auto frame = make_announcement(led_vip, mac, announcement_form::request);
    return decide(frame, false, at, us.vips, us.leaderships, now).reason;
  };
  CHECK(heard(our_mac) == drop_reason::own_announcement);
  CHECK(heard(our_other_mac) == drop_reason::conflict);
}

TEST_CASE("a MAC is our own if it is this interface's or in the list") {
  const speaker us;
  const receiver at{here, our_mac, us.own_macs};
  CHECK(is_own(our_mac, at));
  CHECK(is_own(our_other_mac, at));
  CHECK_FALSE(is_own(asker_mac, at));
  CHECK_FALSE(is_own(mac_address{}, at));
  CHECK(is_own(our_mac, {here, our_mac, {}}));
}

TEST_CASE("a frame with everything wrong is judged rung by rung") {
  const speaker us;
  arp_frame frame = as_reply(request(led_vip, no_vip, {}));
  frame.ethernet.destination = asker_mac;
  bool foreign = true;
  const auto reason = [&] { return us.decide(frame, foreign).reason; };

  CHECK(reason() == drop_reason::wrong_destination);
  frame.ethernet.destination = our_mac;
  CHECK(reason() == drop_reason::foreign_vlan);
  foreign = false;
  CHECK(reason() == drop_reason::zero_sender);
  frame.arp.sha = multicast_mac;
  CHECK(reason() == drop_reason::group_sender);
  frame.arp.sha = our_other_mac;
  CHECK(reason() == drop_reason::own_announcement);
  frame.arp.sha = asker_mac;
  CHECK(reason() == drop_reason::conflict);
  frame.arp.spa = asker;
  CHECK(reason() == drop_reason::not_a_request);
  frame.arp.oper = operation::request;
  CHECK(reason() == drop_reason::not_a_vip);
  frame.arp.tpa = vip_of_another_leader;
  CHECK(reason() == drop_reason::not_leader);
  frame.arp.tpa = led_vip;
  CHECK(reason() == drop_reason::none);
}

TEST_CASE("leadership is judged at the reading given: up to the deadline, not at it") {
  const speaker us;
  const auto asked = request(asker, other_led_vip);
  const auto claimed = make_announcement(other_led_vip, asker_mac, announcement_form::request);
  CHECK(us.decide(asked, false, reading(200s - 1ns)) == decision{drop_reason::none, other_led});
  CHECK(us.decide(asked, false, reading(200s)) == decision{drop_reason::not_leader, other_led});
  CHECK(us.decide(claimed, false, reading(200s - 1ns)) == decision{drop_reason::conflict, other_led});
  CHECK(us.decide(claimed, false, reading(200s)) == decision{drop_reason::not_leader, other_led});
}

TEST_CASE("a VIP is answered for from the moment its group is led, and its removal ends that") {
  speaker us;
  const auto asked = request(asker, vip_of_another_leader);
  CHECK(us.decide(asked) == decision{drop_reason::not_leader, not_led});
  us.leaderships.set(not_led, leadership::until_revoked(1));
  CHECK(us.decide(asked) == decision{drop_reason::none, not_led});
  us.leaderships.revoke(not_led);
  CHECK(us.decide(asked) == decision{drop_reason::not_leader, not_led});
  us.vips.add({vip_of_another_leader, never_set});
  CHECK(us.decide(asked) == decision{drop_reason::not_leader, never_set});
  us.vips.remove(vip_of_another_leader);
  CHECK(us.decide(asked) == decision{drop_reason::not_a_vip});
}

TEST_CASE("a speaker without VIPs or without leadership never replies") {
  std::mt19937_64 random{826};
  const speaker us;
  const vip_table no_vips;
  const leadership_table no_leaderships;
  const receiver at{here, our_mac, us.own_macs};
  for (int i = 0; i < 1'000; ++i) {
    arp_frame frame = request(ipv4_address{0x0a4d0060 + static_cast<std::uint32_t>(random() % 80)},
                              ipv4_address{0x0a4d0060 + static_cast<std::uint32_t>(random() % 8)});
    if (random() % 4 == 0) frame = as_reply(frame);
    REQUIRE_FALSE(decide(frame, false, at, no_vips, us.leaderships, now).replies());
    REQUIRE_FALSE(decide(frame, false, at, us.vips, no_leaderships, now).replies());
  }
}

TEST_CASE("a random frame is answered exactly if it asks us, properly, for a VIP that we lead, and claims none") {
  std::mt19937_64 random{5227};
  const speaker us;
  const auto one_of = [&](auto... values) {
    const std::array all{values...};
    return all[random() % all.size()];
  };
  std::set<drop_reason> seen;
  for (int i = 0; i < 50'000; ++i) {
    const auto any_mac = [&] {
      return one_of(asker_mac, asker_mac, our_mac, our_other_mac, multicast_mac, mac_address::broadcast(),
                    mac_address{});
    };
    const auto any_address = [&] {
      return one_of(asker, asker, led_vip, other_led_vip, vip_of_another_leader, vip_elsewhere, no_vip, ipv4_address{});
    };
    const arp_frame frame{
        {one_of(mac_address::broadcast(), our_mac, any_mac()), any_mac(), ether_type::arp},
        {one_of(operation::request, operation::reply), any_mac(), any_address(), any_mac(), any_address()}};
    const bool foreign = random() % 8 == 0;

    const auto is_led = [](ipv4_address address) { return address == led_vip || address == other_led_vip; };
    const auto& [ethernet, arp] = frame;
    const bool reaches_us = !foreign && (ethernet.destination.is_broadcast() || ethernet.destination == our_mac);
    const bool can_be_answered = !arp.sha.is_zero() && !arp.sha.is_group();
    const bool is_ours = arp.sha == our_mac || arp.sha == our_other_mac;
    const bool claims = is_led(arp.spa) || (is_ours && arp.spa == vip_of_another_leader);
    const bool expected = reaches_us && can_be_answered && !claims && arp.oper == operation::request && is_led(arp.tpa);

    const decision got = us.decide(frame, foreign);
    seen.insert(got.reason);
    if (got.replies() != expected) FAIL("frame ", i, ": ", to_string(got.reason));
    const bool conflict = reaches_us && can_be_answered && !is_ours && is_led(arp.spa);
    if ((got.reason == drop_reason::conflict) != conflict) FAIL("frame ", i, ": ", to_string(got.reason));
  }
  CHECK(seen.size() == drop_reasons.size());  // every one but lapsed, which is told at the send; and none
}

TEST_CASE("to parse a request, to decide and to write the reply allocates nothing") {
  const speaker us;
  const auto bytes = emit(request(asker, led_vip));
  isat::wire::frame_bytes reply{};
  CHECK(isat::test::allocations_of([&] {
          arp_frame frame;
          if (parse(bytes, frame) != isat::wire::parse_error::none) return;
          if (!us.decide(frame).replies()) return;
          reply = emit(make_reply(frame.arp, our_mac));
        }) == 0);
  CHECK(reply ==
        emit(arp_frame{{asker_mac, our_mac, ether_type::arp}, {operation::reply, our_mac, led_vip, asker_mac, asker}}));
}

TEST_CASE("the allocation counter that says so counts") {
  CHECK(isat::test::allocations_of([] { delete new volatile int{1}; }) == 1);
}
