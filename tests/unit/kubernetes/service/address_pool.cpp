// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/service/address_pool.hpp"

#include <doctest/doctest.h>

#include <vector>

using isat::ipv4_address;
using isat::kubernetes::address_pool;
using isat::kubernetes::address_range;

namespace {

ipv4_address ip(const char* text) { return ipv4_address::parse(text).value(); }
address_range range(const char* first, const char* last) { return {ip(first), ip(last)}; }

}  // namespace

TEST_CASE("a pool holds the first and the last address of its ranges and nothing beside them") {
  const address_pool pool{{range("192.0.2.10", "192.0.2.12"), range("198.51.100.7", "198.51.100.7")}};
  CHECK_FALSE(pool.contains(ip("192.0.2.9")));
  CHECK(pool.contains(ip("192.0.2.10")));
  CHECK(pool.contains(ip("192.0.2.12")));
  CHECK_FALSE(pool.contains(ip("192.0.2.13")));
  CHECK(pool.contains(ip("198.51.100.7")));
  CHECK(pool.next(ip("192.0.2.13")) == ip("198.51.100.7"));
  CHECK_FALSE(pool.next(ip("198.51.100.8")).has_value());
}

TEST_CASE("ranges that overlap or touch become one, in order, and empty ones are nothing") {
  const address_pool pool{{range("192.0.2.20", "192.0.2.30"), range("192.0.2.1", "192.0.2.5"),
                           range("192.0.2.6", "192.0.2.9"), range("192.0.2.25", "192.0.2.26"),
                           range("192.0.2.50", "192.0.2.40")}};
  CHECK(pool.ranges() == std::vector{range("192.0.2.1", "192.0.2.9"), range("192.0.2.20", "192.0.2.30")});
  CHECK(pool.size() == 20);
}

TEST_CASE("what can be no VIP is in no pool") {
  const address_pool pool{{range("0.0.0.0", "0.0.0.0"), range("255.255.255.254", "255.255.255.255")}};
  CHECK_FALSE(pool.contains(ip("0.0.0.0")));
  CHECK_FALSE(pool.contains(ip("255.255.255.255")));
  CHECK(address_pool{}.empty());
  CHECK(address_pool{{range("127.0.0.1", "127.0.0.2")}}.empty());
}

TEST_CASE("the blocks of a pool are the /24 networks in which it lies") {
  const address_pool pool{{range("192.0.2.200", "192.0.4.0"), range("198.51.100.7", "198.51.100.9")}};
  CHECK(pool.blocks() == std::vector{ip("192.0.2.0"), ip("192.0.3.0"), ip("192.0.4.0"), ip("198.51.100.0")});
  CHECK(address_pool::block_of(ip("192.0.2.255")) == ip("192.0.2.0"));
}
