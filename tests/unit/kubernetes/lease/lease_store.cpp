// SPDX-License-Identifier: BSL-1.0

#include "fake_api/server.hpp"
#include "isat/election/lease_codec.hpp"
#include "isat/election/lease_record.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/error.hpp"
#include "isat/kubernetes/lease/lease_store.hpp"
#include "store_contract.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace election = isat::election;
namespace kubernetes = isat::kubernetes;
namespace fake_api = isat::test::fake_api;
namespace json = boost::json;
using isat::error_code;
using isat::test::many_outcome;
using isat::test::one_outcome;
using isat::test::run_until;
using isat::test::store_user;
using namespace std::chrono_literals;

namespace {

/// A store with a client of its own, as one object.
class owning_store final : public election::lease_store {
 public:
  owning_store(isat::asio::io_context& context, const kubernetes::cluster_config& cluster,
               kubernetes::lease_store_options options)
      : client_{context.get_executor(), cluster}, store_{client_, std::move(options)} {}

  isat::asio::any_io_executor get_executor() noexcept override { return store_.get_executor(); }

 private:
  void do_load(std::string name, isat::handler<one_signature> done) override {
    store_.async_load(std::move(name), std::move(done));
  }
  void do_cas(election::entry next, isat::handler<one_signature> done) override {
    store_.async_cas(std::move(next), std::move(done));
  }
  void do_list(std::string prefix, isat::handler<many_signature> done) override {
    store_.async_list(std::move(prefix), std::move(done));
  }
  void do_changes(std::string prefix, isat::handler<many_signature> done) override {
    store_.async_changes(std::move(prefix), std::move(done));
  }

  kubernetes::api_client client_;
  kubernetes::lease_store store_;
};

election::record kubernetes_sample(const std::string& nonce) {
  election::record made = isat::test::sample_record(nonce);
  made.holder =
      "n\xc3\xb6"
      "de a\n%41";
  made.notes = {{"mode", "shards:8"}, {"empty-value", ""}, {"a_b.c-D", "\"{}\"\n\t"}};
  return made;
}

/// A fake API server that works on a thread of its own, so that a test's io_context holds what is tested only.
class fake_world final : public isat::test::store_world {
 public:
  fake_world() : work_{isat::asio::make_work_guard(context_)}, server_{context_}, cluster_{server_.cluster()} {
    thread_ = std::thread{[this] { context_.run(); }};
  }
  ~fake_world() override {
    context_.stop();
    thread_.join();
  }

  std::unique_ptr<election::lease_store> make_store(isat::asio::io_context& context) override {
    return std::make_unique<owning_store>(context, cluster_, kubernetes::lease_store_options{.name_space = "default"});
  }

  isat::test::store_words words() const override {
    return {"isat-",
            "isat-group-0",
            "isat-other",
            "isat",
            {"a", "0", "a.b", "a-b", "a0", std::string(253, 'a'), "b"},
            kubernetes_sample};
  }

 private:
  isat::asio::io_context context_{1};
  isat::asio::executor_work_guard<isat::asio::io_context::executor_type> work_;
  fake_api::server server_;
  kubernetes::cluster_config cluster_;
  std::thread thread_;
};

/// A fake API server on the test's own io_context, and a store.
struct lab {
  explicit lab(kubernetes::lease_store_options options = {.name_space = "default"})
      : client{context.get_executor(), server.cluster()}, store{client, std::move(options)} {}

  one_outcome load(const std::string& name) {
    one_outcome outcome;
    store.async_load(name, outcome.handler());
    REQUIRE(run_until(context, [&] { return outcome.done; }));
    return outcome;
  }
  one_outcome cas(election::entry next) {
    one_outcome outcome;
    store.async_cas(std::move(next), outcome.handler());
    REQUIRE(run_until(context, [&] { return outcome.done; }));
    return outcome;
  }
  many_outcome list(const std::string& prefix) {
    many_outcome outcome;
    store.async_list(prefix, outcome.handler());
    REQUIRE(run_until(context, [&] { return outcome.done; }));
    return outcome;
  }
  election::entry write(const std::string& name, const std::string& nonce) {
    election::entry next = load(name).result;
    next.value = kubernetes_sample(nonce);
    const auto outcome = cas(next);
    REQUIRE_FALSE(outcome.error);
    return outcome.result;
  }
  json::object lease(const std::string& name) {
    const auto found = server.store().get("leases", "default", name);
    REQUIRE(found != nullptr);
    return *found;
  }
  json::object put(json::object object) { return *server.store().put(std::move(object)); }

  isat::asio::io_context context;
  fake_api::server server{context};
  kubernetes::api_client client;
  kubernetes::lease_store store;
};

json::object& member(json::object& of, const char* name) {
  json::value& found = of[name];
  if (!found.is_object()) found = json::object{};
  return found.get_object();
}

/// A Lease as client-go makes it.
json::object foreign_lease(const std::string& name) {
  return json::parse(R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":")" + name +
                     R"(","namespace":"default"},"spec":{"holderIdentity":"rival","leaseDurationSeconds":15,
    "acquireTime":"2026-01-01T00:00:00.000000Z","renewTime":"2026-01-01T00:00:00.000000Z","leaseTransitions":3}})")
      .get_object();
}

}  // namespace

TEST_CASE("the lease store on Leases keeps the contract of lease stores") {
  isat::test::check_store_contract([] { return std::make_unique<fake_world>(); });
}

TEST_CASE("what others added to a Lease survives our writes") {
  lab l;
  const auto first = l.write("isat-group-0", "1");
  json::object touched = l.lease("isat-group-0");
  member(member(touched, "metadata"), "annotations")["example.org/a"] = "theirs";
  member(member(touched, "metadata"), "labels")["app"] = "theirs";
  l.put(touched);
  const auto seen = l.load("isat-group-0").result;
  CHECK(seen.at.newer_than(first.at));
  CHECK(seen.value == first.value);
  l.write("isat-group-0", "2");
  json::object after = l.lease("isat-group-0");
  CHECK(member(member(after, "metadata"), "annotations").at("example.org/a") == "theirs");
  CHECK(member(member(after, "metadata"), "labels").at("app") == "theirs");
  CHECK(member(member(after, "metadata"), "labels").at("isat/record") == "yes");
}

TEST_CASE("a Lease that client-go made is a stranger's record, and can be taken over") {
  lab l;
  l.put(foreign_lease("isat-group-0"));
  const auto seen = l.load("isat-group-0").result;
  REQUIRE(seen.value);
  CHECK(seen.value->holder == "rival");
  CHECK(seen.value->duration == 15s);
  CHECK(seen.value->term == 3);
  CHECK(election::to_lease_claim(*seen.value).writer == 0);
  CHECK(l.list("isat-").result.empty());  // it bears no label of ours yet
  l.write("isat-group-0", "1");
  CHECK(l.list("isat-").result.size() == 1);
}

TEST_CASE("holders are told apart by more than the name of their node") {
  lab l;
  kubernetes::lease_store other{l.client, {.name_space = "default"}};
  l.write("isat-group-0", "1");
  const std::string first{l.lease("isat-group-0").at("spec").at("holderIdentity").as_string()};
  one_outcome loaded;
  other.async_load("isat-group-0", loaded.handler());
  REQUIRE(run_until(l.context, [&] { return loaded.done; }));
  one_outcome written;
  other.async_cas(loaded.result, written.handler());
  REQUIRE(run_until(l.context, [&] { return written.done; }));
  REQUIRE_FALSE(written.error);
  const std::string second{l.lease("isat-group-0").at("spec").at("holderIdentity").as_string()};
  CHECK(first != second);
  CHECK(
      second.starts_with("n\xc3\xb6"
                         "de a\n%41_"));
}

TEST_CASE("what a server refuses has not been written, and says so in its words") {
  lab l;
  const auto first = l.write("isat-group-0", "1");
  fake_api::fault refused{"update", "leases"};
  refused.effect = fake_api::effect::refuse;
  for (const unsigned status : {403U, 422U, 429U, 400U}) {
    CAPTURE(status);
    refused.status = status;
    refused.message = "the reason is " + std::to_string(status);
    l.server.faults().add(refused);
    const auto outcome = l.cas(first);
    CHECK(outcome.error == isat::condition::write_refused);
    CHECK(outcome.error != isat::error::version_conflict);
    CHECK(l.store.failure().find("isat-group-0") != std::string::npos);
    CHECK(l.store.failure().find(refused.message) != std::string::npos);
  }
  refused.status = 500;
  l.server.faults().add(refused);
  const auto outcome = l.cas(first);
  CHECK(outcome.error);
  CHECK(outcome.error != isat::condition::write_refused);  // it may have been written
}

TEST_CASE("a write that was done and whose answer was lost is repeated to a conflict, and found by a read") {
  lab l;
  const auto first = l.write("isat-group-0", "1");
  fake_api::fault lost{"update", "leases"};
  lost.effect = fake_api::effect::bad_json;
  l.server.faults().add(lost);
  election::entry next = first;
  next.value = kubernetes_sample("2");
  const auto unknown = l.cas(next);
  CHECK(unknown.error);
  CHECK(unknown.error != isat::condition::write_refused);
  CHECK(l.cas(next).error == isat::error::version_conflict);
  CHECK(l.load("isat-group-0").result.value->nonce == "2");
}

TEST_CASE("a write whose connection ends without an answer is not sent again behind the back of who asked") {
  lab l;
  const auto first = l.write("isat-group-0", "1");
  fake_api::fault lost{"update", "leases"};
  lost.effect = fake_api::effect::close_after;
  l.server.faults().add(lost);
  election::entry next = first;
  next.value = kubernetes_sample("2");
  const auto unknown = l.cas(next);
  CHECK(unknown.error);
  CHECK(unknown.error != isat::condition::write_refused);
  CHECK(unknown.error != isat::error::version_conflict);
  CHECK(l.server.requests().count("update", "leases") == 1);
  CHECK(l.load("isat-group-0").result.value->nonce == "2");
}

TEST_CASE("a second copy of a write goes out while the first one hangs") {
  lab l;
  const auto first = l.write("isat-group-0", "1");
  fake_api::fault hangs{"update", "leases"};
  hangs.effect = fake_api::effect::hold_before;
  l.server.faults().add(hangs);
  election::entry next = first;
  next.value = kubernetes_sample("2");
  one_outcome slow;
  one_outcome quick;
  l.store.async_cas(next, slow.handler());
  REQUIRE(run_until(l.context, [&] { return l.server.held() == 1; }));
  l.store.async_cas(next, quick.handler());
  REQUIRE(run_until(l.context, [&] { return quick.done; }));
  CHECK_FALSE(quick.error);
  CHECK_FALSE(slow.done);
  l.server.release();
  REQUIRE(run_until(l.context, [&] { return slow.done; }));
  CHECK(slow.error == isat::error::version_conflict);
}

TEST_CASE("names and texts that no Lease can have are refused without asking") {
  lab l;
  CHECK(l.load("no/name").error == kubernetes::error::unusable_name);
  election::entry next{"isat-group-0", {}, kubernetes_sample("1"), false};
  next.value->holder = "\xff";
  CHECK(l.cas(next).error == isat::condition::write_refused);
  CHECK(l.server.requests().size() == 0);
}

TEST_CASE("a Lease that lost its label is still there, and one that was removed is not") {
  lab l;
  store_user user{l.context, std::make_unique<owning_store>(l.context, l.server.cluster(),
                                                            kubernetes::lease_store_options{.name_space = "default"})};
  user.watch("isat-");
  const auto first = l.write("isat-group-0", "1");
  REQUIRE(user.hears_of("isat-", first));
  json::object bare = l.lease("isat-group-0");
  member(bare, "metadata").erase("labels");
  l.put(bare);
  const auto unlabelled = l.load("isat-group-0").result;
  CHECK(unlabelled.value == first.value);
  CHECK(user.hears_of("isat-", unlabelled));
  const auto again = l.write("isat-group-0", "2");
  CHECK(user.hears_of("isat-", again));
  l.server.store().erase("leases", "default", "isat-group-0");
  CHECK(user.hears_of("isat-", {"isat-group-0", {}, std::nullopt, false}));
}

TEST_CASE("a store for one Lease hears of it whoever made it") {
  lab l{{.name_space = "default", .only = "mine"}};
  many_outcome changed;
  l.store.async_changes("mine", changed.handler());
  REQUIRE(run_until(l.context, [&] { return l.server.open_watches() == 1; }));
  l.put(foreign_lease("other"));
  l.put(foreign_lease("mine"));
  REQUIRE(run_until(l.context, [&] { return changed.done; }));
  REQUIRE(changed.result.size() == 1);
  CHECK(changed.result[0].name == "mine");
  CHECK(l.list("mine").result.size() == 1);
}

TEST_CASE("what was removed while no watch was there is told when there is one again") {
  lab l;
  store_user user{l.context, std::make_unique<owning_store>(l.context, l.server.cluster(),
                                                            kubernetes::lease_store_options{.name_space = "default"})};
  user.watch("isat-");
  const auto first = l.write("isat-group-0", "1");
  REQUIRE(user.hears_of("isat-", first));
  user.watch("isat-");
  REQUIRE(run_until(l.context, [&] { return l.server.open_watches() == 1; }));
  l.server.stop();
  l.server.store().erase("leases", "default", "isat-group-0");
  l.server.store().compact();
  l.server.start();
  CHECK(user.hears_of("isat-", {"isat-group-0", {}, std::nullopt, false}));
}
