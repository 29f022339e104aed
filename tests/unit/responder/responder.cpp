// SPDX-License-Identifier: BSL-1.0

#include "../../support/fake_transport.hpp"
#include "isat/responder/responder.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace {

using namespace isat;
using responder::drop_reason;
using namespace std::chrono_literals;

constexpr mac_address ours{{2, 0, 0, 0, 0, 0x0a}};
constexpr mac_address asker{{2, 0, 0, 0, 0, 0x01}};
constexpr ipv4_address asker_address{0x0a4d0001};
constexpr ipv4_address vip{0x0a4d0064};

wire::arp_frame who_has(ipv4_address target) {
  return {{mac_address::broadcast(), asker, wire::ether_type::arp},
          {wire::operation::request, asker, asker_address, mac_address{}, target}};
}

struct fixture {
  boost::asio::io_context io;
  testing::fake_transport out{io.get_executor()};
  responder::vip_table vips;
  election::leadership_table leaderships;
  responder::responder answering{vips, leaderships};
  responder::counters counted;
  std::vector<std::pair<ipv4_address, drop_reason>> claims;

  fixture() {
    vips.add({vip, group_id{0}});
    leaderships.set(group_id{0}, {lease_clock::now() + 1h, 1});
  }

  void answer(const std::vector<wire::arp_frame>& frames, bool foreign = false) {
    std::vector<wire::frame_bytes> bytes;
    for (const auto& frame : frames) bytes.push_back(wire::emit(frame));
    std::vector<transport::received_frame> received;
    for (const auto& each : bytes) received.push_back({each, each.size(), foreign});
    answering.answer(received, {interface_id{0}, ours, {}}, out, counted,
                     [&](const wire::arp_message& claim, drop_reason what) { claims.emplace_back(claim.spa, what); });
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "a request for a VIP that we lead gets one reply to its sender") {
  answer({who_has(vip)});
  REQUIRE(out.sent.size() == 1);
  CHECK(out.sent[0] == wire::make_reply(who_has(vip).arp, ours));
  CHECK(counted.received == 1);
  CHECK(counted.replies == 1);
}

TEST_CASE_FIXTURE(fixture, "the replies of a batch leave in one send call") {
  answer({who_has(vip), who_has(ipv4_address{0x0a4d0065}), who_has(vip)});
  CHECK(out.send_calls == 1);
  CHECK(out.sent.size() == 2);
  CHECK(counted.received == 3);
  CHECK(counted.replies == 2);
  CHECK(counted[drop_reason::not_a_vip] == 1);
}

TEST_CASE_FIXTURE(fixture, "every frame of a batch is counted exactly once") {
  answer({who_has(vip)}, true);
  CHECK(counted.received == 1);
  CHECK(counted.replies == 0);
  CHECK(counted[drop_reason::foreign_vlan] == 1);
  CHECK(out.send_calls == 0);
}

TEST_CASE_FIXTURE(fixture, "bytes that are no ARP message are counted under their error and end nothing") {
  const std::array<std::byte, 20> cut{};
  const std::array received{transport::received_frame{cut, cut.size(), false}};
  answering.answer(received, {interface_id{0}, ours, {}}, out, counted, [](const auto&, drop_reason) {});
  CHECK(counted[wire::parse_error::not_arp] == 1);
  answer({who_has(vip)});
  CHECK(counted.replies == 1);
}

TEST_CASE_FIXTURE(fixture, "a reply that the link refuses is counted and not sent later") {
  out.accepted_max = 1;
  answer({who_has(vip), who_has(vip), who_has(vip)});
  CHECK(counted.replies == 1);
  CHECK(counted.refused_by_link == 2);
  out.accepted_max = 64;
  answer({who_has(vip)});
  CHECK(counted.replies == 2);
  CHECK(out.sent.size() == 2);
}

TEST_CASE_FIXTURE(fixture, "a claim of our VIP is told and never answered") {
  const mac_address rival{{2, 0, 0, 0, 0, 0x66}};
  answer({wire::make_announcement(vip, rival, wire::announcement_form::request),
          wire::make_announcement(vip, rival, wire::announcement_form::reply)});
  REQUIRE(claims.size() == 2);
  CHECK(claims[0] == std::pair{vip, drop_reason::conflict});
  CHECK(counted[drop_reason::conflict] == 2);
  CHECK(out.send_calls == 0);
}
