// SPDX-License-Identifier: BSL-1.0

// Which servers a cluster says it has.
#include "api_laboratory.hpp"
#include "isat/kubernetes/api/server_discovery.hpp"
#include "isat/kubernetes/error.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>

#include <string>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace fake_api = isat::test::fake_api;
using isat::error_code;
using isat::kubernetes::async_discover_servers;
using isat::kubernetes::error;
using isat::test::api_laboratory;
using texts = std::vector<std::string>;

struct answer {
  bool done = false;
  error_code error;
  texts urls;
};

answer discover(api_laboratory& at) {
  answer got;
  async_discover_servers(*at.client, [&got](error_code failure, texts urls) {
    got.done = true;
    got.error = failure;
    got.urls = std::move(urls);
  });
  CHECK_FALSE(got.done);
  REQUIRE(at.until([&] { return got.done; }));
  return got;
}

const std::string slice =
    R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4",)"
    R"("metadata":{"name":"kubernetes","namespace":"default","labels":{"kubernetes.io/service-name":"kubernetes"}},)"
    R"("ports":[{"name":"metrics","port":1},{"name":"https","port":6443}],"endpoints":[)"
    R"({"addresses":["10.0.0.1"],"conditions":{"ready":true}},{"addresses":["10.0.0.2"]},)"
    R"({"addresses":["10.0.0.3"],"conditions":{"ready":false}},{"addresses":["10.0.0.4"],"conditions":{"ready":null}},)"
    R"({"addresses":["api.example.test"]},{"addresses":[]}]})";
const std::string slice_of_others =
    R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4",)"
    R"("metadata":{"name":"other","namespace":"default","labels":{"kubernetes.io/service-name":"other"}},)"
    R"("ports":[{"name":"https","port":443}],"endpoints":[{"addresses":["10.9.9.9"]}]})";
const std::string slice_six =
    R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv6",)"
    R"("metadata":{"name":"kubernetes-six","namespace":"default","labels":{"kubernetes.io/service-name":"kubernetes"}},)"
    R"("ports":[{"name":"https","port":6443}],"endpoints":[{"addresses":["2001:db8::1"]}]})";
const std::string endpoints =
    R"({"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"kubernetes","namespace":"default"},)"
    R"("subsets":[{"addresses":[{"ip":"10.0.0.1"},{"ip":"2001:db8::2"}],"ports":[{"name":"https","port":443}]}]})";

TEST_CASE("ready endpoints of the Service `kubernetes` are servers") {
  api_laboratory at;
  at.server.store().put(slice);
  at.server.store().put(slice_of_others);
  const answer got = discover(at);
  CHECK_FALSE(got.error);
  CHECK(got.urls == texts{"https://10.0.0.1:6443", "https://10.0.0.2:6443", "https://10.0.0.4:6443"});
}

TEST_CASE("addresses of IPv6 are in brackets") {
  api_laboratory at;
  at.server.store().put(slice_six);
  CHECK(discover(at).urls == texts{"https://[2001:db8::1]:6443"});
}

TEST_CASE("Endpoints are read where EndpointSlices may not be") {
  api_laboratory at;
  at.server.store().put(endpoints);
  at.server.access().allows = [](const fake_api::attributes& wish) { return wish.resource == "endpoints"; };
  const answer got = discover(at);
  CHECK_FALSE(got.error);
  CHECK(got.urls == texts{"https://10.0.0.1:443", "https://[2001:db8::2]:443"});
}

TEST_CASE("who may read neither is told so") {
  api_laboratory at;
  at.server.access().allows = [](const fake_api::attributes&) { return false; };
  const answer got = discover(at);
  CHECK(got.error == error::forbidden);
  CHECK(got.urls.empty());
}

TEST_CASE("a cluster without endpoints has no other servers") {
  api_laboratory at;
  const answer got = discover(at);
  CHECK_FALSE(got.error);
  CHECK(got.urls.empty());
}

TEST_CASE("what is no list is malformed") {
  api_laboratory at;
  at.server.faults().add({.verb = "list", .resource = "endpointslices", .effect = fake_api::effect::bad_json});
  CHECK(discover(at).error == error::malformed_answer);
}

TEST_CASE("discovery can be cancelled, and ends with its client") {
  for (const bool client_ends : {false, true}) {
    api_laboratory at;
    at.server.faults().add({.verb = "list", .resource = "endpointslices", .effect = fake_api::effect::hold_before});
    asio::cancellation_signal stop;
    error_code result;
    bool done = false;
    async_discover_servers(*at.client, asio::bind_cancellation_slot(stop.slot(), [&](error_code failure, const texts&) {
      done = true;
      result = failure;
    }));
    REQUIRE(at.until([&] { return at.server.held() == 1; }));
    if (client_ends) {
      at.client.reset();
    } else {
      stop.emit(asio::cancellation_type::terminal);
    }
    REQUIRE(at.until([&] { return done; }));
    CHECK(result == asio::error::operation_aborted);
  }
}

}  // namespace
