// SPDX-License-Identifier: BSL-1.0

#include "isat/wire/arp.hpp"
#include "octets.hpp"

#include <doctest/doctest.h>

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

using message_bytes = std::array<std::byte, arp_message_size>;

constexpr mac_address asker_mac{{0x02, 0, 0, 0, 0, 0x0a}};
constexpr mac_address our_mac{{0x02, 0, 0, 0, 0, 0x0b}};
constexpr ipv4_address asker{{10, 77, 0, 1}};
constexpr ipv4_address vip{{10, 77, 0, 100}};

constexpr message_bytes emitted(const arp_message& message) {
  message_bytes out{};
  emit(message, out);
  return out;
}

constexpr arp_message parsed(const message_bytes& bytes) {
  arp_message out;
  return parse(bytes, out) == parse_error::none ? out : arp_message{};
}

// RFC 826, "Packet format": hrd, pro, hln, pln, op, sha, spa, tha, tpa.
constexpr arp_message request{operation::request, asker_mac, asker, mac_address{}, vip};
constexpr auto request_octets = octets<28>("0001 0800 06 04 0001 02000000000a 0a4d0001 000000000000 0a4d0064");
static_assert(emitted(request) == request_octets);
static_assert(parsed(request_octets) == request);

constexpr arp_message reply{operation::reply, our_mac, vip, asker_mac, asker};
constexpr auto reply_octets = octets<28>("0001 0800 06 04 0002 02000000000b 0a4d0064 02000000000a 0a4d0001");
static_assert(emitted(reply) == reply_octets);
static_assert(parsed(reply_octets) == reply);

// A message that no test frame looks like, to see that a refusal writes nothing.
constexpr arp_message untouched{operation::reply, mac_address::broadcast(), ipv4_address{0x01020304},
                                mac_address::broadcast(), ipv4_address{0x05060708}};

parse_error refusal(std::span<const std::byte> bytes) {
  arp_message out = untouched;
  const parse_error error = parse(bytes, out);
  if (error != parse_error::none) CHECK(out == untouched);
  return error;
}

// The request with the octets from `at` on replaced by the big-endian `value` of `size` octets.
message_bytes with(std::size_t at, std::size_t size, unsigned value) {
  message_bytes bytes = request_octets;
  for (std::size_t i = size; i > 0; --i, value >>= 8) bytes[at + i - 1] = static_cast<std::byte>(value);
  return bytes;
}

constexpr std::size_t at_htype = 0, at_ptype = 2, at_hlen = 4, at_plen = 5, at_oper = 6;

}  // namespace

TEST_CASE("an ARP message is read back as it was written") {
  std::mt19937_64 random{826};
  for (int i = 0; i < 2'000; ++i) {
    message_bytes bytes = request_octets;
    for (std::size_t at = 8; at < bytes.size(); ++at) bytes[at] = static_cast<std::byte>(random());
    bytes[7] = std::byte(1 + random() % 2);
    arp_message out;
    REQUIRE(parse(bytes, out) == parse_error::none);
    REQUIRE(emitted(out) == bytes);
  }
}

TEST_CASE("every truncated ARP message is refused and the result left alone") {
  for (const auto& whole : {request_octets, reply_octets}) {
    for (std::size_t size = 0; size < arp_message_size; ++size) {
      CAPTURE(size);
      const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK(refusal(cut) == parse_error::truncated);
    }
  }
}

TEST_CASE("a hardware type other than Ethernet is unsupported") {
  for (unsigned type = 0; type <= 0xffff; ++type) {
    if (type != 1 && refusal(with(at_htype, 2, type)) != parse_error::unsupported_hardware_type) FAIL("htype ", type);
  }
}

TEST_CASE("a protocol type other than IPv4 is unsupported") {
  for (unsigned type = 0; type <= 0xffff; ++type) {
    if (type != 0x0800 && refusal(with(at_ptype, 2, type)) != parse_error::unsupported_protocol_type) {
      FAIL("ptype ", type);
    }
  }
}

TEST_CASE("a hardware length that lies is refused, whatever it claims") {
  for (unsigned length = 0; length <= 255; ++length) {
    CAPTURE(length);
    CHECK(refusal(with(at_hlen, 1, length)) == (length == 6 ? parse_error::none : parse_error::bad_hardware_length));
  }
}

TEST_CASE("a protocol length that lies is refused, whatever it claims") {
  for (unsigned length = 0; length <= 255; ++length) {
    CAPTURE(length);
    CHECK(refusal(with(at_plen, 1, length)) == (length == 4 ? parse_error::none : parse_error::bad_protocol_length));
  }
}

TEST_CASE("an operation other than request and reply is unsupported, among them RARP's, InARP's and NAK") {
  for (unsigned oper = 0; oper <= 0xffff; ++oper) {
    const auto expected = oper == 1 || oper == 2 ? parse_error::none : parse_error::unsupported_operation;
    if (refusal(with(at_oper, 2, oper)) != expected) FAIL("oper ", oper);
  }
}

TEST_CASE("of several mistakes the first one in the message is named") {
  message_bytes bytes = octets<28>("0006 86dd 08 10 0009 02000000000a 0a4d0001 000000000000 0a4d0064");
  CHECK(refusal(bytes) == parse_error::unsupported_hardware_type);
  bytes[at_htype + 1] = std::byte{1};
  CHECK(refusal(bytes) == parse_error::unsupported_protocol_type);
  bytes[at_ptype] = std::byte{8};
  bytes[at_ptype + 1] = std::byte{0};
  CHECK(refusal(bytes) == parse_error::bad_hardware_length);
  bytes[at_hlen] = std::byte{6};
  CHECK(refusal(bytes) == parse_error::bad_protocol_length);
  bytes[at_plen] = std::byte{4};
  CHECK(refusal(bytes) == parse_error::unsupported_operation);
  bytes[at_oper + 1] = std::byte{1};
  CHECK(refusal(bytes) == parse_error::none);
}

TEST_CASE("padding behind the message is allowed and ignored") {
  for (const std::size_t size : {29U, 46U, 1500U}) {
    std::vector<std::byte> padded(request_octets.begin(), request_octets.end());
    padded.resize(size, std::byte{0xee});
    arp_message out;
    CHECK(parse(padded, out) == parse_error::none);
    CHECK(out == request);
  }
}
