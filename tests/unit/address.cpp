// SPDX-License-Identifier: BSL-1.0

#include "isat/address.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>

namespace {

using isat::ipv4_address;
using isat::mac_address;

constexpr mac_address mac{{0x02, 0x00, 0x5e, 0x10, 0xab, 0xff}};
constexpr ipv4_address vip{{10, 77, 0, 100}};

// Everything but to_string is usable in constant expressions.
static_assert(mac_address::parse("02:00:5e:10:ab:ff") == mac);
static_assert(!mac_address::parse("02-00-5e-10-ab-ff"));
static_assert(ipv4_address::parse("10.77.0.100") == vip);
static_assert(!ipv4_address::parse("10.77.0"));
static_assert(vip.bits() == 0x0a4d0064 && ipv4_address{vip.bits()} == vip && ipv4_address{vip.octets()} == vip);
static_assert(mac_address{mac.octets()} == mac);

struct row {
  const char* name;
  std::string_view text;
};

}  // namespace

TEST_CASE("a MAC address is written in lower case and read in either") {
  CHECK(mac.to_string() == "02:00:5e:10:ab:ff");
  CHECK(mac_address{}.to_string() == "00:00:00:00:00:00");
  CHECK(mac_address::broadcast().to_string() == "ff:ff:ff:ff:ff:ff");
  CHECK(mac_address::parse("02:00:5E:10:AB:FF") == mac);
  CHECK(mac_address::parse("02:00:5e:10:Ab:fF") == mac);
}

TEST_CASE("a MAC address in any other form is no value") {
  for (const row& malformed : {
           row{"nothing", ""},
           row{"five octets", "02:00:5e:10:ab"},
           row{"seven octets", "02:00:5e:10:ab:ff:00"},
           row{"hyphens", "02-00-5e-10-ab-ff"},
           row{"one hyphen at the end", "02:00:5e:10:ab-ff"},
           row{"dotted groups of four", "0200.5e10.abff"},
           row{"no separators", "02005e10abff"},
           row{"a short octet", "2:00:5e:10:ab:ff0"},
           row{"short octets", "2:0:5e:10:ab:ff"},
           row{"a letter after f", "0g:00:5e:10:ab:ff"},
           row{"a letter after f in the low digit", "g0:00:5e:10:ab:ff"},
           row{"a sign", "+2:00:5e:10:ab:ff"},
           row{"a blank in front", " 2:00:5e:10:ab:ff"},
           row{"a blank behind", "02:00:5e:10:ab:ff "},
           row{"a line end behind", "02:00:5e:10:ab:ff\n"},
           row{"a separator at the end", "02:00:5e:10:ab:ff:"},
           row{"a NUL", std::string_view{"02:00:5e:10:ab:f\0", 17}},
       }) {
    CAPTURE(malformed.name);
    CHECK_FALSE(mac_address::parse(malformed.text));
  }
}

TEST_CASE("a MAC address tells zero, broadcast and group addresses apart") {
  CHECK(mac_address{}.is_zero());
  CHECK_FALSE(mac_address{}.is_group());
  CHECK(mac_address::broadcast().is_broadcast());
  CHECK(mac_address::broadcast().is_group());
  const mac_address multicast{{0x01, 0x00, 0x5e, 0x00, 0x00, 0x01}};
  CHECK(multicast.is_group());
  CHECK_FALSE(multicast.is_broadcast());
  CHECK_FALSE(mac.is_zero());
  CHECK_FALSE(mac.is_broadcast());
  CHECK_FALSE(mac.is_group());
  const mac_address last_bit{{0, 0, 0, 0, 0, 1}};
  CHECK_FALSE(last_bit.is_zero());
  CHECK_FALSE(last_bit.is_group());
}

TEST_CASE("MAC addresses order by their octets from the first to the last") {
  const mac_address low{{0x02, 0, 0, 0, 0, 0xff}};
  const mac_address high{{0x02, 0, 0, 0, 1, 0x00}};
  CHECK(low < high);
  CHECK(mac_address{} < low);
  CHECK(high < mac_address::broadcast());
  CHECK((mac <=> mac) == 0);
}

TEST_CASE("an IPv4 address is written and read in dotted decimal") {
  CHECK(vip.to_string() == "10.77.0.100");
  CHECK(ipv4_address{}.to_string() == "0.0.0.0");
  CHECK(ipv4_address{0xffffffff}.to_string() == "255.255.255.255");
  CHECK(ipv4_address::parse("0.0.0.0") == ipv4_address{});
  CHECK(ipv4_address::parse("255.255.255.255") == ipv4_address{0xffffffff});
  CHECK(ipv4_address::parse("192.0.2.1") == ipv4_address{0xc0000201});
}

TEST_CASE("an IPv4 address in any other form is no value") {
  for (const row& malformed : {
           row{"nothing", ""},
           row{"three parts", "10.77.0"},
           row{"five parts", "10.77.0.100.1"},
           row{"a part over 255", "10.77.0.256"},
           row{"a part of three nines", "999.77.0.1"},
           row{"a part of four digits", "10.77.0.1000"},
           row{"a part that would overflow", "10.77.0.4294967297"},
           row{"a leading zero", "10.77.00.100"},
           row{"an octal part", "010.77.0.100"},
           row{"a hexadecimal part", "0x0a.77.0.100"},
           row{"one number", "172818532"},
           row{"a negative part", "10.77.0.-1"},
           row{"a signed part", "10.77.0.+1"},
           row{"an empty part", "10..0.100"},
           row{"an empty first part", ".77.0.100"},
           row{"an empty last part", "10.77.0."},
           row{"a point behind", "10.77.0.100."},
           row{"a blank in front", " 10.77.0.100"},
           row{"a blank behind", "10.77.0.100 "},
           row{"a line end behind", "10.77.0.100\n"},
           row{"a prefix length", "10.77.0.100/24"},
           row{"commas", "10,77,0,100"},
           row{"a name", "localhost"},
           row{"an IPv6 address", "::ffff:10.77.0.100"},
           row{"a NUL behind", std::string_view{"10.77.0.100\0", 12}},
       }) {
    CAPTURE(malformed.name);
    CHECK_FALSE(ipv4_address::parse(malformed.text));
  }
}

TEST_CASE("the octets of an IPv4 address are in the order of the wire and its bits count as people do") {
  CHECK(vip.octets() == ipv4_address::octets_type{10, 77, 0, 100});
  CHECK(ipv4_address{vip.bits() + 1} == ipv4_address::parse("10.77.0.101"));
  CHECK(ipv4_address::parse("10.77.0.255") < ipv4_address::parse("10.77.1.0"));
  CHECK(ipv4_address::parse("9.255.255.255") < ipv4_address::parse("200.0.0.0"));
}

TEST_CASE("an IPv4 address knows which kinds of address are special, from the first to the last of each") {
  const auto at = [](std::string_view text) { return ipv4_address::parse(text).value(); };
  CHECK(ipv4_address{}.is_unspecified());
  CHECK_FALSE(at("0.0.0.1").is_unspecified());
  CHECK_FALSE(at("126.255.255.255").is_loopback());
  CHECK(at("127.0.0.0").is_loopback());
  CHECK(at("127.255.255.255").is_loopback());
  CHECK_FALSE(at("128.0.0.0").is_loopback());
  CHECK_FALSE(at("223.255.255.255").is_multicast());
  CHECK(at("224.0.0.0").is_multicast());
  CHECK(at("239.255.255.255").is_multicast());
  CHECK_FALSE(at("240.0.0.0").is_multicast());
  CHECK(at("255.255.255.255").is_broadcast());
  CHECK_FALSE(at("255.255.255.254").is_broadcast());
}

TEST_CASE("what either address writes, it reads back") {
  std::mt19937_64 random{826};
  for (int i = 0; i < 2'000; ++i) {
    const ipv4_address address{static_cast<std::uint32_t>(random())};
    mac_address::octets_type octets{};
    for (auto& octet : octets) octet = static_cast<std::uint8_t>(random());
    REQUIRE(ipv4_address::parse(address.to_string()) == address);
    REQUIRE(mac_address::parse(mac_address{octets}.to_string()) == mac_address{octets});
  }
}
