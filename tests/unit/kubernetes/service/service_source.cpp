// SPDX-License-Identifier: BSL-1.0

// The source against a server over TLS; what follows from which facts is in service_table.cpp.

#include "fake_api/server.hpp"
#include "isat/kubernetes/error.hpp"
#include "isat/kubernetes/service/service_source.hpp"
#include "watch_laboratory.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace fake_api = isat::test::fake_api;
namespace kubernetes = isat::kubernetes;
using isat::error_code;
using isat::ipv4_address;
using kubernetes::object_kind;
using strings = std::vector<std::string>;

constexpr object_kind kinds[] = {object_kind::service, object_kind::slice, object_kind::node};

std::string node_json(const std::string& name, const std::string& address, const std::string& labels = "{}") {
  return R"({"apiVersion":"v1","kind":"Node","metadata":{"name":")" + name + R"(","labels":)" + labels +
         R"(},"status":{"addresses":[{"type":"InternalIP","address":")" + address + R"("}]}})";
}
/// Members of spec, each with a comma behind it, and entries of the status.
std::string service_json(const std::string& name, const std::string& spec, const std::string& ingress) {
  return R"({"apiVersion":"v1","kind":"Service","metadata":{"name":")" + name + R"(","namespace":"default"},)" +
         R"("spec":{)" + spec + R"("ports":[{"port":80}]},"status":{"loadBalancer":{"ingress":[)" + ingress + "]}}}";
}
std::string slice_json(const std::string& name, const std::string& service, const strings& nodes) {
  std::string endpoints;
  for (const auto& node : nodes) {
    endpoints += std::string{endpoints.empty() ? "" : ","} + R"({"addresses":["10.0.0.1"],"nodeName":")" + node + "\"}";
  }
  return R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","metadata":{"name":")" +
         name + R"(","namespace":"default","labels":{"kubernetes.io/service-name":")" + service +
         R"("}},"endpoints":[)" + endpoints + "]}";
}
const std::string load_balancer = R"("type":"LoadBalancer",)";
const std::string local_balancer = R"("type":"LoadBalancer","externalTrafficPolicy":"Local",)";
std::string ip(const std::string& text) { return R"({"ip":")" + text + "\"}"; }

/// What the sink and the listener to notices were told, in order.
struct recorder final : isat::source::vip_sink {
  void add(const isat::responder::vip& vip) override {
    CHECK(vip == isat::responder::vip{vip.address});
    say("+" + vip.address.to_string());
  }
  void remove(ipv4_address address) override { say("-" + address.to_string()); }
  void synced() override { say("synced"); }
  void hear(const kubernetes::service_source_notice& notice) {
    if (const auto* lost = std::get_if<kubernetes::objects_lost>(&notice)) {
      losses.push_back(*lost);
    } else if (const auto* known = std::get_if<kubernetes::objects_known>(&notice)) {
      listed.push_back(known->kind);
    } else {
      notices.push_back(std::get<kubernetes::service_notice>(notice));
      texts.push_back(to_text(notices.back()));
    }
    called();
  }
  void say(std::string text) {
    told.push_back(std::move(text));
    called();
  }
  void called() {
    ++calls;
    if (then) then();
  }

  strings told;
  strings texts;
  std::vector<kubernetes::service_notice> notices;
  std::vector<kubernetes::objects_lost> losses;
  std::vector<object_kind> listed;
  std::function<void()> then;
  int calls = 0;
};

/// A cluster of the nodes "here" and "there", and a source on "here".
struct laboratory : isat::test::watch_laboratory {
  explicit laboratory(kubernetes::service_rules rules = {"here"}) {
    kubernetes::service_source_options how;
    how.rules = std::move(rules);
    how.page = 2;
    how.pause_longest = 10ms;  // whatever fails is tried again soon
    how.on_notice = [this](const kubernetes::service_source_notice& notice) { seen.hear(notice); };
    source.emplace(client, std::move(how));
    put(node_json("here", "10.0.1.1"));
    put(node_json("there", "10.0.1.2"));
  }
  void starts() {
    result.reset();
    source->async_run(seen, asio::bind_cancellation_slot(stopping.slot(), [this](error_code e) { result = e; }));
    CHECK_FALSE(result);
  }
  /// Starts and waits until everything is followed. @return what the sink was told
  strings follows() {
    starts();
    REQUIRE(until([this] { return seen.listed.size() == 3 && server.open_watches() == 3; }));
    return takes();
  }
  strings takes() { return std::exchange(seen.told, {}); }
  strings hears() { return std::exchange(seen.texts, {}); }
  /// What the sink is told when so much was told.
  strings takes(std::size_t count) {
    CHECK(until([&] { return seen.told.size() >= count; }));
    return takes();
  }
  /// What is told until a Service with this address, written last, is announced: all events of that kind before it were
  /// followed.
  strings takes_until(const std::string& address) {
    put(slice_json("mark-" + address, "mark", {"here"}));
    put(service_json("mark", load_balancer, ip(address)));
    CHECK(until([&] { return !seen.told.empty() && seen.told.back() == "+" + address; }));
    auto all = takes();
    all.pop_back();
    return all;
  }
  void put(const std::string& text) { server.store().put(text); }
  void erase(const char* plural, const std::string& name) { server.store().erase(plural, "default", name); }
  /// A Service with one address and endpoints on these nodes. Where they are followed, its endpoints are known first:
  /// else that it has none might be told.
  void serve(const std::string& name, const std::string& address, const strings& nodes, bool local = false) {
    const auto heard = source->status(object_kind::slice).heard;
    const bool are_followed = seen.listed.size() == 3 && server.open_watches() == 3;
    put(slice_json(name, name, nodes));
    if (are_followed) CHECK(until([&] { return source->status(object_kind::slice).heard != heard; }));
    put(service_json(name, local ? local_balancer : load_balancer, ip(address)));
  }

  recorder seen;
  std::optional<kubernetes::service_source> source;
};

}  // namespace

TEST_CASE("the VIPs of all Services are told, then that this was all, then what changes") {
  laboratory l;
  for (int i = 1; i <= 5; ++i) l.serve("s" + std::to_string(i), "192.0.2." + std::to_string(i), {"there"});
  const strings all = l.follows();
  CHECK(all == strings{"+192.0.2.1", "+192.0.2.2", "+192.0.2.3", "+192.0.2.4", "+192.0.2.5", "synced"});
  CHECK(l.server.requests().count("list", "services") == 3);  // in pages
  l.serve("s6", "192.0.2.6", {"there"});
  CHECK(l.takes(1) == strings{"+192.0.2.6"});
  l.erase("services", "s1");
  CHECK(l.takes(1) == strings{"-192.0.2.1"});
  l.put(service_json("s2", load_balancer, ip("192.0.2.7")));
  CHECK(l.takes(2) == strings{"-192.0.2.2", "+192.0.2.7"});
  l.put(service_json("s3", R"("type":"ClusterIP",)", ip("192.0.2.3")));
  CHECK(l.takes(1) == strings{"-192.0.2.3"});
  l.put(service_json("s4", load_balancer + R"("loadBalancerClass":"example.com/x",)", ip("192.0.2.4")));
  CHECK(l.takes(1) == strings{"-192.0.2.4"});
  l.put(service_json("s5", load_balancer, ""));
  CHECK(l.takes(1) == strings{"-192.0.2.5"});
  CHECK(l.seen.losses.empty());
  CHECK(l.hears() == strings{});
}

TEST_CASE("only Services of the wished class are told") {
  laboratory l{{"here", "example.com/x"}};
  l.serve("classless", "192.0.2.1", {"there"});
  l.put(slice_json("ours", "ours", {"there"}));
  l.put(service_json("ours", load_balancer + R"("loadBalancerClass":"example.com/x",)", ip("192.0.2.2")));
  CHECK(l.follows() == strings{"+192.0.2.2", "synced"});
}

TEST_CASE("slices of headless Services are not fetched") {
  laboratory l;
  l.follows();
  for (const auto& request : l.server.requests().all()) {
    if (request.wish.resource != "endpointslices") continue;
    CHECK(request.target.find("headless") != std::string::npos);
  }
  auto text = slice_json("headless", "web", {"there"});
  text.replace(text.find("\"labels\":{"), 10, R"("labels":{"service.kubernetes.io/headless":"",)");
  l.put(text);
  l.put(service_json("web", load_balancer, ip("192.0.2.1")));
  CHECK(l.takes_until("192.0.2.9") == strings{});
}

TEST_CASE("a cluster without Services is told to be all there is") {
  laboratory l;
  CHECK(l.follows() == strings{"synced"});
  for (const auto kind : kinds) {
    CHECK(l.source->status(kind).listed);
    CHECK_FALSE(l.source->status(kind).lost);
    CHECK(l.source->status(kind).heard);
  }
}

TEST_CASE("with externalTrafficPolicy Local the VIP follows its endpoints") {
  laboratory l;
  l.serve("web", "192.0.2.1", {"there"}, true);
  CHECK(l.follows() == strings{"synced"});
  l.put(slice_json("web", "web", {"there", "here"}));
  CHECK(l.takes(1) == strings{"+192.0.2.1"});
  l.put(slice_json("web", "web", {"there"}));
  CHECK(l.takes(1) == strings{"-192.0.2.1"});
  l.put(slice_json("web-2", "web", {"here"}));
  CHECK(l.takes(1) == strings{"+192.0.2.1"});
  l.erase("endpointslices", "web-2");
  CHECK(l.takes(1) == strings{"-192.0.2.1"});
  const std::string lack =
      "node here cannot announce 192.0.2.1 of default/web: it has no endpoint of a Service with "
      "externalTrafficPolicy Local";
  CHECK(l.until([&] { return l.seen.texts.size() >= 3; }));
  CHECK(l.hears() == strings{lack, lack, lack});
}

TEST_CASE("a Service whose last endpoint goes is withdrawn, and that is said") {
  laboratory l;
  l.serve("web", "192.0.2.1", {"there"});
  l.follows();
  l.put(slice_json("web", "web", {}));
  CHECK(l.takes(1) == strings{"-192.0.2.1"});
  CHECK(l.until([&] { return !l.seen.texts.empty(); }));
  CHECK(l.hears() == strings{"192.0.2.1 of default/web is not announced: no endpoint is ready or serving"});
}

TEST_CASE("the exclude label withdraws everything, and its removal brings it back") {
  laboratory l;
  l.serve("web", "192.0.2.1", {"there"});
  l.serve("mail", "192.0.2.2", {"there"});
  l.follows();
  l.put(node_json("here", "10.0.1.1", R"({"node.kubernetes.io/exclude-from-external-load-balancers":""})"));
  CHECK(l.takes(2) == strings{"-192.0.2.1", "-192.0.2.2"});
  l.put(node_json("here", "10.0.1.1"));
  CHECK(l.takes(2) == strings{"+192.0.2.1", "+192.0.2.2"});
  CHECK(l.hears().size() == 2);
}

TEST_CASE("without the own Node nothing is announced, until there is one") {
  laboratory l;
  l.server.store().erase("nodes", "", "here");
  l.serve("web", "192.0.2.1", {"there"});
  CHECK(l.follows() == strings{"synced"});
  CHECK(l.hears() == strings{"nothing is announced by this node: there is no Node here"});
  l.put(node_json("here", "10.0.1.1"));
  CHECK(l.takes(1) == strings{"+192.0.2.1"});
  l.server.store().erase("nodes", "", "here");
  CHECK(l.takes(1) == strings{"-192.0.2.1"});
}

TEST_CASE("Services that share an address share its fate, and a port that both want is said") {
  laboratory l;
  l.serve("one", "192.0.2.1", {"here"}, true);
  l.serve("two", "192.0.2.1", {"there"}, true);
  CHECK(l.follows() == strings{"synced"});
  CHECK(l.hears() == strings{"192.0.2.1 of default/one, default/two is not announced: no node has an endpoint of each "
                             "of its Services with externalTrafficPolicy Local",
                             "default/one, default/two share 192.0.2.1 and both want TCP port 80"});
  CHECK_FALSE(l.seen.notices.front().services.front().uid.empty());
  l.put(slice_json("two", "two", {"here"}));
  CHECK(l.takes(1) == strings{"+192.0.2.1"});
  l.erase("services", "one");
  CHECK(l.takes_until("192.0.2.9") == strings{});
}

TEST_CASE("addresses of Nodes and those that interfaces carry are refused, and that is said") {
  laboratory l;
  l.serve("web", "10.0.1.2", {"there"});
  l.serve("mail", "192.0.2.1", {"there"});
  l.source->set_carried_addresses({*ipv4_address::parse("192.0.2.1")});
  CHECK(l.follows() == strings{"synced"});
  CHECK(l.hears() ==
        strings{"10.0.1.2 of default/web is not announced: it is the address of Node there",
                "192.0.2.1 of default/mail is not announced: an announcing interface of node here carries it"});
  l.source->set_carried_addresses({});
  CHECK(l.takes() == strings{"+192.0.2.1"});
  l.put(node_json("there", "192.0.2.1"));
  CHECK(l.takes(2) == strings{"+10.0.1.2", "-192.0.2.1"});
}

TEST_CASE("entries of a status that are no VIPs are said with the Service, and the others are told") {
  laboratory l;
  l.put(slice_json("web", "web", {"there"}));
  l.put(service_json("web", load_balancer, ip("garbage") + ',' + ip("2001:db8::1") + ',' + ip("192.0.2.1")));
  CHECK(l.follows() == strings{"+192.0.2.1", "synced"});
  CHECK(l.hears() == strings{R"(the status of default/web names no VIP: "garbage" is no IPv4 address)",
                             R"(the status of default/web names no VIP: "2001:db8::1" is an IPv6 address, and these )"
                             "are not announced"});
}

TEST_CASE("after lost changes nothing is withdrawn before the end of the new list") {
  laboratory l;
  for (int i = 1; i <= 4; ++i) l.serve("s" + std::to_string(i), "192.0.2." + std::to_string(i), {"there"});
  l.follows();
  l.seen.listed.clear();
  // The last page of the Services waits.
  l.server.faults().add(
      {.verb = "list", .resource = "services", .target = "continue=", .effect = fake_api::effect::hold_before});
  l.server.stop();
  l.erase("services", "s1");
  l.erase("services", "s2");
  l.serve("s0", "192.0.2.9", {"there"});
  l.server.store().compact();
  l.server.start();
  REQUIRE(l.until([&] { return l.server.held() == 1 && l.seen.listed.size() == 2; }));
  CHECK(l.takes() == strings{"+192.0.2.9"});
  l.server.release();
  CHECK(l.takes(2) == strings{"-192.0.2.1", "-192.0.2.2"});
  CHECK(l.until([&] { return l.seen.listed.size() == 3; }));
}

TEST_CASE("what may not be listed is said with the server's words, and nothing is announced without it") {
  for (const char* const forbidden : {"services", "endpointslices", "nodes"}) {
    CAPTURE(forbidden);
    laboratory l;
    l.serve("web", "192.0.2.1", {"there"});
    l.server.access().allows = [&](const fake_api::attributes& wish) { return wish.resource != forbidden; };
    l.starts();
    REQUIRE(l.until([&] { return !l.seen.losses.empty() && l.seen.listed.size() == 2; }));
    CHECK(l.seen.losses[0].error == kubernetes::error::forbidden);
    CHECK(l.seen.losses[0].message.find(forbidden) != std::string::npos);
    const auto& status = l.source->status(l.seen.losses[0].kind);
    CHECK_FALSE(status.listed);
    CHECK(status.lost);
    CHECK(status.error == kubernetes::error::forbidden);
    CHECK(l.takes() == strings{});
    CHECK(l.source->table().standing_of(*ipv4_address::parse("192.0.2.1")) != kubernetes::vip_standing::announced);
    CHECK(l.seen.losses.size() == 1);
  }
}

TEST_CASE("a right that is given later brings what it showed") {
  laboratory l;
  l.serve("web", "192.0.2.1", {"there"});
  l.server.faults().add({.verb = "list", .resource = "nodes", .effect = fake_api::effect::refuse, .status = 403});
  CHECK(l.follows() == strings{"+192.0.2.1", "synced"});
  CHECK(l.seen.losses.size() == 1);
  CHECK_FALSE(l.source->status(object_kind::node).lost);
  CHECK_FALSE(l.source->status(object_kind::node).error);
}

TEST_CASE("while the API server is away its VIPs stay, and what changed meanwhile is told when it is back") {
  laboratory l;
  l.serve("web", "192.0.2.1", {"there"});
  l.serve("mail", "192.0.2.2", {"there"});
  l.follows();
  l.seen.listed.clear();
  l.server.stop();
  const auto is_lost = [&](object_kind kind) { return l.source->status(kind).lost.has_value(); };
  REQUIRE(l.until([&] { return std::ranges::all_of(kinds, is_lost); }));
  CHECK(l.seen.losses.size() >= 3);
  for (const auto kind : kinds) CHECK(l.source->status(kind).listed);
  CHECK(l.takes() == strings{});
  l.erase("services", "web");
  l.server.start();
  CHECK(l.takes(1) == strings{"-192.0.2.1"});
  CHECK(l.until([&] { return !is_lost(object_kind::service); }));
  CHECK(std::ranges::find(l.seen.listed, object_kind::service) != l.seen.listed.end());
  CHECK(l.takes() == strings{});
}

TEST_CASE("a cancelled run is aborted, never inline, and tells nothing more") {
  laboratory l;
  l.serve("web", "192.0.2.1", {"there"});
  l.follows();
  l.cancel();
  const int calls = l.seen.calls;
  CHECK_FALSE(l.result);
  l.erase("services", "web");
  REQUIRE(l.until([&] { return l.result && l.server.open_watches() == 0; }));
  CHECK(*l.result == asio::error::operation_aborted);
  l.source->set_carried_addresses({*ipv4_address::parse("192.0.2.1")});
  CHECK(l.seen.calls == calls);
  CHECK(l.source->table().address_count() == 1);  // as it was
}

TEST_CASE("each run begins with nothing") {
  laboratory l;
  l.serve("web", "192.0.2.1", {"there"});
  l.serve("mail", "192.0.2.2", {"there"});
  l.follows();
  l.cancel();
  REQUIRE(l.until([&] { return l.result.has_value(); }));
  l.erase("services", "web");
  l.seen.listed.clear();
  CHECK(l.follows() == strings{"+192.0.2.2", "synced"});
}

TEST_CASE("a run can be cancelled from within every call, and nothing is told after it") {
  bool whole = false;
  for (int count = 1; !whole; ++count) {
    CAPTURE(count);
    laboratory l;
    l.serve("web", "192.0.2.1", {"there"});
    l.serve("mail", "192.0.2.2", {});
    l.seen.then = [&] {
      if (l.seen.calls == count) l.cancel();
      CHECK(l.seen.calls <= count);
      CHECK_FALSE(l.result);
    };
    l.starts();
    REQUIRE(l.until([&] { return l.result || l.seen.listed.size() == 3; }));
    whole = !l.result;
    if (whole) {
      CHECK(count > 6);  // a VIP, a notice, synced, three kinds
    } else {
      CHECK(l.seen.calls == count);
    }
    l.seen.then = nullptr;
  }
}

TEST_CASE("destroying the source aborts its run") {
  laboratory l;
  l.follows();
  const int calls = l.seen.calls;
  l.source.reset();
  CHECK_FALSE(l.result);
  REQUIRE(l.until([&] { return l.result && l.server.open_watches() == 0; }));
  CHECK(*l.result == asio::error::operation_aborted);
  CHECK(l.seen.calls == calls);
}
