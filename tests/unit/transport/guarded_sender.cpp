// SPDX-License-Identifier: BSL-1.0

#include "../../support/fake_transport.hpp"
#include "isat/lease_clock.hpp"
#include "isat/transport/guarded_sender.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>

namespace {

using namespace isat;
using namespace std::chrono_literals;

constexpr mac_address ours{{2, 0, 0, 0, 0, 0x0a}};

ipv4_address vip(std::uint32_t number) { return ipv4_address{0x0a4d0064 + number}; }

wire::frame_bytes announcement(std::uint32_t number) {
  return wire::emit(wire::make_announcement(vip(number), ours, wire::announcement_form::request));
}

struct fixture {
  boost::asio::io_context io;
  testing::fake_transport out{io.get_executor()};
  election::leadership_table leaderships;
  transport::guarded_sender gate;

  void lead(unsigned group, std::chrono::nanoseconds left) {
    leaderships.set(static_cast<group_id>(group), {lease_clock::now() + left, 1});
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "a frame whose group is led leaves") {
  lead(0, 1h);
  gate.push(announcement(0), group_id{0});
  const auto outcome = gate.flush(out, leaderships);
  CHECK(outcome.sent == 1);
  CHECK(outcome.lapsed == 0);
  CHECK(gate.empty());
  REQUIRE(out.sent.size() == 1);
  CHECK(out.sent[0].arp.spa == vip(0));
}

TEST_CASE_FIXTURE(fixture, "a frame whose group was never led does not leave") {
  gate.push(announcement(0), group_id{7});
  const auto outcome = gate.flush(out, leaderships);
  CHECK(outcome.sent == 0);
  CHECK(outcome.lapsed == 1);
  CHECK(out.send_calls == 0);
  CHECK(gate.empty());
}

TEST_CASE_FIXTURE(fixture, "a frame whose leadership ended between push and flush does not leave") {
  lead(0, 1h);
  gate.push(announcement(0), group_id{0});
  leaderships.revoke(group_id{0});
  CHECK(gate.flush(out, leaderships).lapsed == 1);
  CHECK(out.sent.empty());
}

TEST_CASE_FIXTURE(fixture, "a deadline that has passed counts as not led") {
  lead(0, 0ns);
  gate.push(announcement(0), group_id{0});
  CHECK(gate.flush(out, leaderships).lapsed == 1);
  CHECK(out.sent.empty());
}

TEST_CASE_FIXTURE(fixture, "of a mixed batch exactly the frames that are led leave, in order") {
  lead(0, 1h);
  lead(1, -1h);
  for (std::uint32_t i = 0; i < transport::batch_max; ++i) gate.push(announcement(i), static_cast<group_id>(i % 2));
  CHECK(gate.full());
  const auto outcome = gate.flush(out, leaderships);
  CHECK(outcome.sent == transport::batch_max / 2);
  CHECK(outcome.lapsed == transport::batch_max / 2);
  CHECK(out.send_calls == 1);
  REQUIRE(out.sent.size() == transport::batch_max / 2);
  for (std::uint32_t i = 0; i < out.sent.size(); ++i) CHECK(out.sent[i].arp.spa == vip(2 * i));
}

TEST_CASE_FIXTURE(fixture, "what the transport did not take stays in order and is judged again") {
  lead(0, 1h);
  lead(1, 1h);
  for (std::uint32_t i = 0; i < 6; ++i) gate.push(announcement(i), static_cast<group_id>(i % 2));
  out.accepted_max = 2;
  const auto first = gate.flush(out, leaderships);
  CHECK(first.sent == 2);
  CHECK(first.error == boost::asio::error::would_block);
  CHECK(gate.size() == 4);

  leaderships.revoke(group_id{1});
  out.accepted_max = 64;
  const auto second = gate.flush(out, leaderships);
  CHECK(second.sent == 2);
  CHECK(second.lapsed == 2);
  CHECK(!second.error);
  REQUIRE(out.sent.size() == 4);
  CHECK(out.sent[2].arp.spa == vip(2));
  CHECK(out.sent[3].arp.spa == vip(4));
}

TEST_CASE_FIXTURE(fixture, "clear forgets what is left") {
  lead(0, 1h);
  gate.push(announcement(0), group_id{0});
  gate.clear();
  CHECK(gate.flush(out, leaderships).sent == 0);
  CHECK(out.send_calls == 0);
}
