// SPDX-License-Identifier: BSL-1.0

#include "isat/wire/frame.hpp"
#include "octets.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace {

using namespace isat::wire;
using isat::ipv4_address;
using isat::mac_address;
using isat::test::octets;

constexpr mac_address asker_mac{{0x02, 0, 0, 0, 0, 0x0a}};
constexpr mac_address our_mac{{0x02, 0, 0, 0, 0, 0x0b}};
constexpr ipv4_address asker{{10, 77, 0, 1}};
constexpr ipv4_address vip{{10, 77, 0, 100}};

constexpr arp_message question{operation::request, asker_mac, asker, mac_address{}, vip};

// RFC 826, "Packet Reception": the two address pairs are swapped, our hardware address filled in, the opcode set.
constexpr arp_frame reply = make_reply(question, our_mac);
constexpr auto reply_octets = octets<42>(
    "02000000000a 02000000000b 0806"
    "0001 0800 06 04 0002 02000000000b 0a4d0064 02000000000a 0a4d0001");
static_assert(emit(reply) == reply_octets);

// RFC 5227, section 3: sender and target address are both the announced one; section 2.3: tha should be zero.
constexpr arp_frame announcement = make_announcement(vip, our_mac, announcement_form::request);
constexpr auto announcement_octets = octets<42>(
    "ffffffffffff 02000000000b 0806"
    "0001 0800 06 04 0001 02000000000b 0a4d0064 000000000000 0a4d0064");
static_assert(emit(announcement) == announcement_octets);

constexpr arp_frame announcement_reply = make_announcement(vip, our_mac, announcement_form::reply);
constexpr auto announcement_reply_octets = octets<42>(
    "ffffffffffff 02000000000b 0806"
    "0001 0800 06 04 0002 02000000000b 0a4d0064 02000000000b 0a4d0064");
static_assert(emit(announcement_reply) == announcement_reply_octets);

constexpr arp_frame targeted = make_targeted_request(vip, our_mac, asker, asker_mac);
constexpr auto targeted_octets = octets<42>(
    "02000000000a 02000000000b 0806"
    "0001 0800 06 04 0001 02000000000b 0a4d0064 000000000000 0a4d0001");
static_assert(emit(targeted) == targeted_octets);

// RFC 5227, section 2.1.1: a broadcast request whose sender address is all zero.
constexpr arp_frame probe = make_probe(vip, our_mac);
constexpr auto probe_octets = octets<42>(
    "ffffffffffff 02000000000b 0806"
    "0001 0800 06 04 0001 02000000000b 00000000 000000000000 0a4d0064");
static_assert(emit(probe) == probe_octets);

struct built {
  const char* name;
  arp_frame frame;
  frame_bytes bytes;
};
constexpr built every_frame[] = {
    {"reply", reply, reply_octets},
    {"announcement in request form", announcement, announcement_octets},
    {"announcement in reply form", announcement_reply, announcement_reply_octets},
    {"targeted request", targeted, targeted_octets},
    {"probe", probe, probe_octets},
};

constexpr bool every_frame_is_read_back() {
  for (const built& each : every_frame) {
    arp_frame out;
    if (parse(each.bytes, out) != parse_error::none || out != each.frame) return false;
  }
  return true;
}
static_assert(every_frame_is_read_back());

// A frame that no test frame looks like, to see that a refusal writes nothing.
constexpr arp_frame untouched{{our_mac, asker_mac, ether_type::ipv4},
                              {operation::reply, asker_mac, ipv4_address{0x01020304}, our_mac, ipv4_address{5}}};

parse_error refusal(std::span<const std::byte> bytes, std::size_t length) {
  arp_frame out = untouched;
  const parse_error error = parse(bytes, length, out);
  if (error != parse_error::none) CHECK(out == untouched);
  return error;
}
parse_error refusal(std::span<const std::byte> bytes) { return refusal(bytes, bytes.size()); }

std::vector<std::byte> padded(const frame_bytes& bytes, std::size_t size) {
  std::vector<std::byte> all(bytes.begin(), bytes.end());
  all.resize(size, std::byte{0xee});
  return all;
}

// A request with the octets in `tag` (an 802.1Q or 802.1ad tag, or several) between its addresses and its type.
std::vector<std::byte> tagged(std::initializer_list<unsigned> tag) {
  const auto bytes = emit(announcement);
  std::vector<std::byte> all(bytes.begin(), bytes.begin() + 12);
  for (const unsigned octet : tag) all.push_back(static_cast<std::byte>(octet));
  all.insert(all.end(), bytes.begin() + 12, bytes.end());
  return all;
}

}  // namespace

TEST_CASE("every frame that is built is read back as it was written") {
  for (const built& each : every_frame) {
    CAPTURE(each.name);
    arp_frame out;
    CHECK(parse(emit(each.frame), out) == parse_error::none);
    CHECK(out == each.frame);
    CHECK(emit(out) == each.bytes);
  }
}

TEST_CASE("in every frame that is built the Ethernet source is the ARP sender") {
  for (const built& each : every_frame) {
    CAPTURE(each.name);
    CHECK(each.frame.ethernet.source == each.frame.arp.sha);
    CHECK(each.frame.ethernet.type == ether_type::arp);
  }
}

TEST_CASE("a reply goes to the asker's sha and answers with what was asked for, also for a probe") {
  const arp_frame answer = make_reply(make_probe(vip, asker_mac).arp, our_mac);
  CHECK(answer.ethernet.destination == asker_mac);
  CHECK(answer.arp == arp_message{operation::reply, our_mac, vip, asker_mac, ipv4_address{}});
}

TEST_CASE("every truncated frame is refused and the result left alone") {
  for (const built& each : every_frame) {
    CAPTURE(each.name);
    for (std::size_t size = 0; size < arp_frame_size; ++size) {
      CAPTURE(size);
      const std::vector<std::byte> cut(each.bytes.begin(), each.bytes.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK(refusal(cut) == parse_error::truncated);
      CHECK(refusal(cut, 60) == parse_error::truncated);
    }
  }
}

TEST_CASE("padding up to the longest Ethernet frame is allowed and ignored") {
  for (const built& each : every_frame) {
    CAPTURE(each.name);
    for (std::size_t size = arp_frame_size; size <= ethernet_frame_max; ++size) {
      arp_frame out;
      if (parse(padded(each.bytes, size), out) != parse_error::none || out != each.frame) FAIL("length ", size);
    }
  }
}

TEST_CASE("a frame longer than Ethernet allows is oversized") {
  for (const std::size_t size : {1515U, 1518U, 9000U, 65535U}) {
    CAPTURE(size);
    CHECK(refusal(padded(announcement_octets, size)) == parse_error::oversized);
  }
}

TEST_CASE("the length on the wire counts, not how much of the frame the transport kept") {
  CHECK(refusal(announcement_octets, 42) == parse_error::none);
  CHECK(refusal(announcement_octets, 1514) == parse_error::none);
  CHECK(refusal(announcement_octets, 1515) == parse_error::oversized);
  CHECK(refusal(announcement_octets, 9000) == parse_error::oversized);
}

TEST_CASE("a frame of another type is not ARP") {
  for (unsigned type = 0; type <= 0xffff; ++type) {
    frame_bytes bytes = announcement_octets;
    bytes[12] = static_cast<std::byte>(type >> 8);
    bytes[13] = static_cast<std::byte>(type);
    const auto expected = type == 0x0806                     ? parse_error::none
                          : type == 0x8100 || type == 0x88a8 ? parse_error::vlan_tagged
                                                             : parse_error::not_arp;
    if (refusal(bytes) != expected) FAIL("type ", type);
  }
}

TEST_CASE("a frame whose VLAN tag is still in the bytes is refused by that name") {
  struct row {
    const char* name;
    std::vector<std::byte> bytes;
  };
  for (const row& each : {
           row{"802.1Q, VID 100", tagged({0x81, 0x00, 0x00, 0x64})},
           row{"802.1Q, priority tag (VID 0)", tagged({0x81, 0x00, 0xe0, 0x00})},
           row{"802.1ad, VID 100", tagged({0x88, 0xa8, 0x00, 0x64})},
           row{"802.1ad around 802.1Q", tagged({0x88, 0xa8, 0x00, 0x64, 0x81, 0x00, 0x00, 0x65})},
       }) {
    CAPTURE(each.name);
    CHECK(refusal(each.bytes) == parse_error::vlan_tagged);
  }
}

TEST_CASE("every lie inside the ARP message has its own name in a frame too") {
  struct row {
    const char* name;
    std::size_t at;
    unsigned value;
    parse_error error;
  };
  for (const row& each : {
           row{"htype 6 (IEEE 802)", 15, 6, parse_error::unsupported_hardware_type},
           row{"htype 256", 14, 1, parse_error::unsupported_hardware_type},
           row{"ptype IPv6's low octet", 17, 0xdd, parse_error::unsupported_protocol_type},
           row{"ptype 0", 16, 0, parse_error::unsupported_protocol_type},
           row{"hlen 0", 18, 0, parse_error::bad_hardware_length},
           row{"hlen 255", 18, 255, parse_error::bad_hardware_length},
           row{"plen 0", 19, 0, parse_error::bad_protocol_length},
           row{"plen 255", 19, 255, parse_error::bad_protocol_length},
           row{"oper 0", 21, 0, parse_error::unsupported_operation},
           row{"oper 3 (RARP request)", 21, 3, parse_error::unsupported_operation},
           row{"oper 257", 20, 1, parse_error::unsupported_operation},
       }) {
    CAPTURE(each.name);
    frame_bytes bytes = announcement_octets;
    bytes[each.at] = static_cast<std::byte>(each.value);
    CHECK(refusal(bytes) == each.error);
    CHECK(refusal(padded(bytes, 60)) == each.error);
  }
}

TEST_CASE("of several mistakes the outermost is named: header, tag, type, length, message") {
  std::vector<std::byte> bytes(9'000, std::byte{0xee});
  CHECK(refusal(std::span{bytes}.first(13), 9'000) == parse_error::truncated);
  bytes[12] = std::byte{0x81};
  bytes[13] = std::byte{0x00};
  CHECK(refusal(bytes) == parse_error::vlan_tagged);
  bytes[12] = std::byte{0x86};
  CHECK(refusal(bytes) == parse_error::not_arp);
  bytes[12] = std::byte{0x08};
  bytes[13] = std::byte{0x06};
  CHECK(refusal(bytes) == parse_error::oversized);
  CHECK(refusal(std::span{bytes}.first(20), 9'000) == parse_error::oversized);
  CHECK(refusal(std::span{bytes}.first(20)) == parse_error::truncated);
  CHECK(refusal(std::span{bytes}.first(60)) == parse_error::unsupported_hardware_type);
}

TEST_CASE("a hundred thousand random buffers are either refused by name or were well-formed frames") {
  std::mt19937_64 random{5227};
  std::array<std::uint64_t, parse_errors.size() + 1> seen{};
  for (int i = 0; i < 100'000; ++i) {
    // Half are noise, half are good frames with up to four octets changed; each in a buffer of exactly its size.
    const bool noise = random() % 2 == 0;
    std::vector<std::byte> bytes(noise ? random() % 80 : 0);
    for (auto& octet : bytes) octet = static_cast<std::byte>(random());
    if (!noise) {
      bytes = padded(every_frame[random() % std::size(every_frame)].bytes, 42 + random() % 40);
      for (auto changes = random() % 5; changes > 0; --changes) {
        bytes[random() % 22] = static_cast<std::byte>(random() % 4 == 0 ? random() : random() % 10);
      }
      if (random() % 8 == 0) bytes.resize(random() % bytes.size());
      bytes.shrink_to_fit();
    }
    arp_frame out = untouched;
    const parse_error error = parse(bytes, out);
    ++seen.at(static_cast<std::size_t>(error));
    if (error != parse_error::none) {
      if (out != untouched) FAIL("a refusal wrote its result: ", to_string(error));
    } else {
      const auto again = emit(out);
      if (!std::equal(again.begin(), again.end(), bytes.begin())) FAIL("accepted octets differ when written again");
    }
  }
  CHECK(seen[0] > 1'000);
  for (const auto error : {parse_error::truncated, parse_error::not_arp, parse_error::unsupported_hardware_type,
                           parse_error::unsupported_protocol_type, parse_error::bad_hardware_length,
                           parse_error::bad_protocol_length, parse_error::unsupported_operation}) {
    CAPTURE(to_string(error));
    CHECK(seen[static_cast<std::size_t>(error)] > 0);
  }
}
