// SPDX-License-Identifier: BSL-1.0

#include "isat/wire/ethernet.hpp"
#include "octets.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <random>
#include <vector>

namespace {

using namespace isat::wire;
using isat::mac_address;
using isat::test::octets;

constexpr ethernet_header header{mac_address::broadcast(), mac_address{{0x02, 0, 0, 0, 0, 0x0a}}, ether_type::arp};
constexpr auto header_octets = octets<14>("ffffffffffff 02000000000a 0806");

constexpr auto emitted(const ethernet_header& value) {
  std::array<std::byte, ethernet_header_size> out{};
  emit(value, out);
  return out;
}

constexpr ethernet_header parsed(const std::array<std::byte, 14>& bytes) {
  ethernet_header out;
  return parse(bytes, out) == parse_error::none ? out : ethernet_header{};
}

// Destination, source, type: IEEE 802.3, section 3.1.1.
static_assert(emitted(header) == header_octets);
static_assert(parsed(header_octets) == header);
static_assert(ethernet_frame_max == 1514);

}  // namespace

TEST_CASE("an Ethernet header is read back as it was written") {
  std::mt19937_64 random{802};
  for (int i = 0; i < 2'000; ++i) {
    std::array<std::byte, ethernet_header_size> bytes{};
    for (auto& octet : bytes) octet = static_cast<std::byte>(random());
    ethernet_header out;
    REQUIRE(parse(bytes, out) == parse_error::none);
    REQUIRE(emitted(out) == bytes);
  }
}

TEST_CASE("every type is read, also one without a name") {
  for (unsigned type = 0; type <= 0xffff; ++type) {
    auto bytes = header_octets;
    bytes[12] = static_cast<std::byte>(type >> 8);
    bytes[13] = static_cast<std::byte>(type);
    if (static_cast<unsigned>(parsed(bytes).type) != type) FAIL("type ", type);
  }
}

TEST_CASE("every truncated Ethernet header is refused and the result left alone") {
  for (std::size_t size = 0; size < ethernet_header_size; ++size) {
    CAPTURE(size);
    const std::vector<std::byte> cut(header_octets.begin(), header_octets.begin() + static_cast<std::ptrdiff_t>(size));
    ethernet_header out = header;
    out.type = ether_type::service_vlan;
    const ethernet_header before = out;
    CHECK(parse(cut, out) == parse_error::truncated);
    CHECK(out == before);
  }
}

TEST_CASE("what follows the Ethernet header is not looked at") {
  std::vector<std::byte> longer(header_octets.begin(), header_octets.end());
  longer.resize(9'000, std::byte{0xee});
  ethernet_header out;
  CHECK(parse(longer, out) == parse_error::none);
  CHECK(out == header);
}
