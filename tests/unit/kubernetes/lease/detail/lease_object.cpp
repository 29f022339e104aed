// SPDX-License-Identifier: BSL-1.0

#include "isat/election/lease_codec.hpp"
#include "isat/kubernetes/lease/detail/lease_object.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

using namespace isat::kubernetes;
using namespace isat::kubernetes::detail;
using namespace std::chrono_literals;
namespace json = boost::json;
namespace election = isat::election;

namespace {

constexpr micro_time noon{1'764'072'000s};

lease_writing by_us(const lease_object* before = nullptr, micro_time now = noon) {
  return {"isat-system", "b00t_1234", now, before};
}

election::entry held(std::uint64_t term = 7) {
  election::lease_claim claim;
  claim.mode = election::lease_mode::held;
  claim.node = election::node_named("node-1");
  claim.writer = 0xabc;
  claim.attempt = 5;
  claim.era = 0xe1a;
  claim.term = term;
  claim.duration = 3s;
  return {"isat-group-0", {}, election::to_record(claim, "node-1"), false};
}

election::entry released() {
  election::lease_claim claim = election::to_lease_claim(*held().value);
  claim.mode = election::lease_mode::released;
  claim.attempt = 6;
  return {"isat-group-0", {}, election::to_record(claim, "node-1"), false};
}

/// What the API server makes of what it is sent.
json::object stored(json::object lease, const std::string& version = "41", const std::string& uid = "u-1") {
  json::object& metadata = lease["metadata"].get_object();
  metadata["uid"] = uid;
  metadata["resourceVersion"] = version;
  metadata["creationTimestamp"] = "2026-11-26T12:00:00Z";
  metadata["managedFields"] = json::array{1, 2, 3};
  return json::parse(json::serialize(lease)).get_object();
}

lease_object seen(const json::object& lease) {
  const auto result = read_lease(lease);
  REQUIRE(result);
  return *result;
}

json::object& annotations_of(json::object& lease) { return lease.at("metadata").at("annotations").get_object(); }
json::object& spec_of(json::object& lease) { return lease.at("spec").get_object(); }

}  // namespace

TEST_CASE("a Lease shows people who holds it, for how long, since when and how often it changed hands") {
  const json::object lease = make_lease(held(), by_us());
  const json::object& spec = lease.at("spec").get_object();
  CHECK(lease.at("apiVersion") == "coordination.k8s.io/v1");
  CHECK(lease.at("kind") == "Lease");
  CHECK(spec.at("holderIdentity") == "node-1_b00t_1234");
  CHECK(spec.at("leaseDurationSeconds") == 4);  // a whole second more than D
  CHECK(spec.at("leaseTransitions") == 7);
  CHECK(spec.at("acquireTime") == "2025-11-25T12:00:00.000000Z");
  CHECK(spec.at("renewTime") == "2025-11-25T12:00:00.000000Z");
  CHECK(lease.at("metadata").at("name") == "isat-group-0");
  CHECK(lease.at("metadata").at("namespace") == "isat-system");
  CHECK(lease.at("metadata").at("labels").at("isat/record") == "yes");
  CHECK_FALSE(lease.at("metadata").get_object().contains("uid"));
  CHECK_FALSE(lease.at("metadata").get_object().contains("resourceVersion"));
}

TEST_CASE("what was written is read back, with its version") {
  for (const auto& written : {held(), released(), held(0), held(std::uint64_t{1} << 40U)}) {
    const lease_object read = seen(stored(make_lease(written, by_us())));
    CHECK(read.found.value == written.value);
    CHECK(read.found.name == written.name);
    CHECK(read.found.at.number == 41);
    CHECK(read.found.at.incarnation != 0);
    CHECK(read.uid == "u-1");
    CHECK(read.labelled);
    CHECK_FALSE(read.metadata.contains("managedFields"));
  }
}

TEST_CASE("a released Lease looks to client-go like one of its own, and bears our mark") {
  const json::object lease = make_lease(released(), by_us());
  CHECK(lease.at("spec").at("holderIdentity") == "");
  CHECK(lease.at("spec").at("leaseDurationSeconds") == 1);
  const auto claim = election::to_lease_claim(*seen(stored(lease)).found.value);
  CHECK(claim.mode == election::lease_mode::released);
  CHECK(claim.node == election::node_named("node-1"));
  CHECK(claim.duration == 3s);
}

TEST_CASE("annotations that outlived their write count for nothing") {
  json::object lease = stored(make_lease(held(), by_us()));
  SUBCASE("client-go took it over") {
    spec_of(lease)["holderIdentity"] = "rival_1";
    spec_of(lease)["renewTime"] = "2025-11-25T12:00:09.000000Z";
    const auto read = seen(lease).found.value;
    CHECK(read->holder == "rival_1");
    CHECK(read->nonce.empty());
    CHECK(read->notes.empty());
    CHECK(read->duration == 4s);
    CHECK(read->term == 7);
  }
  SUBCASE("client-go emptied it") {
    spec_of(lease)["holderIdentity"] = "";
    spec_of(lease)["leaseDurationSeconds"] = 1;
    spec_of(lease)["renewTime"] = "2025-11-25T12:00:09.000000Z";
    CHECK(election::to_lease_claim(*seen(lease).found.value).mode == election::lease_mode::vacant);
  }
  SUBCASE("client-go emptied it, though the mark of an earlier release lies there still") {
    lease = stored(make_lease(released(), by_us()));
    spec_of(lease)["renewTime"] = "2025-11-25T12:00:09.000000Z";
    CHECK(election::to_lease_claim(*seen(lease).found.value).mode == election::lease_mode::vacant);
  }
  SUBCASE("a holder whose name begins like ours") {
    spec_of(lease)["holderIdentity"] = "node-12_b00t_1234";
    CHECK(seen(lease).found.value->nonce.empty());
  }
  SUBCASE("our name without what follows it") {
    spec_of(lease)["holderIdentity"] = "node-1";
    CHECK(seen(lease).found.value->nonce.empty());
  }
  SUBCASE("the duration was edited") {
    spec_of(lease)["leaseDurationSeconds"] = 60;
    CHECK(seen(lease).found.value->nonce.empty());
    CHECK(seen(lease).found.value->duration == 60s);
  }
  SUBCASE("the term was edited, which breaks the seal") {
    spec_of(lease)["leaseTransitions"] = 99;
    CHECK(election::to_lease_claim(*seen(lease).found.value).writer == 0);
  }
}

TEST_CASE("an annotation that asks for a hand-over is a wish, whoever adds it") {
  json::object lease = stored(make_lease(held(), by_us()));
  annotations_of(lease)["isat/hand-over-to"] = "node-2";
  const auto claim = election::to_lease_claim(*seen(lease).found.value);
  CHECK(claim.heir == election::node_named("node-2"));
  CHECK(claim.writer == 0xabc);
  CHECK(claim.mode == election::lease_mode::held);
  SUBCASE("the next write drops it") {
    const lease_object before = seen(lease);
    const json::object next = make_lease({"isat-group-0", before.found.at, held(8).value, false}, by_us(&before));
    CHECK_FALSE(next.at("metadata").at("annotations").get_object().contains("isat/hand-over-to"));
  }
}

TEST_CASE("a write names uid and version of what it replaces, and keeps the metadata of others") {
  json::object lease = stored(make_lease(held(), by_us()));
  annotations_of(lease)["example.org/note"] = "theirs";
  lease.at("metadata").at("labels").get_object()["app"] = "theirs";
  lease.at("metadata").get_object()["ownerReferences"] = json::array{json::object{{"name", "owner"}}};
  lease.at("metadata").get_object()["finalizers"] = json::array{"example.org/f"};
  const lease_object before = seen(lease);
  election::entry next = held();
  next.at = {before.found.at.incarnation, 41};
  const json::object written = make_lease(next, by_us(&before, noon + 1s));
  const json::object& metadata = written.at("metadata").get_object();
  CHECK(metadata.at("uid") == "u-1");
  CHECK(metadata.at("resourceVersion") == "41");
  CHECK(metadata.at("annotations").at("example.org/note") == "theirs");
  CHECK(metadata.at("labels").at("app") == "theirs");
  CHECK(metadata.at("ownerReferences").get_array().size() == 1);
  CHECK(metadata.at("finalizers").get_array().size() == 1);
  CHECK_FALSE(metadata.contains("managedFields"));
  CHECK_FALSE(metadata.contains("creationTimestamp"));
  SUBCASE("a renewal keeps the time of the acquisition") {
    CHECK(written.at("spec").at("acquireTime") == "2025-11-25T12:00:00.000000Z");
    CHECK(written.at("spec").at("renewTime") == "2025-11-25T12:00:01.000000Z");
  }
  SUBCASE("another term has another one") {
    next.value = held(8).value;
    CHECK(make_lease(next, by_us(&before, noon + 1s)).at("spec").at("acquireTime") == "2025-11-25T12:00:01.000000Z");
  }
}

TEST_CASE("a term that no Lease can show is kept beside it, and shown as far as it can be") {
  json::object lease = stored(make_lease(held(std::uint64_t{1} << 40U), by_us()));
  CHECK(spec_of(lease).at("leaseTransitions") == std::numeric_limits<std::int32_t>::max());
  spec_of(lease)["leaseTransitions"] = 3;
  CHECK(seen(lease).found.value->nonce.empty());
}

TEST_CASE("whatever a Lease lacks or has of a wrong type is empty") {
  const auto read = [](const char* text) { return read_lease(json::parse(text).get_object()); };
  CHECK_FALSE(read("{}"));
  CHECK_FALSE(read(R"({"metadata":[]})"));
  CHECK_FALSE(read(R"({"metadata":{"name":"a","uid":"u","resourceVersion":"x"}})"));
  CHECK_FALSE(read(R"({"metadata":{"name":"a","uid":"u","resourceVersion":"0"}})"));
  CHECK_FALSE(read(R"({"metadata":{"name":"a","uid":"","resourceVersion":"1"}})"));
  CHECK_FALSE(read(R"({"metadata":{"name":"a","uid":"u","resourceVersion":"99999999999999999999"}})"));
  const auto bare = read(R"({"metadata":{"name":"a","uid":"u","resourceVersion":"1"}})");
  REQUIRE(bare);
  CHECK(bare->found.value == election::record{});
  const auto odd = read(R"({"metadata":{"name":"a","uid":"u","resourceVersion":"1","annotations":{"isat/node":7},
    "labels":[]},"spec":{"holderIdentity":5,"leaseDurationSeconds":-3,"leaseTransitions":-1,"renewTime":{}}})");
  REQUIRE(odd);
  CHECK(odd->found.value == election::record{});
  CHECK_FALSE(odd->labelled);
}

TEST_CASE("two objects of one name have different incarnations, and only versions of one can be compared") {
  const json::object lease = make_lease(held(), by_us());
  const auto first = seen(stored(lease, "41", "u-1")).found.at;
  CHECK(seen(stored(lease, "42", "u-1")).found.at.newer_than(first));
  CHECK_FALSE(seen(stored(lease, "42", "u-2")).found.at.newer_than(first));
}

TEST_CASE("names are DNS subdomain names") {
  for (const char* good : {"a", "0", "isat-group-0", "a.b", "a-b.c-d", "isat-node-10.77.0.1"}) {
    CAPTURE(good);
    CHECK(is_lease_name(good));
  }
  for (const char* bad : {"", "A", "-a", "a-", ".a", "a.", "a..b", "a-.b", "a.-b", "a_b", "a/b", "a b", "\xc3\xa4"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_lease_name(bad));
  }
  CHECK(is_lease_name(std::string(253, 'a')));
  CHECK_FALSE(is_lease_name(std::string(254, 'a')));
}

TEST_CASE("what no Lease can carry is known before it is sent") {
  CHECK(can_be_written(held()));
  election::entry next = held();
  SUBCASE("a holder that is no UTF-8") { next.value->holder = "n\xff"; }
  SUBCASE("a cut sequence") { next.value->holder = "n\xe2\x82"; }
  SUBCASE("an overlong one") { next.value->holder = "\xc0\xaf"; }
  SUBCASE("a surrogate") { next.value->nonce = "\xed\xa0\x80"; }
  SUBCASE("a note that is no UTF-8") { next.value->notes["a"] = "\x80"; }
  SUBCASE("a note without a key") { next.value->notes[""] = "x"; }
  SUBCASE("a key with a space") { next.value->notes["a b"] = "x"; }
  SUBCASE("a key that ends in a dash") { next.value->notes["a-"] = "x"; }
  SUBCASE("a key that is ours") { next.value->notes["nonce"] = "x"; }
  SUBCASE("a duration beyond all measure") { next.value->duration = std::chrono::hours{24 * 400}; }
  SUBCASE("a negative one") { next.value->duration = -1ms; }
  SUBCASE("its name") { next.name = "no/name"; }
  CHECK_FALSE(can_be_written(next));
}

TEST_CASE("UTF-8 of any length may be written") {
  election::entry next = held();
  next.value->holder =
      "n\xc3\xb6"
      "d\xe2\x82\xac\xf0\x9f\x98\x80";
  CHECK(can_be_written(next));
  CHECK(seen(stored(make_lease(next, by_us()))).found.value->holder == next.value->holder);
}
