// SPDX-License-Identifier: BSL-1.0
#include "isat/transport/link_message.hpp"
#include "link_bytes.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

using namespace isat;
using namespace isat::test;
using transport::link_message;
using transport::link_message_kind;
using transport::link_message_reader;

namespace {

std::vector<link_message> read_all(std::span<const std::byte> datagram) {
  // An exact copy on the heap, so that a sanitizer sees the first octet that is read past the end.
  const std::vector<std::byte> copy(datagram.begin(), datagram.end());
  std::vector<link_message> all;
  link_message_reader reader{copy};
  while (auto message = reader.next()) all.push_back(*std::move(message));
  CHECK(!reader.next());
  return all;
}

constexpr unsigned lower_up = 1U << 16;
constexpr unsigned dormant = 1U << 17;
link_bytes eth0() { return link_bytes{}.head(RTM_NEWLINK, 7, IFF_UP | lower_up).name("eth0").mac(0x0a); }

}  // namespace

TEST_SUITE("transport/link_message") {
  TEST_CASE("an interface is read with all that is known of it") {
    const auto all = read_all(eth0().sequence(9).flags(NLM_F_MULTI).bytes());
    REQUIRE(all.size() == 1);
    CHECK(all[0].kind == link_message_kind::present);
    CHECK(all[0].sequence == 9);
    CHECK(all[0].of_dump);
    CHECK(!all[0].interrupted);
    const auto& link = all[0].link;
    CHECK(link.index == 7);
    CHECK(link.name == "eth0");
    CHECK(link.mac == mac_address{{2, 0, 0, 0, 0, 0x0a}});
    CHECK(link.up);
    CHECK(link.carrier);
    CHECK(link.ethernet);
    CHECK(!link.loopback);
    CHECK(!link.bridge_port);
  }

  TEST_CASE("flags and kinds say what an interface is") {
    struct row {
      std::string name;
      link_bytes bytes;
      bool up, carrier, ethernet, loopback, bridge_port;
    };
    const auto base = [](unsigned flags, unsigned short type = ARPHRD_ETHER) {
      return link_bytes{}.head(RTM_NEWLINK, 7, flags, type).name("x").mac(1);
    };
    const std::array rows{
        row{"down", base(0), false, false, true, false, false},
        row{"up without carrier", base(IFF_UP), true, false, true, false, false},
        row{"plugged in but down", base(lower_up), false, false, true, false, false},
        row{"up, and the kernel has yet to say that it runs", base(IFF_UP | lower_up), true, true, true, false, false},
        row{"up and plugged in, held back by 802.1X", base(IFF_UP | IFF_RUNNING | lower_up | dormant), true, false,
            true, false, false},
        row{"loopback", base(IFF_UP | lower_up | IFF_LOOPBACK, ARPHRD_LOOPBACK), true, true, false, true, false},
        row{"tunnel", base(IFF_UP | lower_up, ARPHRD_TUNNEL), true, true, false, false, false},
        row{"bridge port", base(IFF_UP).slave_kind("bridge"), true, false, true, false, true},
        row{"bond port", base(IFF_UP).slave_kind("bond"), true, false, true, false, false},
        row{"a bridge itself", base(IFF_UP).own_kind("bridge"), true, false, true, false, false},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      const auto all = read_all(row.bytes.bytes());
      REQUIRE(all.size() == 1);
      CHECK(all[0].link.up == row.up);
      CHECK(all[0].link.carrier == row.carrier);
      CHECK(all[0].link.ethernet == row.ethernet);
      CHECK(all[0].link.loopback == row.loopback);
      CHECK(all[0].link.bridge_port == row.bridge_port);
      CHECK(all[0].link.mac.is_zero() != row.ethernet);
    }
  }

  TEST_CASE("what does not describe an interface wholly is passed over") {
    const auto whole = [] { return link_bytes{}.head(RTM_NEWLINK, 7, IFF_UP); };
    struct row {
      std::string name;
      link_bytes bytes;
    };
    const std::array rows{
        row{"no name", whole().mac(1)},
        row{"empty name", whole().name("").mac(1)},
        row{"name of 16 octets", whole().name("sixteen-octets-x").mac(1)},
        row{"no MAC", whole().name("eth0")},
        row{"MAC of 5 octets", whole().name("eth0").attribute(IFLA_ADDRESS, "12345")},
        row{"MAC of 8 octets", whole().name("eth0").attribute(IFLA_ADDRESS, "12345678")},
        row{"wireless event", whole().name("eth0").mac(1).attribute(IFLA_WIRELESS, "event")},
        row{"the bridge's own family", whole().family(AF_BRIDGE).name("eth0").mac(1)},
        row{"a bridge port that leaves",
            link_bytes{}.head(RTM_DELLINK, 7, IFF_UP).family(AF_BRIDGE).name("eth0").mac(1)},
        row{"index 0", link_bytes{}.head(RTM_NEWLINK, 0, IFF_UP).name("eth0").mac(1)},
        row{"negative index", link_bytes{}.head(RTM_NEWLINK, -1, IFF_UP).name("eth0").mac(1)},
        row{"an address message", link_bytes{}.head(RTM_NEWADDR, 7, IFF_UP).name("eth0").mac(1)},
        row{"no-op", link_bytes{}.raw(NLMSG_NOOP, {})},
        row{"acknowledgement", link_bytes{}.status(NLMSG_ERROR, 0)},
        row{"error without a status", link_bytes{}.raw(NLMSG_ERROR, {1, 2})},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      CHECK(read_all(row.bytes.bytes()).empty());
      const auto followed = read_all((row.bytes + eth0()).bytes());
      REQUIRE(followed.size() == 1);
      CHECK(followed[0].link.name == "eth0");
    }
  }

  TEST_CASE("ends, refusals and losses are told apart") {
    struct row {
      std::string name;
      link_bytes bytes;
      link_message_kind kind;
      int error;
    };
    const std::array rows{
        row{"done", link_bytes{}.status(NLMSG_DONE, 0), link_message_kind::dump_done, 0},
        row{"done without a status", link_bytes{}.raw(NLMSG_DONE, {}), link_message_kind::dump_done, 0},
        row{"done with an error", link_bytes{}.status(NLMSG_DONE, -ENOMEM), link_message_kind::dump_done, ENOMEM},
        row{"refused", link_bytes{}.status(NLMSG_ERROR, -EPERM), link_message_kind::refused, EPERM},
        row{"refused senselessly", link_bytes{}.status(NLMSG_ERROR, 5), link_message_kind::refused, EPROTO},
        row{"refused by the least number", link_bytes{}.status(NLMSG_ERROR, INT_MIN), link_message_kind::refused,
            EPROTO},
        row{"overrun", link_bytes{}.raw(NLMSG_OVERRUN, {}), link_message_kind::overrun, 0},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      const auto all = read_all(row.bytes.bytes());
      REQUIRE(all.size() == 1);
      CHECK(all[0].kind == row.kind);
      CHECK(all[0].error == row.error);
    }
    const auto interrupted = read_all(eth0().flags(NLM_F_MULTI | NLM_F_DUMP_INTR).bytes());
    REQUIRE(interrupted.size() == 1);
    CHECK(interrupted[0].interrupted);
    const auto gone = read_all(link_bytes{}.head(RTM_DELLINK, 7, 0).name("eth0").mac(1).bytes());
    REQUIRE(gone.size() == 1);
    CHECK(gone[0].kind == link_message_kind::gone);
    CHECK(!gone[0].of_dump);
  }

  TEST_CASE("every truncated prefix is read without reading past it") {
    const auto whole =
        (eth0().slave_kind("bridge") + link_bytes{}.status(NLMSG_ERROR, -1) + link_bytes{}.status(NLMSG_DONE, 0))
            .bytes();
    static_assert(16 + 16 + 12 + 12 + 4 + 4 + 7 == 71);
    const std::size_t first = 71;  // the last octet of the first message; behind it is padding
    for (std::size_t size = 0; size <= whole.size(); ++size) {
      CAPTURE(size);
      const auto all = read_all(std::span{whole}.first(size));
      CHECK(all.empty() == (size < first));
      CHECK((all.size() == 3) == (size == whole.size()));
    }
  }

  TEST_CASE("every length that lies is survived") {
    const auto whole = (eth0().slave_kind("bridge") + eth0()).bytes();
    for (std::size_t at = 0; at + 2 <= whole.size(); ++at) {
      for (const int lie : {0, 1, 3, 4, 5, 15, 16, 17, 0x7f, 0xff}) {
        for (const std::size_t octet : {at, at + 1}) {
          auto changed = whole;
          changed[octet] = static_cast<std::byte>(lie);
          CHECK(read_all(changed).size() <= 2);
        }
      }
    }
  }

  TEST_CASE("random octets are survived") {
    std::mt19937 random{1};
    const auto whole = (eth0().slave_kind("bridge") + eth0()).bytes();
    for (int round = 0; round < 2000; ++round) {
      auto changed = whole;
      for (int i = 0; i < 8; ++i) changed[random() % changed.size()] = static_cast<std::byte>(random());
      CHECK(read_all(changed).size() <= 2);
    }
  }
}
