// SPDX-License-Identifier: BSL-1.0

// Which addresses a node can serve; a long random run against a naive reading of the rules is in
// service_table_random.cpp.

#include "isat/kubernetes/service/service_table.hpp"
#include "service_facts_builder.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

using namespace isat::kubernetes;
using namespace isat::test;
using isat::ipv4_address;

namespace {

using strings = std::vector<std::string>;

/// A table of node "here", and what it told.
struct table_of_here {
  explicit table_of_here(service_rules rules = {"here"}) : table{std::move(rules)} {}

  /// All kinds are listed, the Nodes "here" and "there" only.
  void lists_nodes_only() {
    for (const auto kind : {object_kind::service, object_kind::slice, object_kind::node}) table.begin_list(kind);
    table.set(node("here"));
    table.set(node("there"));
    for (const auto kind : {object_kind::service, object_kind::slice, object_kind::node}) table.end_list(kind);
    takes_all();
    told.clear();
  }
  /// A Service "a/NAME" with this address, and one slice behind it.
  void serves(const std::string& name, const std::string& address, const strings& nodes, bool local = false) {
    auto facts = service(name, {address});
    facts.local = local;
    table.set(facts);
    table.set(slice(name, name, nodes));
  }
  void takes_all() {
    while (const auto change = table.take_change()) {
      changes.push_back((change->present ? "+" : "-") + change->address.to_string());
    }
    while (const auto notice = table.take_notice()) {
      told.push_back(to_text(*notice));
      notices.push_back(*notice);
    }
  }
  strings takes() {
    takes_all();
    return std::exchange(changes, {});
  }
  strings hears() {
    takes_all();
    return std::exchange(told, {});
  }
  vip_standing standing(const std::string& address) { return table.standing_of(address_of(address)); }

  service_table table;
  strings changes;
  strings told;
  std::vector<service_notice> notices;
};

}  // namespace

TEST_CASE("nothing is announced before Services, slices and Nodes were listed once") {
  table_of_here t;
  for (const auto kind : {object_kind::service, object_kind::slice, object_kind::node}) t.table.begin_list(kind);
  t.serves("web", "192.0.2.1", {"here"});
  t.table.set(node("here"));
  CHECK(t.standing("192.0.2.1") == vip_standing::waiting);
  t.table.end_list(object_kind::service);
  CHECK(t.takes() == strings{});
  t.table.end_list(object_kind::node);
  CHECK(t.takes() == strings{});
  CHECK_FALSE(t.table.is_listed());
  CHECK(t.standing("192.0.2.1") == vip_standing::waiting);
  t.table.end_list(object_kind::slice);
  CHECK(t.table.is_listed());
  CHECK(t.takes() == strings{"+192.0.2.1"});
  CHECK(t.standing("192.0.2.1") == vip_standing::announced);
  CHECK(t.hears() == strings{});
}

TEST_CASE("an address that no Service names does not stand in any way") {
  table_of_here t;
  t.lists_nodes_only();
  CHECK(t.standing("192.0.2.1") == vip_standing::none);
  CHECK(t.table.services_of(address_of("192.0.2.1")).empty());
  CHECK(t.table.address_count() == 0);
}

TEST_CASE("each change is told once, and what is told again changes nothing") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("web", "192.0.2.1", {"there"});
  CHECK(t.takes() == strings{"+192.0.2.1"});
  t.serves("web", "192.0.2.1", {"there"});
  t.table.set(node("here"));
  CHECK(t.takes() == strings{});
  CHECK(t.hears() == strings{});
}

TEST_CASE("a Service that is gone is withdrawn, and so is one that is retyped or gets another class") {
  table_of_here t;
  t.lists_nodes_only();
  auto facts = service("web", {"192.0.2.1"});
  const auto comes = [&] {
    t.table.set(service("web", {"192.0.2.1"}));
    CHECK(t.takes() == strings{"+192.0.2.1"});
  };
  t.table.set(slice("web", "web", {"there"}));
  comes();
  t.table.erase_service(facts.name);
  CHECK(t.takes() == strings{"-192.0.2.1"});
  comes();
  facts.load_balancer = false;
  t.table.set(facts);
  CHECK(t.takes() == strings{"-192.0.2.1"});
  comes();
  facts.load_balancer = true;
  facts.lb_class = "example.com/other";
  t.table.set(facts);
  CHECK(t.takes() == strings{"-192.0.2.1"});
  CHECK(t.table.service_count() == 0);
  t.table.erase_service(facts.name);
  CHECK(t.takes() == strings{});
}

TEST_CASE("with a class only Services of that class are ours") {
  table_of_here t{{"here", "example.com/isat"}};
  t.lists_nodes_only();
  t.serves("classless", "192.0.2.1", {"there"});
  auto facts = service("ours", {"192.0.2.2"});
  facts.lb_class = "example.com/isat";
  t.table.set(facts);
  t.table.set(slice("ours", "ours", {"there"}));
  CHECK(t.takes() == strings{"+192.0.2.2"});
}

TEST_CASE("a Service that gets another address gives up the first") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("web", "192.0.2.1", {"there"});
  t.takes();
  t.table.set(service("web", {"192.0.2.2", "192.0.2.3"}));
  CHECK(t.takes() == strings{"-192.0.2.1", "+192.0.2.2", "+192.0.2.3"});
  t.table.set(service("web", {}));
  CHECK(t.takes() == strings{"-192.0.2.2", "-192.0.2.3"});
}

TEST_CASE("an address that passes from one Service to another is told again only if it was away") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("old", "192.0.2.1", {"there"});
  t.table.set(slice("new", "new", {"there"}));
  t.takes();
  SUBCASE("both have it for a while") {
    t.table.set(service("new", {"192.0.2.1"}));
    CHECK(t.takes() == strings{});
    t.table.erase_service({"a", "old"});
    CHECK(t.takes() == strings{});
  }
  SUBCASE("nobody looked between the two changes") {
    t.table.erase_service({"a", "old"});
    t.table.set(service("new", {"192.0.2.1"}));
    CHECK(t.takes() == strings{});
  }
  SUBCASE("it was away") {
    t.table.erase_service({"a", "old"});
    CHECK(t.takes() == strings{"-192.0.2.1"});
    t.table.set(service("new", {"192.0.2.1"}));
    CHECK(t.takes() == strings{"+192.0.2.1"});
  }
}

TEST_CASE("a Service without an endpoint that counts is withdrawn, and that is said") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("web", "192.0.2.1", {"there"});
  t.takes();
  t.table.set(slice("web", "web", {}));
  CHECK(t.takes() == strings{"-192.0.2.1"});
  CHECK(t.standing("192.0.2.1") == vip_standing::no_endpoints);
  CHECK(t.hears() == strings{"192.0.2.1 of a/web is not announced: no endpoint is ready or serving"});
  t.table.set(slice("web", "web", {}));
  CHECK(t.hears() == strings{});
  SUBCASE("until it has one") {
    t.table.set(slice("web-2", "web", {"there"}));
    CHECK(t.takes() == strings{"+192.0.2.1"});
    CHECK(t.hears() == strings{"192.0.2.1 of a/web can be announced again"});
  }
  SUBCASE("until it has one that is on no node") {
    t.table.set(slice("web-2", "web", {}, true));
    CHECK(t.takes() == strings{"+192.0.2.1"});
  }
  SUBCASE("until it is gone, and that is not said") {
    t.table.erase_service({"a", "web"});
    CHECK(t.takes() == strings{});
    CHECK(t.hears() == strings{});
  }
}

TEST_CASE("slices that go, or turn to another Service, take their endpoints with them") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("web", "192.0.2.1", {"there"});
  t.table.set(service("other", {"192.0.2.2"}));
  CHECK(t.takes() == strings{"+192.0.2.1"});
  t.table.set(slice("web", "other", {"there"}));
  CHECK(t.takes() == strings{"-192.0.2.1", "+192.0.2.2"});
  t.table.erase_slice({"a", "web"});
  CHECK(t.takes() == strings{"-192.0.2.2"});
  t.table.set(slice("web", "", {"there"}));
  t.table.erase_slice({"a", "web"});
  CHECK(t.takes() == strings{});
}

TEST_CASE("slices may come before their Service, and only those of its namespace are its") {
  table_of_here t;
  t.lists_nodes_only();
  auto foreign = slice("web", "web", {"there"});
  foreign.name.name_space = "b";
  t.table.set(foreign);
  t.table.set(service("web", {"192.0.2.1"}));
  CHECK(t.takes() == strings{});
  t.table.erase_service({"a", "web"});
  t.table.set(slice("web", "web", {"there"}));
  t.table.set(service("web", {"192.0.2.1"}));
  CHECK(t.takes() == strings{"+192.0.2.1"});
}

TEST_CASE("if it is wished, Services without endpoints are announced") {
  service_rules rules{"here"};
  rules.announce_without_endpoints = true;
  table_of_here t{rules};
  t.lists_nodes_only();
  SUBCASE("by every node") {
    t.table.set(service("web", {"192.0.2.1"}));
    CHECK(t.takes() == strings{"+192.0.2.1"});
  }
  SUBCASE("also those that want local endpoints, until there is one elsewhere") {
    t.serves("web", "192.0.2.1", {}, true);
    CHECK(t.takes() == strings{"+192.0.2.1"});
    t.table.set(slice("web", "web", {"there"}));
    CHECK(t.takes() == strings{"-192.0.2.1"});
  }
  SUBCASE("beside one that wants a local endpoint, which still decides") {
    t.table.set(service("empty", {"192.0.2.1"}));
    t.serves("local", "192.0.2.1", {"there"}, true);
    CHECK(t.takes() == strings{});
    CHECK(t.standing("192.0.2.1") == vip_standing::no_local_endpoint);
  }
}

TEST_CASE("with externalTrafficPolicy Local the address follows the endpoints") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("web", "192.0.2.1", {"there"}, true);
  CHECK(t.takes() == strings{});
  CHECK(t.standing("192.0.2.1") == vip_standing::no_local_endpoint);
  t.table.set(slice("web", "web", {"here", "there"}));
  CHECK(t.takes() == strings{"+192.0.2.1"});
  t.table.set(slice("web", "web", {"there"}));
  CHECK(t.takes() == strings{"-192.0.2.1"});
  t.table.set(slice("web-2", "web", {"here"}));
  CHECK(t.takes() == strings{"+192.0.2.1"});
}

TEST_CASE("that this node has no endpoint of a Local Service is said each time it begins") {
  table_of_here t;
  t.lists_nodes_only();
  const strings said{
      "node here cannot announce 192.0.2.1 of a/web: it has no endpoint of a Service with externalTrafficPolicy Local"};
  t.serves("web", "192.0.2.1", {"there"}, true);
  CHECK(t.hears() == said);
  const auto notice = t.notices.back();
  CHECK(t.table.is_so(notice));
  t.table.set(slice("web-2", "web", {"there"}));
  t.table.set(node("here"));
  CHECK(t.hears() == strings{});
  t.table.set(slice("web", "web", {"here"}));
  CHECK(t.hears() == strings{});
  CHECK_FALSE(t.table.is_so(notice));
  t.table.set(slice("web", "web", {}));
  CHECK(t.hears() == said);
  SUBCASE("after that the node was out of use") {
    auto own = node("here");
    own.excluded = true;
    t.table.set(own);
    t.hears();
    CHECK_FALSE(t.table.is_so(notice));
    t.table.set(node("here"));
    CHECK(t.hears() == strings{"node here can announce addresses again", said[0]});
  }
  SUBCASE("after that nobody had one") {
    t.table.set(slice("web-2", "web", {}));
    t.hears();
    t.table.set(slice("web-2", "web", {"there"}));
    CHECK(t.hears() == strings{"192.0.2.1 of a/web can be announced again, but not by this node", said[0]});
  }
}

TEST_CASE("a Service that joins an announced address is said, and no other") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("one", "192.0.2.1", {"there"});
  CHECK(t.hears() == strings{});
  t.table.set(service("two", {"192.0.2.1"}));
  CHECK(t.hears() == strings{"a/two has 192.0.2.1 from now on, which is announced already"});
  CHECK(t.notices.back().services == std::vector<service_reference>{{{"a", "two"}, "uid-two"}});
  const auto notice = t.notices.back();
  CHECK(t.table.is_so(notice));
  SUBCASE("the same again is nothing new") {
    t.table.set(service("two", {"192.0.2.1"}));
    t.serves("one", "192.0.2.1", {"there", "here"});
    CHECK(t.hears() == strings{});
  }
  SUBCASE("one that took the place of another of that name is another") {
    auto next = service("two", {"192.0.2.1"});
    next.uid = "uid-next";
    t.table.set(next);
    CHECK(t.hears().size() == 1);
    CHECK(t.notices.back().services.front().uid == "uid-next");
    CHECK_FALSE(t.table.is_so(notice));
  }
  SUBCASE("a second address of its own is no other's") {
    t.table.set(service("two", {"192.0.2.1", "192.0.2.2"}));
    t.table.set(slice("two", "two", {"there"}));
    CHECK(t.hears() == strings{});
  }
  SUBCASE("it is not so when it goes, or when the address does") {
    SUBCASE("") { t.table.erase_service({"a", "two"}); }
    SUBCASE("") { t.table.set(slice("one", "one", {})); }
    t.takes();
    CHECK_FALSE(t.table.is_so(notice));
  }
}

TEST_CASE("an endpoint that is on no node makes a Local Service one of every node") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("web", "192.0.2.1", {"there"}, true);
  t.table.set(slice("web-2", "web", {}, true));
  CHECK(t.takes() == strings{"+192.0.2.1"});
}

TEST_CASE("a Service whose policy changes is looked at again") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("web", "192.0.2.1", {"there"}, false);
  CHECK(t.takes() == strings{"+192.0.2.1"});
  t.serves("web", "192.0.2.1", {"there"}, true);
  CHECK(t.takes() == strings{"-192.0.2.1"});
}

TEST_CASE("of Services that share an address those without endpoints do not count") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("local", "192.0.2.1", {}, true);
  t.serves("cluster", "192.0.2.1", {"there"});
  CHECK(t.takes() == strings{"+192.0.2.1"});
  t.table.set(slice("local", "local", {"there"}));
  CHECK(t.takes() == strings{"-192.0.2.1"});
  CHECK(t.standing("192.0.2.1") == vip_standing::no_local_endpoint);
  t.table.set(slice("cluster", "cluster", {}));
  t.table.set(slice("local", "local", {}));
  CHECK(t.takes() == strings{});
  CHECK(t.standing("192.0.2.1") == vip_standing::no_endpoints);
}

TEST_CASE("Local Services that share an address need a node with an endpoint of each") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("one", "192.0.2.1", {"here"}, true);
  t.serves("two", "192.0.2.1", {"there"}, true);
  CHECK(t.takes() == strings{});
  CHECK(t.standing("192.0.2.1") == vip_standing::no_common_node);
  CHECK(t.hears() == strings{"192.0.2.1 of a/one, a/two is not announced: no node has an endpoint of each of its "
                             "Services with externalTrafficPolicy Local"});
  SUBCASE("this one") {
    t.table.set(slice("two-2", "two", {"here"}));
    CHECK(t.takes() == strings{"+192.0.2.1"});
    CHECK(t.hears() == strings{"192.0.2.1 of a/one, a/two can be announced again"});
  }
  SUBCASE("or another, and then this one stays silent") {
    t.table.set(slice("one-2", "one", {"there"}));
    CHECK(t.takes() == strings{});
    CHECK(t.standing("192.0.2.1") == vip_standing::no_local_endpoint);
    CHECK(t.hears() == strings{"192.0.2.1 of a/one, a/two can be announced again, but not by this node",
                               "node here cannot announce 192.0.2.1 of a/one, a/two: it has no endpoint of a Service "
                               "with externalTrafficPolicy Local"});
  }
}

TEST_CASE("two Services that want one port of one address are announced, and that is said once") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("one", "192.0.2.1", {"there"});
  t.serves("three", "192.0.2.1", {"there"});
  CHECK(t.hears() == strings{});
  auto same = service("two", {"192.0.2.1"});
  same.ports = {{port_protocol::tcp, 80}};
  auto first = service("one", {"192.0.2.1"});
  first.ports = {{port_protocol::tcp, 80}, {port_protocol::udp, 53}};
  t.table.set(first);
  t.table.set(same);
  CHECK(t.hears() == strings{"a/two has 192.0.2.1 from now on, which is announced already",
                             "a/one, a/two share 192.0.2.1 and both want TCP port 80"});
  CHECK(t.table.is_so(t.notices.back()));
  CHECK(t.notices.back().services ==
        std::vector<service_reference>{{{"a", "one"}, "uid-one"}, {{"a", "two"}, "uid-two"}});
  CHECK(t.standing("192.0.2.1") == vip_standing::announced);
  t.table.set(slice("more", "two", {"there"}));
  CHECK(t.hears() == strings{});
  SUBCASE("another protocol is another port") {
    same.ports = {{port_protocol::udp, 80}};
    t.table.set(same);
    CHECK(t.hears() == strings{});
    CHECK_FALSE(t.table.is_so(t.notices.back()));
  }
  SUBCASE("another port that both want is said again") {
    same.ports = {{port_protocol::udp, 53}};
    t.table.set(same);
    CHECK_FALSE(t.table.is_so(t.notices.back()));
    CHECK(t.hears() == strings{"a/one, a/two share 192.0.2.1 and both want UDP port 53"});
  }
}

TEST_CASE("on a node that is missing, excluded or without network nothing is announced") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("web", "192.0.2.1", {"there"});
  t.serves("mail", "192.0.2.2", {"there"});
  t.takes();
  const strings all{"-192.0.2.1", "-192.0.2.2"};
  auto own = node("here");
  SUBCASE("missing") {
    t.table.erase_node("here");
    CHECK(t.takes() == all);
    CHECK(t.standing("192.0.2.1") == vip_standing::node_missing);
    CHECK(t.hears() == strings{"nothing is announced by this node: there is no Node here"});
  }
  SUBCASE("excluded") {
    own.excluded = true;
    t.table.set(own);
    CHECK(t.takes() == all);
    CHECK(t.standing("192.0.2.1") == vip_standing::node_excluded);
    CHECK(t.hears() == strings{"nothing is announced by this node: Node here has the label "
                               "node.kubernetes.io/exclude-from-external-load-balancers"});
  }
  SUBCASE("without network") {
    own.network_unavailable = true;
    t.table.set(own);
    CHECK(t.takes() == all);
    CHECK(t.standing("192.0.2.1") == vip_standing::network_unavailable);
    CHECK(t.hears() == strings{"nothing is announced by this node: the network of Node here is not available"});
  }
  t.table.set(node("here"));
  CHECK(t.takes() == strings{"+192.0.2.1", "+192.0.2.2"});
  CHECK(t.hears() == strings{"node here can announce addresses again"});
}

TEST_CASE("what other nodes are does not matter") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("web", "192.0.2.1", {"there"});
  t.takes();
  auto other = node("there");
  other.excluded = other.network_unavailable = other.unschedulable = true;
  t.table.set(other);
  t.table.erase_node("there");
  t.table.erase_node("unknown");
  CHECK(t.takes() == strings{});
  CHECK(t.hears() == strings{});
}

TEST_CASE("a node that is cordoned goes on, unless it is wished otherwise") {
  service_rules rules{"here"};
  SUBCASE("it goes on") {}
  SUBCASE("it does not") { rules.withdraw_when_unschedulable = true; }
  table_of_here t{rules};
  t.lists_nodes_only();
  t.serves("web", "192.0.2.1", {"there"});
  t.takes();
  auto own = node("here");
  own.unschedulable = true;
  t.table.set(own);
  CHECK(t.takes() == (rules.withdraw_when_unschedulable ? strings{"-192.0.2.1"} : strings{}));
  const auto expected = rules.withdraw_when_unschedulable ? vip_standing::node_unschedulable : vip_standing::announced;
  CHECK(t.standing("192.0.2.1") == expected);
}

TEST_CASE("trouble with an address is not said again because the node was excluded meanwhile") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("web", "192.0.2.1", {});
  CHECK(t.hears().size() == 1);
  auto own = node("here");
  own.excluded = true;
  t.table.set(own);
  CHECK(t.hears().size() == 1);
  t.table.set(node("here"));
  CHECK(t.hears() == strings{"node here can announce addresses again"});
  CHECK(t.standing("192.0.2.1") == vip_standing::no_endpoints);
}

TEST_CASE("what is wrong with endpoints is said by a node that can serve nothing, too, and so is its end") {
  table_of_here t;
  t.lists_nodes_only();
  auto own = node("here");
  SUBCASE("excluded") { own.excluded = true; }
  SUBCASE("without network") { own.network_unavailable = true; }
  t.table.set(own);
  t.hears();
  t.serves("web", "192.0.2.1", {});
  CHECK(t.hears() == strings{"192.0.2.1 of a/web is not announced: no endpoint is ready or serving"});
  CHECK(is_trouble(t.notices.back()));
  CHECK(t.table.is_so(t.notices.back()));
  const auto begun = t.notices.back();
  t.table.set(slice("web", "web", {"there"}));
  CHECK(t.hears() == strings{"192.0.2.1 of a/web can be announced again, but not by this node"});
  CHECK_FALSE(is_trouble(t.notices.back()));
  CHECK_FALSE(t.table.is_so(begun));
  t.table.set(node("here"));
  CHECK(t.hears() == strings{"node here can announce addresses again"});
}

TEST_CASE("an address of any Node is no VIP, and that is said") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("web", "192.0.2.1", {"there"});
  t.serves("mail", "192.0.2.2", {"there"});
  t.takes();
  t.table.set(node("there", {"192.0.2.1"}));
  CHECK(t.takes() == strings{"-192.0.2.1"});
  CHECK(t.standing("192.0.2.1") == vip_standing::node_address);
  CHECK(t.table.is_taken(*ipv4_address::parse("192.0.2.1")));
  CHECK_FALSE(t.table.is_taken(*ipv4_address::parse("192.0.2.254")));
  CHECK(t.hears() == strings{"192.0.2.1 of a/web is not announced: it is the address of Node there"});
  SUBCASE("until the Node has another") { t.table.set(node("there", {"192.0.2.9"})); }
  SUBCASE("until the Node is gone") { t.table.erase_node("there"); }
  SUBCASE("until the Nodes are listed without it") {
    t.table.begin_list(object_kind::node);
    t.table.set(node("here"));
    t.table.end_list(object_kind::node);
  }
  SUBCASE("until the last Node that has it is gone") {
    t.table.set(node("third", {"192.0.2.1"}));
    t.table.erase_node("there");
    CHECK(t.takes() == strings{});
    t.table.erase_node("third");
  }
  CHECK(t.takes() == strings{"+192.0.2.1"});
  CHECK(t.hears() == strings{"192.0.2.1 of a/web can be announced again"});
}

TEST_CASE("an address that an announcing interface carries is no VIP, and that is said") {
  table_of_here t;
  t.table.set_carried_addresses({address_of("192.0.2.7"), address_of("192.0.2.1")});
  t.lists_nodes_only();
  t.serves("web", "192.0.2.1", {"there"});
  CHECK(t.takes() == strings{});
  CHECK(t.standing("192.0.2.1") == vip_standing::carried_address);
  CHECK(t.hears() == strings{"192.0.2.1 of a/web is not announced: an announcing interface of node here carries it"});
  t.table.set_carried_addresses({address_of("192.0.2.7")});
  CHECK(t.takes() == strings{"+192.0.2.1"});
  CHECK(t.hears() == strings{"192.0.2.1 of a/web can be announced again"});
}

TEST_CASE("a list takes away what is not in it, at its end and not before") {
  table_of_here t;
  t.lists_nodes_only();
  t.serves("web", "192.0.2.1", {"there"});
  t.serves("mail", "192.0.2.2", {"there"});
  t.takes();
  SUBCASE("of Services") {
    t.table.begin_list(object_kind::service);
    t.table.set(service("mail", {"192.0.2.2"}));
    CHECK(t.takes() == strings{});
    t.table.end_list(object_kind::service);
    CHECK(t.takes() == strings{"-192.0.2.1"});
    t.table.end_list(object_kind::service);  // a watch goes on, nothing was missed
    CHECK(t.takes() == strings{});
  }
  SUBCASE("of slices") {
    t.table.begin_list(object_kind::slice);
    t.table.set(slice("web", "web", {"there"}));
    CHECK(t.takes() == strings{});
    t.table.end_list(object_kind::slice);
    CHECK(t.takes() == strings{"-192.0.2.2"});
  }
  SUBCASE("of Nodes") {
    t.table.begin_list(object_kind::node);
    t.table.set(node("there"));
    CHECK(t.takes() == strings{});
    t.table.end_list(object_kind::node);
    CHECK(t.takes() == strings{"-192.0.2.1", "-192.0.2.2"});
  }
  SUBCASE("a list that is begun again counts for nothing") {
    t.table.begin_list(object_kind::service);
    t.table.set(service("mail", {"192.0.2.2"}));
    t.table.begin_list(object_kind::service);
    t.table.set(service("web", {"192.0.2.1"}));
    t.table.end_list(object_kind::service);
    CHECK(t.takes() == strings{"-192.0.2.2"});
  }
}

TEST_CASE("entries of a status that are no VIPs are said once each") {
  table_of_here t;
  t.lists_nodes_only();
  auto facts = service("web", {"192.0.2.1"});
  facts.flaws = {{ingress_flaw::unreadable, "gar.bage"}, {ingress_flaw::ipv6, "2001:db8::1"}};
  t.table.set(facts);
  t.table.set(slice("web", "web", {"there"}));
  CHECK(t.takes() == strings{"+192.0.2.1"});
  CHECK(t.hears() == strings{R"(the status of a/web names no VIP: "gar.bage" is no IPv4 address)",
                             R"(the status of a/web names no VIP: "2001:db8::1" is an IPv6 address, and these are not )"
                             "announced"});
  t.table.set(facts);
  CHECK(t.hears() == strings{});
  facts.flaws = {{ingress_flaw::ipv6, "2001:db8::1"}, {ingress_flaw::unusable, "127.0.0.1"}};
  t.table.set(facts);
  CHECK(t.hears() == strings{R"(the status of a/web names no VIP: "127.0.0.1" can be no host's address)"});
}

TEST_CASE("the Services of an address are named in order, with their uids") {
  table_of_here t;
  for (const char* name : {"b", "c", "a"}) t.table.set(service(name, {"192.0.2.1"}));
  const std::vector<service_reference> all{{{"a", "a"}, "uid-a"}, {{"a", "b"}, "uid-b"}, {{"a", "c"}, "uid-c"}};
  CHECK(t.table.services_of(address_of("192.0.2.1")) == all);
}

TEST_CASE("what has gone takes no memory any more") {
  table_of_here t;
  t.lists_nodes_only();
  const std::size_t before = t.table.memory();
  const auto name_of = [](int i) { return "service-with-a-longer-name-" + std::to_string(i); };
  for (int i = 0; i < 100; ++i) {
    auto facts = service(name_of(i), {"192.0.2." + std::to_string(i + 1)});
    facts.flaws = {{ingress_flaw::hostname, "a-name-of-more-than-fifteen-octets"}};
    t.table.set(facts);
    t.table.set(slice(name_of(i), name_of(i), {"node-" + std::to_string(i), "there"}));
  }
  t.takes();
  CHECK(t.table.memory() > before + 100 * 300);
  CHECK(t.table.memory() < before + 100 * 2000);
  for (int i = 0; i < 100; ++i) {
    if (i % 2 == 0) t.table.erase_slice({"a", name_of(i)});
    t.table.erase_service({"a", name_of(i)});
    if (i % 2 == 1) t.table.erase_slice({"a", name_of(i)});
  }
  t.takes();
  CHECK(t.table.memory() < before + 100 * 40);  // what remembers the numbers of nodes' names
}
