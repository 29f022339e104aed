// SPDX-License-Identifier: BSL-1.0

#include "isat/election/record_names.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using isat::group_id;
using isat::ipv4_address;
using isat::election::group_names;
using isat::election::record_key;
using isat::election::record_kind;
using isat::election::record_names;

}  // namespace

TEST_CASE("below a prefix every record has a name of its own, and is found again by it") {
  const record_names names{std::string{"isat"}};
  CHECK(names.prefix() == "isat");
  CHECK(names.layout() == "isat-layout");
  CHECK(names.presence("alpha") == "isat-node-alpha");
  CHECK(names.lease(group_id{12}) == "isat-group-12");
  CHECK(names.key_of("isat-layout") == record_key{record_kind::layout, {}, {}});
  CHECK(names.key_of("isat-node-alpha") == record_key{record_kind::presence, {}, "alpha"});
  for (unsigned group = 0; group < 256; ++group) {
    const auto id = static_cast<group_id>(group);
    REQUIRE(names.key_of(names.lease(id)) == record_key{record_kind::lease, id, {}});
  }
}

TEST_CASE("names that are not ours are no records of this election") {
  const record_names names{std::string{"isat"}};
  for (const char* name : {"", "isat", "isat-", "isat-layout-2", "isat-group-", "isat-group-x", "isat-group-01",
                           "isat-group-1x", "isat-group--1", "isat-group-+1", "isat-group-256", "isat-group-4294967296",
                           "isat-node-", "isatlayout", "other-layout", "isat2-group-1", "Isat-layout"}) {
    CAPTURE(name);
    CHECK(names.key_of(name) == record_key{});
  }
}

TEST_CASE("a group of one address has the address in its name, whatever its id is") {
  group_names groups;
  const record_names names{std::string{"isat"}, &groups};
  const ipv4_address vip{0xc000020aU};
  const group_id id = groups.want(vip).value();
  CHECK(names.lease(id) == "isat-vip-192.0.2.10");
  CHECK(names.lease(group_id{12}) == "isat-group-12");
  CHECK(names.key_of("isat-vip-192.0.2.10") == record_key{record_kind::lease, {}, {}, vip});
  for (const char* name :
       {"isat-vip-", "isat-vip-192.0.2", "isat-vip-192.0.2.010", "isat-vip-192.0.2.10.", "isat-vip-1",
        "isat-vip-layout", "isat-pool-192.0.2.0", "isat-assigner", "isat-vip192.0.2.10"}) {
    CAPTURE(name);
    CHECK(names.key_of(name) == record_key{});
  }
}

TEST_CASE("a node may be called like anything") {
  const record_names names{std::string{"isat"}};
  for (const char* node : {"layout", "group-1", "node-", "a.b-c"}) {
    CHECK(names.key_of(names.presence(node)) == record_key{record_kind::presence, {}, node});
  }
}

TEST_CASE("leases under names of their user's are in the order given, and nothing else is ours") {
  const record_names names{std::vector<std::string>{"db-primary", "db-backup"}};
  CHECK(names.prefix() == "db-");
  CHECK(names.lease(group_id{0}) == "db-primary");
  CHECK(names.lease(group_id{1}) == "db-backup");
  CHECK(names.key_of("db-backup") == record_key{record_kind::lease, group_id{1}, {}});
  for (const char* name : {"db-", "db-layout", "db-primary-2", "db--group-0", "db-node-x"}) {
    CAPTURE(name);
    CHECK(names.key_of(name) == record_key{});
  }
}

TEST_CASE("one lease is its own prefix, leases without a common beginning have an empty one") {
  CHECK(record_names{std::vector<std::string>{"lease"}}.prefix() == "lease");
  CHECK(record_names{std::vector<std::string>{"a", "b"}}.prefix().empty());
}
