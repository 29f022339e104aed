// SPDX-License-Identifier: BSL-1.0

#include "isat/format.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace isat;

TEST_CASE("values of core print as people write them") {
  const mac_address mac{{2, 0, 0, 0, 0, 0xab}};
  const ipv4_address address{0xc0000264};
  CHECK(fmt::format("{}", mac) == "02:00:00:00:00:ab");
  CHECK(fmt::format("{}", address) == "192.0.2.100");
  CHECK(fmt::format("{}", group_id{7}) == "7");
  CHECK(fmt::format("{}", wire::parse_error::truncated) == "truncated");
  CHECK(fmt::format("{}", responder::drop_reason::not_leader) == "not_leader");
}

TEST_CASE("width and alignment count for every value that prints as text") {
  CHECK(fmt::format("{:>15}|", ipv4_address{0xc0000264}) == "    192.0.2.100|");
  CHECK(fmt::format("{:<12}|", responder::drop_reason::conflict) == "conflict    |");
}

TEST_CASE("messages print as question and answer") {
  const mac_address asker{{2, 0, 0, 0, 0, 1}};
  const mac_address ours{{2, 0, 0, 0, 0, 0xa}};
  const wire::arp_message question{wire::operation::request, asker, ipv4_address{0xc0000201}, mac_address{},
                                   ipv4_address{0xc0000264}};
  CHECK(fmt::format("{}", question) == "who-has 192.0.2.100 tell 192.0.2.1 (02:00:00:00:00:01)");
  const auto reply = wire::make_reply(question, ours);
  CHECK(fmt::format("{}", reply.arp) == "192.0.2.100 is-at 02:00:00:00:00:0a");
  CHECK(fmt::format("{}", reply) == "02:00:00:00:00:0a > 02:00:00:00:00:01: 192.0.2.100 is-at 02:00:00:00:00:0a");
}
