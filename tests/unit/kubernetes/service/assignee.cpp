// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/service/assignee.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace json = boost::json;
using isat::ipv4_address;
using isat::kubernetes::assignee;
using isat::kubernetes::may_share;
using isat::kubernetes::read_assignee;

namespace {

std::optional<assignee> read(std::string_view text) { return read_assignee(json::parse(text).as_object()); }

constexpr std::string_view whole = R"({
  "metadata": {"name": "web", "namespace": "shop", "uid": "6f2c", "resourceVersion": "42",
               "annotations": {"isat/share-address": " k "}},
  "spec": {"type": "LoadBalancer", "loadBalancerClass": "isat.io/lb", "externalTrafficPolicy": "Local",
           "loadBalancerIP": "192.0.2.7", "selector": {"a": "1", "b": "2"},
           "ports": [{"port": 443}, {"port": 53, "protocol": "UDP"}]},
  "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.9", "ipMode": "VIP"}, {"ip": "192.0.2.8"}]}}})";

json::object changed(void (*change)(json::object&)) {
  json::object service = json::parse(whole).as_object();
  change(service);
  return service;
}

}  // namespace

TEST_CASE("all that an assigner needs is read") {
  const auto found = read(whole);
  REQUIRE(found);
  CHECK(found->service.name.to_string() == "shop/web");
  CHECK(found->service.uid == "6f2c");
  CHECK(found->version == "42");
  CHECK(found->load_balancer);
  CHECK_FALSE(found->going);
  CHECK(found->lb_class == "isat.io/lb");
  CHECK(found->wanted_address() == ipv4_address::parse("192.0.2.7"));
  CHECK(found->sharing == "k");
  CHECK(found->local);
  CHECK(found->ports.size() == 2);
  CHECK(found->addresses == std::vector{*ipv4_address::parse("192.0.2.8"), *ipv4_address::parse("192.0.2.9")});
  CHECK(found->names(*ipv4_address::parse("192.0.2.8")));
  CHECK_FALSE(found->names(*ipv4_address::parse("192.0.2.7")));
  CHECK_FALSE(found->foreign);
}

TEST_CASE("the annotation for an address beats the field, and what is no address is kept as it is") {
  const auto wants = [](const char* text) {
    json::object service = json::parse(whole).as_object();
    service["metadata"].as_object()["annotations"].as_object()["isat/address"] = text;
    return read_assignee(service).value();
  };
  CHECK(wants("192.0.2.1").wanted == "192.0.2.1");
  CHECK(wants(" 192.0.2.1\n").wanted_address() == ipv4_address::parse("192.0.2.1"));
  CHECK(wants("").wanted == "192.0.2.7");
  CHECK(wants("192.0.2.1,192.0.2.2").wanted == "192.0.2.1,192.0.2.2");
  CHECK_FALSE(wants("192.0.2.1,192.0.2.2").wanted_address().has_value());
  CHECK(wants(std::string(500, 'x').c_str()).wanted.size() == 64);
}

TEST_CASE("whatever else is in a status is foreign") {
  for (const char* entry : {R"({"hostname":"lb.example"})", R"({"ip":"2001:db8::1"})", R"({"ip":"rubbish"})",
                            R"({"ip":"192.0.2.1","ipMode":"Proxy"})", "7"}) {
    CAPTURE(entry);
    json::object service = json::parse(whole).as_object();
    service["status"] = json::parse(std::string{R"({"loadBalancer":{"ingress":[)"} + entry + "]}}");
    CHECK(read_assignee(service)->foreign);
    CHECK(read_assignee(service)->addresses.empty());
  }
}

TEST_CASE("a Service that is being deleted is seen to go") {
  const auto going =
      changed([](json::object& of) { of["metadata"].as_object()["deletionTimestamp"] = "2026-11-27T00:00:00Z"; });
  CHECK(read_assignee(going)->going);
}

TEST_CASE("a word for sharing that is too long or cannot be shown is none") {
  for (const std::string& word : {std::string(129, 'k'), std::string{"a\nb"}}) {
    json::object service = json::parse(whole).as_object();
    service["metadata"].as_object()["annotations"].as_object()["isat/share-address"] = word;
    CHECK(read_assignee(service)->sharing.empty());
  }
}

TEST_CASE("what has no name, namespace, uid or version is no Service") {
  for (const char* key : {"name", "namespace", "uid", "resourceVersion"}) {
    CAPTURE(key);
    json::object service = json::parse(whole).as_object();
    service["metadata"].as_object().erase(key);
    CHECK_FALSE(read_assignee(service).has_value());
  }
  CHECK_FALSE(read("{}").has_value());
  CHECK_FALSE(read(R"({"metadata":[],"spec":7,"status":null})").has_value());
}

TEST_CASE("odd types are taken for absent") {
  const auto found = read(R"({"metadata":{"name":"a","namespace":"b","uid":"c","resourceVersion":"1","annotations":[]},
                              "spec":{"type":7,"selector":"x","ports":{},"loadBalancerIP":1},"status":{"loadBalancer":[]}})");
  REQUIRE(found);
  CHECK_FALSE(found->load_balancer);
  CHECK(found->wanted.empty());
  CHECK_FALSE(found->foreign);
}

TEST_CASE("a selector is the same in any order, and another one is another") {
  const auto with = [](const char* selector) {
    json::object service = json::parse(whole).as_object();
    service["spec"].as_object()["selector"] = json::parse(selector);
    return read_assignee(service)->selector;
  };
  CHECK(with(R"({"a":"1","b":"2"})") == with(R"({"b":"2","a":"1"})"));
  CHECK(with(R"({"a":"1","b":"2"})") != with(R"({"a":"2","b":"1"})"));
  CHECK(with(R"({"a":"1"})") != with(R"({})"));
}

TEST_CASE("two may share if both say the same word, have no port in common and are served by the same nodes") {
  auto one = read(whole).value();
  auto other = one;
  CHECK_FALSE(may_share(one, other));  // the same ports
  other.ports = {{isat::kubernetes::port_protocol::tcp, 53}};
  CHECK(may_share(one, other));
  CHECK(may_share(other, one));
  other.selector = 1;
  CHECK_FALSE(may_share(one, other));
  one.local = other.local = false;
  CHECK(may_share(one, other));
  other.local = true;
  CHECK_FALSE(may_share(one, other));
  other.local = false;
  other.sharing = "other";
  CHECK_FALSE(may_share(one, other));
  one.sharing = other.sharing = "";
  CHECK_FALSE(may_share(one, other));
}
