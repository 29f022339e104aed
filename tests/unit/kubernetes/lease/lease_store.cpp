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
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
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

/// A lab in which somebody has heard of the Lease isat-group-0 by a watch.
struct watched_lab : lab {
  watched_lab() {
    user.watch("isat-");
    first = write("isat-group-0", "1");
    REQUIRE(user.hears_of("isat-", first));
  }

  store_user user{context, std::make_unique<owning_store>(context, server.cluster(),
                                                          kubernetes::lease_store_options{.name_space = "default"})};
  election::entry first;
};

const election::entry gone{"isat-group-0", {}, std::nullopt, false};

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
  watched_lab l;
  json::object bare = l.lease("isat-group-0");
  member(bare, "metadata").erase("labels");
  l.put(bare);
  const auto unlabelled = l.load("isat-group-0").result;
  CHECK(unlabelled.value == l.first.value);
  CHECK(l.user.hears_of("isat-", unlabelled));
  const auto again = l.write("isat-group-0", "2");
  CHECK(l.user.hears_of("isat-", again));
  l.server.store().erase("leases", "default", "isat-group-0");
  CHECK(l.user.hears_of("isat-", gone));
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

TEST_CASE("nothing is watched when nobody asks any more, also if the last who asked was told at once") {
  lab l;
  many_outcome first;
  l.store.async_changes("isat-", first.handler());
  REQUIRE(run_until(l.context, [&] { return l.server.open_watches() == 1; }));
  l.write("isat-group-0", "1");
  REQUIRE(run_until(l.context, [&] { return first.done; }));
  many_outcome other;
  l.store.async_changes("isat-group-1", other.handler());
  l.write("isat-group-1", "2");
  REQUIRE(run_until(l.context, [&] { return other.done; }));  // now it is kept for whoever asked for "isat-"
  many_outcome second;
  l.store.async_changes("isat-", second.handler());
  REQUIRE(run_until(l.context, [&] { return second.done; }));
  // However often something changes meanwhile.
  json::object changing = l.lease("isat-group-1");
  int changes = 0;
  CHECK(run_until(l.context, [&] {
    member(member(changing, "metadata"), "annotations")["a/b"] = std::to_string(++changes);
    l.put(changing);
    return l.server.open_watches() == 0;
  }));
}

TEST_CASE("what was removed while no watch was there is told when there is one again") {
  watched_lab l;
  l.user.watch("isat-");
  REQUIRE(run_until(l.context, [&] { return l.server.open_watches() == 1; }));
  l.server.stop();
  l.server.store().erase("leases", "default", "isat-group-0");
  l.server.store().compact();
  l.server.start();
  CHECK(l.user.hears_of("isat-", gone));
}

TEST_CASE("of many Leases that go at once a few are read at the same time, and each is read once") {
  watched_lab l;
  l.user.watch("isat-");
  constexpr std::size_t count = 20;
  const auto name_of = [](std::size_t i) { return "isat-many-" + std::to_string(i); };
  const auto put = [&](const std::string& name) {
    json::object made = foreign_lease(name);
    member(member(made, "metadata"), "labels")["isat/record"] = "yes";
    l.put(std::move(made));
  };
  for (std::size_t i = 0; i < count; ++i) put(name_of(i));
  fake_api::fault hangs{"get", "leases"};
  hangs.target = "isat-many-";
  hangs.times = -1;
  hangs.effect = fake_api::effect::hold_before;
  l.server.faults().add(hangs);
  for (std::size_t i = 0; i < count; ++i) {
    l.server.store().erase("leases", "default", name_of(i));
    put(name_of(i));
    l.server.store().erase("leases", "default", name_of(i));
  }
  REQUIRE(run_until(l.context, [&] { return l.server.held() > 0; }));
  const auto last = l.write("isat-group-0", "2");
  REQUIRE(l.user.hears_of("isat-", last));  // and so of all that came before
  l.load("isat-group-0");                   // what was sent before it has come, too
  CHECK(l.server.held() == 4);
  l.server.faults().clear();
  l.server.release();
  for (std::size_t i = 0; i < count; ++i) CHECK(l.user.hears_of("isat-", {name_of(i), {}, std::nullopt, false}));
  const auto& made = l.server.requests().all();
  const auto reads = std::count_if(made.begin(), made.end(), [](const auto& each) {
    return each.wish.verb == "get" && each.wish.name.starts_with("isat-many-");
  });
  // Those that were read when they went once more may have to be read again.
  CHECK(reads >= static_cast<std::ptrdiff_t>(count));
  CHECK(reads <= static_cast<std::ptrdiff_t>(count) + 4);
}

TEST_CASE("each failure is explained by what the server said of it, whatever failed since") {
  lab l;
  const auto first = l.write("isat-group-0", "1");
  fake_api::fault busy{"update", "leases"};
  busy.effect = fake_api::effect::refuse;
  busy.status = 429;
  busy.message = "too many of them";
  l.server.faults().add(busy);
  fake_api::fault broken{"list", "leases"};
  broken.effect = fake_api::effect::refuse;
  broken.status = 500;
  broken.message = "etcd has gone";
  l.server.faults().add(broken);
  const auto listed = l.list("isat-");
  const auto written = l.cas(first);
  CHECK(l.store.failure(written.error).find("isat-group-0") != std::string::npos);
  CHECK(l.store.failure(written.error).ends_with("too many of them"));
  CHECK(l.store.failure(listed.error).ends_with("etcd has gone"));
  CHECK(l.store.failure() == l.store.failure(written.error));
  CHECK(l.store.failure(isat::error::version_conflict).empty());
}

TEST_CASE("an answer that cannot be read is a failure that is explained, too") {
  lab l;
  l.write("isat-group-0", "1");
  fake_api::fault bad{"get", "leases"};
  bad.effect = fake_api::effect::bad_json;
  l.server.faults().add(bad);
  CHECK(l.load("isat-group-0").error == kubernetes::error::malformed_answer);
  CHECK(l.store.failure(kubernetes::error::malformed_answer).find("isat-group-0") != std::string::npos);
}

TEST_CASE("how long a busy server asks not to be asked is known until then, within reason") {
  for (const auto& [asked, told] : {std::pair{3, 3s}, std::pair{1'000'000'000, 60s}}) {
    lab l;
    const auto first = l.write("isat-group-0", "1");
    CHECK(l.store.asked_pause() == 0s);
    fake_api::fault busy{"update", "leases"};
    busy.effect = fake_api::effect::refuse;
    busy.status = 429;
    busy.retry_after = asked;
    l.server.faults().add(busy);
    CHECK(l.cas(first).error == isat::condition::write_refused);
    CHECK(l.store.asked_pause() <= told);
    CHECK(l.store.asked_pause() > told - 2s);
    CHECK_FALSE(l.cas(first).error);  // goes out all the same
  }
}

TEST_CASE("a busy server is asked at once for what was written, unless it is gone") {
  one_outcome of_removed;
  one_outcome of_lost;
  lab l;
  const auto stays = l.write("isat-stays", "1");
  auto removed = l.write("isat-removed", "1");
  const auto lost = l.write("isat-lost", "1");
  removed.value.reset();
  REQUIRE_FALSE(l.cas(removed).error);
  l.server.store().erase("leases", "default", lost.name);
  CHECK_FALSE(l.load(lost.name).result.value);
  fake_api::fault busy;
  busy.effect = fake_api::effect::refuse;
  busy.status = 429;
  busy.retry_after = 60;
  l.server.faults().add(busy);
  CHECK(l.load("isat-other").error == kubernetes::error::too_many_requests);
  l.store.async_load(removed.name, of_removed.handler());
  l.store.async_load(lost.name, of_lost.handler());
  CHECK(l.load(stays.name).result.at == stays.at);
  CHECK_FALSE(of_removed.done);
  CHECK_FALSE(of_lost.done);
}

TEST_CASE("after a restored backup what others wrote later does not come back") {
  lab l;
  const auto first = l.write("isat-group-0", "1");
  json::object touched = l.lease("isat-group-0");
  member(member(touched, "metadata"), "labels")["late"] = "yes";
  l.put(touched);
  REQUIRE(l.load("isat-group-0").result.at.newer_than(first.at));
  l.server.store().rewind(first.at.number);
  REQUIRE(l.load("isat-group-0").result.at == first.at);
  const auto again = l.write("isat-group-0", "2");
  json::object after = l.lease("isat-group-0");
  CHECK_FALSE(member(member(after, "metadata"), "labels").contains("late"));
  // ... and the next write needs no more requests than usual.
  l.server.clear_requests();
  CHECK_FALSE(l.cas(again).error);
  CHECK(l.server.requests().size() == 1);
}

TEST_CASE("news that come before the answer to an older write are not forgotten by it") {
  lab l;
  election::entry next = l.write("isat-group-0", "1");
  l.server.faults().add({.verb = "update", .resource = "leases", .effect = fake_api::effect::hold_after});
  one_outcome late;
  l.store.async_cas(next, late.handler());
  REQUIRE(run_until(l.context, [&] { return l.server.held() == 1; }));
  l.put(l.lease("isat-group-0"));
  const election::entry newest = l.load("isat-group-0").result;
  l.server.release();
  REQUIRE(run_until(l.context, [&] { return late.done; }));
  REQUIRE_FALSE(late.error);
  REQUIRE(newest.at.newer_than(late.result.at));
  l.server.clear_requests();
  CHECK_FALSE(l.cas(newest).error);
  CHECK(l.server.requests().size() == 1);  // else it is read first
}

TEST_CASE("a version that is no more is a conflict without a write") {
  lab l;
  const auto first = l.write("isat-group-0", "1");
  l.write("isat-group-0", "2");
  l.server.clear_requests();
  CHECK(l.cas(first).error == isat::error::version_conflict);
  CHECK(l.server.requests().count("update") == 0);
}

TEST_CASE("the name of the one Lease of a store is encoded wherever it is sent") {
  lab l{{.name_space = "default", .only = "a&b=c"}};
  l.list("");
  many_outcome changed;
  l.store.async_changes("", changed.handler());
  REQUIRE(run_until(l.context, [&] { return l.server.requests().count("list") >= 2; }));
  for (const auto& each : l.server.requests().all()) {
    CAPTURE(each.target);
    CHECK(each.target.find("metadata.name%3Da%26b%3Dc") != std::string::npos);
  }
}

TEST_CASE("a Lease may nest as deeply as managed fields do, read by itself or in a list") {
  lab l;
  const auto first = l.write("isat-group-0", "1");
  json::object deep = l.lease("isat-group-0");
  json::value fields = json::object{};
  for (int i = 0; i < 60; ++i) fields = json::object{{"f:a", std::move(fields)}};
  member(deep, "metadata")["managedFields"] = json::array{json::object{{"fieldsV1", std::move(fields)}}};
  l.put(deep);
  CHECK(l.load("isat-group-0").result.value == first.value);
  CHECK(l.list("isat-").result.size() == 1);
}
