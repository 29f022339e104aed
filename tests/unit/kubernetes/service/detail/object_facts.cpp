// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/service/detail/object_facts.hpp"
#include "service_facts_builder.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace isat::kubernetes;
using namespace isat::kubernetes::detail;
using isat::test::address_of;
using isat::test::addresses_of;
namespace json = boost::json;

namespace {

json::object object(std::string_view text) { return json::parse(text).as_object(); }

json::object service_with(std::string_view ingress) {
  auto result = object(R"({"metadata":{"name":"web","namespace":"a","uid":"u-1"},"spec":{"type":"LoadBalancer"}})");
  result["status"] = {{"loadBalancer", {{"ingress", json::parse(ingress)}}}};
  return result;
}

slice_facts slice_with(std::string_view endpoints, const char* type = "IPv4") {
  auto slice = object(R"({"metadata":{"name":"web-x","namespace":"a","labels":{"kubernetes.io/service-name":"web"}}})");
  slice["addressType"] = type;
  slice["endpoints"] = json::parse(endpoints);
  const auto facts = read_slice(slice);
  REQUIRE(facts);
  CHECK(facts->name == object_name{"a", "web-x"});
  CHECK(facts->service == "web");
  return *facts;
}

}  // namespace

TEST_CASE("a Service is read with all that matters") {
  const auto facts = read_service(object(R"({
    "metadata": {"name": "web", "namespace": "a", "uid": "u-1", "resourceVersion": "7"},
    "spec": {"type": "LoadBalancer", "loadBalancerClass": "example.com/x", "externalTrafficPolicy": "Local",
             "ports": [{"port": 443, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}, {"port": 80},
                       {"port": 9, "protocol": "SCTP"}, {"port": 80, "protocol": "TCP"}]},
    "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.2"}, {"ip": "192.0.2.1", "ipMode": "VIP"}]}}})"));
  REQUIRE(facts);
  CHECK(facts->name == object_name{"a", "web"});
  CHECK(facts->uid == "u-1");
  CHECK(facts->load_balancer);
  CHECK(facts->lb_class == "example.com/x");
  CHECK(facts->local);
  CHECK(facts->addresses == addresses_of({"192.0.2.1", "192.0.2.2"}));
  const std::vector<service_port> ports{
      {port_protocol::tcp, 80}, {port_protocol::tcp, 443}, {port_protocol::udp, 53}, {port_protocol::sctp, 9}};
  CHECK(facts->ports == ports);
  CHECK(facts->flaws.empty());
}

TEST_CASE("a Service that is no load balancer has no class, policy, ports or addresses by itself") {
  const auto facts = read_service(object(R"({"metadata":{"name":"web","namespace":"a"},"spec":{"type":"ClusterIP"}})"));
  service_facts expected;
  expected.name = {"a", "web"};
  CHECK(facts == expected);
}

TEST_CASE("an entry of the status is a VIP, somebody else's, or has a flaw") {
  const struct {
    std::string entry;
    ingress_flaw flaw;
    std::string text;
  } rows[] = {
      {R"({"ip":"192.0.2.1"})", ingress_flaw::none, "192.0.2.1"},
      {R"({"ip":"192.0.2.1","ipMode":"VIP","hostname":"h"})", ingress_flaw::none, "192.0.2.1"},
      {R"({"ip":"192.0.2.1","ipMode":"Proxy"})", ingress_flaw::none, ""},
      {R"({"ip":"192.0.2.1","ipMode":"Later"})", ingress_flaw::none, ""},
      {R"({"ip":"gar\nbage"})", ingress_flaw::unreadable, "gar?bage"},
      {R"({"ip":"192.0.2.01"})", ingress_flaw::unreadable, "192.0.2.01"},
      {R"({"ip":"gar:bage"})", ingress_flaw::unreadable, "gar:bage"},
      {R"({})", ingress_flaw::unreadable, ""},
      {R"({"ip":17})", ingress_flaw::unreadable, ""},
      {R"({"ip":"2001:db8::1"})", ingress_flaw::ipv6, "2001:db8::1"},
      {R"({"ip":"::ffff:192.0.2.1"})", ingress_flaw::ipv6, "::ffff:192.0.2.1"},
      {R"({"hostname":"lb.example.com"})", ingress_flaw::hostname, "lb.example.com"},
      {R"({"ip":"0.0.0.0"})", ingress_flaw::unusable, "0.0.0.0"},
      {R"({"ip":"127.0.0.1"})", ingress_flaw::unusable, "127.0.0.1"},
      {R"({"ip":"224.0.0.1"})", ingress_flaw::unusable, "224.0.0.1"},
      {R"({"ip":"255.255.255.255"})", ingress_flaw::unusable, "255.255.255.255"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.entry);
    const auto facts = read_service(service_with('[' + row.entry + ']'));
    REQUIRE(facts);
    if (row.flaw == ingress_flaw::none) {
      CHECK(facts->addresses == (row.text.empty() ? std::vector<isat::ipv4_address>{} : addresses_of({row.text})));
      CHECK(facts->flaws.empty());
    } else {
      CHECK(facts->addresses.empty());
      CHECK(facts->flaws == std::vector<flawed_ingress>{{row.flaw, row.text}});
    }
  }
}

TEST_CASE("an address that a status names twice is one, and what is too much is a flaw") {
  const auto twice = read_service(service_with(R"([{"ip":"192.0.2.1"},{"ip":"192.0.2.1"}])"));
  REQUIRE(twice);
  CHECK(twice->addresses == addresses_of({"192.0.2.1"}));
  std::string many;
  for (int i = 1; i <= 20; ++i)
    many += (many.empty() ? "[" : ",") + (R"({"ip":"192.0.2.)" + std::to_string(i) + R"("})");
  const auto facts = read_service(service_with(many + ']'));
  REQUIRE(facts);
  CHECK(facts->addresses.size() == service_limits::addresses);
  CHECK(facts->flaws == std::vector<flawed_ingress>{{ingress_flaw::too_many, "192.0.2.17"}});
}

TEST_CASE("long texts are cut, between two characters") {
  std::string odd;
  for (int i = 0; i < 40; ++i) odd += "\xc3\xa4";
  const auto facts = read_service(service_with(R"([{"ip":"x)" + odd + R"("}])"));
  REQUIRE(facts);
  CHECK(facts->flaws.front().text == "x" + odd.substr(0, 62));
  auto service = service_with("[]");
  service["metadata"].as_object()["uid"] = std::string(1000, 'u');
  service["spec"].as_object()["loadBalancerClass"] = std::string(1000, 'c');
  CHECK(read_service(service)->uid.size() == service_limits::uid_octets);
  CHECK(read_service(service)->lb_class.size() == service_limits::class_octets + 1);
}

TEST_CASE("ports that are none are passed over, and so is what is too much") {
  auto service = service_with("[]");
  service["spec"].as_object()["ports"] = json::parse(
      R"([{"port":0},{"port":65536},{"port":-1},{"port":"80"},{"port":80.5},{"port":80,"protocol":"ICMP"},7,null])");
  CHECK(read_service(service)->ports.empty());
  json::array many;
  for (int i = 1; i <= 1000; ++i) many.push_back(json::object{{"port", i}});
  service["spec"].as_object()["ports"] = many;
  CHECK(read_service(service)->ports.size() == service_limits::ports);
}

TEST_CASE("an object without a name, or with one that is too long, is none") {
  for (const char* text : {"{}", R"({"metadata":null})", R"({"metadata":{"namespace":"a"}})",
                           R"({"metadata":{"name":17}})", R"({"metadata":[]})"}) {
    CAPTURE(text);
    CHECK_FALSE(read_service(object(text)));
    CHECK_FALSE(read_slice(object(text)));
    CHECK_FALSE(read_node(object(text)));
    CHECK_FALSE(read_name(object(text)));
  }
  json::object longest{{"metadata", {{"name", std::string(253, 'n')}, {"namespace", std::string(63, 's')}}}};
  CHECK(read_name(longest));
  longest["metadata"].as_object()["name"] = std::string(254, 'n');
  CHECK_FALSE(read_name(longest));
  longest["metadata"].as_object()["name"] = "n";
  longest["metadata"].as_object()["namespace"] = std::string(64, 's');
  CHECK_FALSE(read_name(longest));
}

TEST_CASE("members of a wrong type count as absent") {
  for (const char* value : {"null", "17", "[]", "{}", R"("text")", "[[]]", "[{}]", "[null]", "true"}) {
    CAPTURE(value);
    json::object odd{{"metadata", {{"name", "n"}}}};
    for (const char* key : {"spec", "status", "endpoints", "addressType"}) odd[key] = json::parse(value);
    json::object deeper = odd;
    deeper["spec"] = {{"type", json::parse(value)}, {"ports", json::parse(value)}, {"unschedulable", json::parse("1")}};
    deeper["status"] = {{"loadBalancer", {{"ingress", json::parse(value)}}},
                        {"addresses", json::parse(value)},
                        {"conditions", json::parse(value)}};
    deeper["metadata"].as_object()["labels"] = json::parse(value);
    for (const auto& each : {odd, deeper}) {
      CHECK(read_service(each)->addresses.empty());
      CHECK_FALSE(read_service(each)->load_balancer);
      CHECK(read_slice(each)->nodes.empty());
      CHECK_FALSE(read_slice(each)->unplaced);
      CHECK(*read_node(each) == isat::test::node("n"));
    }
  }
}

TEST_CASE("an endpoint counts if it is ready, or serves until it ends") {
  const struct {
    const char* conditions;
    bool counts;
  } rows[] = {
      {R"({})", true},
      {R"({"ready":null,"serving":null,"terminating":null})", true},
      {R"({"ready":true})", true},
      {R"({"ready":true,"serving":false})", true},
      {R"({"ready":false,"serving":true,"terminating":true})", true},
      {R"({"ready":false,"serving":false,"terminating":true})", false},
      {R"({"ready":false,"serving":false})", false},
      {R"({"ready":false})", false},
      {R"({"ready":false,"serving":null})", false},
      {R"({"terminating":true})", true},
      {R"("odd")", true},
  };
  for (const auto& row : rows) {
    CAPTURE(row.conditions);
    const auto facts = slice_with(R"([{"nodeName":"n","conditions":)" + std::string{row.conditions} + "}]");
    CHECK(facts.nodes == (row.counts ? std::vector<std::string>{"n"} : std::vector<std::string>{}));
    CHECK_FALSE(facts.unplaced);
  }
}

TEST_CASE("a slice names each node once, and says that an endpoint is on none") {
  const auto facts = slice_with(R"([{"nodeName":"b"},{"nodeName":"a"},{"nodeName":"b"},{"nodeName":"c",
                                     "conditions":{"ready":false}}])");
  CHECK(facts.nodes == std::vector<std::string>{"a", "b"});
  CHECK_FALSE(facts.unplaced);
  CHECK(slice_with(R"([{"nodeName":"b"},{}])").unplaced);
  CHECK_FALSE(slice_with(R"([{"conditions":{"ready":false}}])").unplaced);
  CHECK(slice_with("[]") == isat::test::slice("web-x", "web", {}));
  CHECK(slice_with("null") == isat::test::slice("web-x", "web", {}));
}

TEST_CASE("slices of other address types have no endpoint that counts") {
  CHECK(slice_with(R"([{"nodeName":"b"},{}])", "IPv6") == isat::test::slice("web-x", "web", {}));
  CHECK(slice_with(R"([{"nodeName":"b"},{}])", "FQDN") == isat::test::slice("web-x", "web", {}));
}

TEST_CASE("a slice without the label has no Service") {
  const auto facts = read_slice(object(R"({"metadata":{"name":"x","namespace":"a"},"addressType":"IPv4"})"));
  REQUIRE(facts);
  CHECK(facts->service.empty());
}

TEST_CASE("a Node is read with all that matters") {
  const auto facts = read_node(object(R"({
    "metadata": {"name": "n", "labels": {"node.kubernetes.io/exclude-from-external-load-balancers": "false"}},
    "spec": {"unschedulable": true},
    "status": {"conditions": [{"type": "Ready", "status": "False"}, {"type": "NetworkUnavailable", "status": "True"}],
               "addresses": [{"type": "Hostname", "address": "192.0.2.9"}, {"type": "ExternalIP", "address": "192.0.2.2"},
                             {"type": "InternalIP", "address": "192.0.2.1"}, {"type": "InternalIP", "address": "::1"},
                             {"type": "InternalIP"}, 5]}})"));
  node_facts expected = isat::test::node("n", {"192.0.2.1", "192.0.2.2"});
  expected.excluded = expected.network_unavailable = expected.unschedulable = true;
  CHECK(facts == expected);
}

TEST_CASE("only a true condition makes a Node's network unavailable") {
  for (const char* status : {"False", "Unknown", ""}) {
    json::object node = object(R"({"metadata":{"name":"n"}})");
    node["status"] = {{"conditions", json::array{{{"type", "NetworkUnavailable"}, {"status", status}}}}};
    CHECK_FALSE(read_node(node)->network_unavailable);
  }
}
