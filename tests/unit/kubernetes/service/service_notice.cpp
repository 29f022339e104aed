// SPDX-License-Identifier: BSL-1.0

// Sentences that no table comes to make in service_table.cpp.

#include "isat/kubernetes/service/service_notice.hpp"
#include "service_facts_builder.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace isat::kubernetes;

namespace {

service_notice about(notice_kind kind, vip_standing standing) {
  service_notice notice;
  notice.kind = kind;
  notice.standing = standing;
  notice.node = std::string{"n"};
  notice.address = isat::test::address_of("192.0.2.1");
  notice.services = {{{"a", "web"}, "u"}};
  return notice;
}

std::string flawed(ingress_flaw flaw, std::string text) {
  service_notice notice = about(notice_kind::ingress, vip_standing::none);
  notice.ingress = {flaw, std::move(text)};
  return to_text(notice);
}

}  // namespace

TEST_CASE("a sentence names three Services at most") {
  auto notice = about(notice_kind::address, vip_standing::no_endpoints);
  notice.services.clear();
  for (const char* name : {"p", "q", "r", "s", "t"}) notice.services.push_back({{"a", name}, ""});
  CHECK(to_text(notice) == "192.0.2.1 of a/p, a/q, a/r and 2 more is not announced: no endpoint is ready or serving");
}

TEST_CASE("a sentence says what is wrong with an entry of a status") {
  CHECK(flawed(ingress_flaw::hostname, "lb.example.com") ==
        R"(the status of a/web names no VIP: a hostname, "lb.example.com", stands for an address)");
  CHECK(flawed(ingress_flaw::too_many, "192.0.2.17") ==
        R"(the status of a/web names no VIP: "192.0.2.17" comes after 16 others, and that is the most)");
}

TEST_CASE("a sentence says what is wrong with a port and this node") {
  auto notice = about(notice_kind::port, vip_standing::none);
  notice.services.push_back({{"b", "web"}, ""});
  notice.port = {port_protocol::sctp, 5};
  CHECK(to_text(notice) == "a/web, b/web share 192.0.2.1 and both want SCTP port 5");
  CHECK(to_text(about(notice_kind::node, vip_standing::node_unschedulable)) ==
        "nothing is announced by this node: Node n is cordoned");
  CHECK(to_text(service_notice{}).empty());
}

TEST_CASE("a notice is trouble unless it is the end of some") {
  CHECK(is_trouble(about(notice_kind::port, vip_standing::none)));
  CHECK(is_trouble(about(notice_kind::ingress, vip_standing::none)));
  CHECK(is_trouble(about(notice_kind::node, vip_standing::node_excluded)));
  CHECK(is_trouble(about(notice_kind::address, vip_standing::no_endpoints)));
  CHECK_FALSE(is_trouble(about(notice_kind::node, vip_standing::announced)));
  CHECK_FALSE(is_trouble(about(notice_kind::address, vip_standing::announced)));
  CHECK_FALSE(is_trouble(about(notice_kind::address, vip_standing::no_local_endpoint)));
}
