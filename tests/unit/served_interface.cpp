// SPDX-License-Identifier: BSL-1.0

#include "../support/fake_transport.hpp"
#include "isat/served_interface.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace {

using namespace isat;
using namespace std::chrono_literals;

constexpr mac_address ours{{2, 0, 0, 0, 0, 0x0a}};
constexpr ipv4_address vip{0x0a4d0064};

struct fixture : claim_observer {
  asio::io_context io{1};
  responder::vip_table vips;
  election::leadership_table leaderships;
  std::vector<mac_address> own_macs;
  std::unique_ptr<testing::fake_transport> made = std::make_unique<testing::fake_transport>(io.get_executor());
  testing::fake_transport& link = *made;
  announce::schedule when;
  std::optional<served_interface> served;
  asio::cancellation_signal stop;
  std::optional<error_code> result;
  std::vector<responder::drop_reason> claims;

  void on_claim(interface_id, const wire::arp_message&, responder::drop_reason what) override {
    claims.push_back(what);
  }

  void start() {
    vips.add({vip, group_id{0}});
    leaderships.set(group_id{0}, election::leadership::until_revoked(1));
    served.emplace(std::move(made), interface_id{3}, served_context{vips, leaderships, own_macs}, when, *this);
    served->async_run(asio::bind_cancellation_slot(stop.slot(), [this](error_code error) { result = error; }));
    turn();
  }
  void announce(ipv4_address address = vip) {
    served->announce(address, group_id{0}, lease_clock::now());
    served->pump();
  }
  void turn() {
    io.restart();
    io.poll();
  }
  /// Lets time pass until `count` frames have been sent, or 5 s are over.
  void wait_for(std::size_t count) {
    const auto until = std::chrono::steady_clock::now() + 5s;
    io.restart();
    while (link.sent.size() < count && std::chrono::steady_clock::now() < until) io.run_one_for(10ms);
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "an announcement goes on by itself, round after round") {
  when.offsets = {0ms, 5ms, 10ms};
  start();
  announce();
  CHECK(link.sent.size() == 2);
  wait_for(6);
  REQUIRE(link.sent.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    const auto form = i % 2 == 0 ? wire::announcement_form::request : wire::announcement_form::reply;
    CHECK(link.sent[i] == wire::make_announcement(vip, link.link().mac, form));
  }
  CHECK(served->counted().announcements == 6);
}

TEST_CASE_FIXTURE(fixture, "after the last round nothing is left to do but to receive") {
  when.offsets = {0ms};
  start();
  announce();
  turn();
  CHECK(link.sent.size() == 2);
  CHECK(link.receiving());
  CHECK(io.run_one_for(1ms) == 0);
}

TEST_CASE_FIXTURE(fixture, "announcements that a full queue refused are sent later, none is lost or doubled") {
  when.offsets = {0ms};
  start();
  link.accepted_max = 1;
  announce();
  CHECK(link.sent.size() == 1);
  link.accepted_max = 64;
  wait_for(2);
  REQUIRE(link.sent.size() == 2);
  CHECK(link.sent[0].arp.oper == wire::operation::request);
  CHECK(link.sent[1].arp.oper == wire::operation::reply);
}

TEST_CASE_FIXTURE(fixture, "announcements that wait in a full queue do not leave after the leadership has ended") {
  when.offsets = {0ms};
  start();
  link.accepted_max = 0;
  announce();
  CHECK(link.sent.empty());
  leaderships.revoke(group_id{0});
  link.accepted_max = 64;
  // The retry comes a millisecond later and finds nothing that may leave; then no timer is left.
  const auto calls = link.send_calls;
  io.restart();
  while (io.run_one_for(50ms) != 0) {
  }
  CHECK(link.send_calls == calls);
  CHECK(link.sent.empty());
}

TEST_CASE_FIXTURE(fixture, "a link that is down loses the announcements instead of trying again and again") {
  when.offsets = {0ms};
  start();
  link.accepted_max = 0;
  link.refusal = asio::error::network_down;
  announce();
  const auto calls = link.send_calls;
  io.restart();
  while (io.run_one_for(50ms) != 0) {
  }
  CHECK(link.send_calls <= calls + 1);
}

TEST_CASE_FIXTURE(fixture, "announcing many VIPs keeps the pace") {
  when.offsets = {0ms};
  when.burst = 10;
  when.window = 20ms;
  start();
  std::uint32_t more = 0;
  for (; more < 30; ++more) served->announce(ipv4_address{vip.bits() + more}, group_id{0}, lease_clock::now());
  served->pump();
  CHECK(link.sent.size() == 10);
  wait_for(60);
  CHECK(link.sent.size() == 60);
}

TEST_CASE_FIXTURE(fixture, "frames carry the MAC address that was set last") {
  when.offsets = {0ms};
  start();
  served->set_mac(ours);
  announce();
  REQUIRE(!link.sent.empty());
  CHECK(link.sent[0].ethernet.source == ours);
  CHECK(link.sent[0].arp.sha == ours);
}

TEST_CASE_FIXTURE(fixture, "a served interface that does not run announces nothing") {
  start();
  stop.emit(asio::cancellation_type::terminal);
  turn();
  REQUIRE(result == error_code{asio::error::operation_aborted});
  announce();
  CHECK(link.sent.empty());
}

TEST_CASE_FIXTURE(fixture, "claims are told with their reason") {
  own_macs = {ours};
  start();
  link.deliver(wire::make_announcement(vip, ours, wire::announcement_form::reply));
  turn();
  link.deliver(wire::make_announcement(vip, mac_address{{2, 0, 0, 0, 0, 0x66}}, wire::announcement_form::reply));
  turn();
  CHECK(claims == std::vector{responder::drop_reason::own_announcement, responder::drop_reason::conflict});
}

TEST_CASE_FIXTURE(fixture, "a receive error that is not a link going down ends it with that") {
  start();
  link.fail(asio::error::network_down);
  turn();
  CHECK(!result);
  link.fail(error_code{ENODEV, boost::system::system_category()});
  turn();
  REQUIRE(result);
  CHECK(result->value() == ENODEV);
}
