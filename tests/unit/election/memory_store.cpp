// SPDX-License-Identifier: BSL-1.0

#include "isat/election/memory_store.hpp"
#include "store_contract.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <memory>
#include <vector>

namespace {

namespace asio = isat::asio;
using isat::election::entry;
using isat::election::lease_store;
using isat::election::memory_records;
using isat::election::memory_store;

struct memory_world final : isat::test::store_world {
  std::shared_ptr<memory_records> records = std::make_shared<memory_records>();
  std::unique_ptr<lease_store> make_store(asio::io_context& context) override {
    return std::make_unique<memory_store>(context.get_executor(), records);
  }
};

}  // namespace

TEST_CASE("a store in memory keeps the contract of lease stores") {
  isat::test::check_store_contract([] { return std::make_unique<memory_world>(); });
}

TEST_CASE("a record that was forgotten is told as absent, and comes back as another incarnation") {
  asio::io_context context;
  memory_world world;
  isat::test::store_user user{context, world.make_store(context)};
  const entry first = user.cas({"a", {}, isat::test::sample_record("1"), false}).result;
  user.watch("");
  world.records->forget("a");
  world.records->forget("never was");
  CHECK(user.hears_of("", {"a", {}, {}, false}));
  CHECK(user.changed.size() == 1);
  CHECK(user.load("a").result == entry{"a", {}, {}, false});
  CHECK(user.cas(first).error == isat::error::version_conflict);
  const entry second = user.cas({"a", {}, isat::test::sample_record("1"), false}).result;
  CHECK(second.at.incarnation != first.at.incarnation);
  CHECK_FALSE(second.at.newer_than(first.at));
}

TEST_CASE("records outlive the handles on them") {
  asio::io_context context;
  memory_world world;
  {
    isat::test::store_user user{context, world.make_store(context)};
    REQUIRE_FALSE(user.cas({"a", {}, isat::test::sample_record("1"), false}).error);
  }
  isat::test::store_user later{context, world.make_store(context)};
  CHECK(later.load("a").result.value == isat::test::sample_record("1"));
}
