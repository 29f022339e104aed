// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/service/assignment_notice.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using isat::ipv4_address;
using isat::kubernetes::assignment_news;
using isat::kubernetes::assignment_notice;
using isat::kubernetes::event_type;

namespace {

assignment_notice notice_of(assignment_news news) {
  return {news, {{"shop", "web"}, "6f2c"}, *ipv4_address::parse("192.0.2.7"), {"shop", "dns"}, "odd"};
}

}  // namespace

TEST_CASE("each notice is a sentence of its own that names its Service, and an Event with a reason of its own") {
  std::set<std::string> sentences;
  std::set<std::string> reasons;
  for (int news = 1; news <= 8; ++news) {
    const auto notice = notice_of(static_cast<assignment_news>(news));
    CAPTURE(news);
    CHECK(to_text(notice).starts_with("shop/web: "));
    CHECK(to_text(notice).back() != '.');
    const auto event = to_event(notice);
    CHECK(event.service == notice.service);
    CHECK(event.type == (is_trouble(notice.news) ? event_type::warning : event_type::normal));
    CHECK_FALSE(event.note.empty());
    sentences.insert(to_text(notice));
    reasons.insert(event.reason);
  }
  CHECK(sentences.size() == 8);
  CHECK(reasons.size() == 8);
}

TEST_CASE("a notice says which address, what was wanted and who has it") {
  CHECK(to_text(notice_of(assignment_news::assigned)) == "shop/web: 192.0.2.7 is assigned to it");
  CHECK(to_text(notice_of(assignment_news::unreadable)) == "shop/web: what it wants is no IPv4 address: odd");
  CHECK(to_text(notice_of(assignment_news::in_use)).find("192.0.2.7, which shop/dns has") != std::string::npos);
  auto elsewhere = notice_of(assignment_news::in_use);
  elsewhere.other = {};
  CHECK(to_text(elsewhere) == "shop/web: it wants 192.0.2.7, which is in use already");
  auto block = notice_of(assignment_news::not_ours);
  block.service = {};
  CHECK(to_text(block).starts_with("the record of the addresses from 192.0.2.7 on"));
}
