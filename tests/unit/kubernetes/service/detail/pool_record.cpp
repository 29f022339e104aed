// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/lease/detail/lease_object.hpp"
#include "isat/kubernetes/service/assignee.hpp"
#include "isat/kubernetes/service/detail/pool_record.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <utility>

namespace detail = isat::kubernetes::detail;
using isat::ipv4_address;
using isat::kubernetes::assignee;
using isat::kubernetes::service_limits;

namespace {

const ipv4_address block = *ipv4_address::parse("192.0.2.0");

detail::claim_owner owner(std::string name, std::string uid, std::string lb_class = {}) {
  return {{{"shop", std::move(name)}, std::move(uid)}, std::move(lb_class)};
}

}  // namespace

TEST_CASE("claims come back as they were written") {
  detail::block_claims claims;
  claims[*ipv4_address::parse("192.0.2.0")] = {{owner("web", "6f2c")}, {}, {}};
  claims[*ipv4_address::parse("192.0.2.7")] = {{owner("dns", "1", "isat.io/lb"), owner("dns-tcp", "2")}, "a; b, c", {}};
  claims[*ipv4_address::parse("192.0.2.255")] = {{}, {}, "for the printer"};
  const auto record = detail::make_pool_record(block, claims, "nonce");
  CHECK(record.notes.at("192.0.2.7") == "shop/dns 1 class=isat.io/lb, shop/dns-tcp 2; share=a; b, c");
  CHECK(record.holder.empty());
  CHECK(detail::read_pool_record(block, record) == claims);
  CHECK(detail::can_be_written({"isat-pool-192.0.2.0", {}, record, false}));
}

TEST_CASE("a record of another block, or of nobody, is not read") {
  const auto record = detail::make_pool_record(block, {}, "nonce");
  CHECK(detail::read_pool_record(block, record).has_value());
  CHECK_FALSE(detail::read_pool_record(*ipv4_address::parse("192.0.3.0"), record).has_value());
  CHECK_FALSE(detail::read_pool_record(block, {}).has_value());
}

TEST_CASE("notes about addresses elsewhere are none of the block's") {
  auto record = detail::make_pool_record(block, {}, "nonce");
  record.notes["192.0.3.1"] = "shop/web 6f2c";
  record.notes["era"] = "7";
  CHECK(detail::read_pool_record(block, record)->empty());
}

TEST_CASE("a note that is no claim is kept, whatever it is") {
  for (const char* note : {"", "web", "shop/web", "shop/web ", " 6f2c", "/web 6f2c", "shop/ 6f2c", "shop/web 6f 2c",
                           "shop/web 6f2c class=", "shop/web 6f2c class=a b", "shop/web 1,shop/dns 2, ",
                           "shop/web 6f2c, shop/dns 6f2c", "; share=k", "shop/web 1, ; share=k"}) {
    CAPTURE(note);
    const auto claim = detail::read_claim(note);
    CHECK(claim.owners.empty());
    CHECK(claim.sharing.empty());
    CHECK(claim.unreadable == note);
    CHECK(detail::to_note(claim) == note);
  }
}

TEST_CASE("a block that is full of the longest claims fits into a Lease, and no claim is counted too small") {
  detail::address_claim longest{{owner(std::string(63, 'n'), std::string(service_limits::uid_octets, 'u'),
                                       std::string(service_limits::class_octets, 'c'))},
                                std::string(assignee::sharing_max, 'k'),
                                {}};
  longest.owners[0].service.name.name_space = std::string(service_limits::name_space_octets, 's');
  CHECK(detail::octets_of(longest) * 256 <= detail::block_octets_max);
  CHECK(detail::octets_of(longest) <= detail::block_octets_max - detail::block_octets_free);
  // The key of an annotation counts, too.
  CHECK(detail::octets_of(longest) >= detail::to_note(longest).size() + std::string{"isat/255.255.255.255"}.size());
  longest.owners.push_back(owner("b", "2", "c"));
  CHECK(detail::octets_of(longest) >= detail::to_note(longest).size() + std::string{"isat/255.255.255.255"}.size());
}
