// SPDX-License-Identifier: BSL-1.0

#include "isat/election/always_leader.hpp"
#include "isat/source/static_source.hpp"
#include "isat/transport/memory_link.hpp"
#include "series_stream.hpp"
#include "status_pages.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace speakerd;
using namespace std::chrono_literals;

namespace {

namespace asio = isat::asio;

std::vector<isat::responder::vip> vips(std::uint32_t count) {
  std::vector<isat::responder::vip> result;
  for (std::uint32_t at = 0; at < count; ++at) {
    result.push_back({.address = isat::ipv4_address{0x0a4d0000 + at}});
  }
  return result;
}

/// A speaker in memory that leads all its VIPs, and the pages about it.
struct run {
  asio::io_context context{1};
  isat::transport::memory_link segment{context.get_executor()};
  isat::election::always_leader elector{context.get_executor()};
  isat::source::static_source source;
  isat::speaker speaker;
  asio::cancellation_signal stop;
  run_state state{run_phase::running, true, 0ns, 1, {}};
  health pulse{context.get_executor(), [this] { return state; }};
  event_metrics events{"isat"};
  std::optional<std::size_t> source_memory;
  isat::election::group_names groups;
  isat::election::layout layout;
  status_pages pages;

  explicit run(std::uint32_t count, metrics_extent extent = metrics_extent::vips)
      : source{context.get_executor(), vips(count)},
        speaker{context.get_executor(), elector, source},
        pages{{speaker, pulse, events, [this] { return state; }, [this] { return layout; }, &groups,
               [this] { return source_memory; }},
              extent} {
    speaker.attach(segment.attach("eth0", isat::mac_address{{2, 0, 0, 0, 0, 1}}));
    pulse.start();
    speaker.async_run(asio::bind_cancellation_slot(stop.slot(), [](isat::error_code) {}));
    context.run_for(20ms);
  }

  std::string metrics(std::size_t* longest = nullptr) {
    http_answer answer = pages.find("/metrics");
    std::string all = answer.body;
    for (std::string piece; answer.next_piece; piece.clear()) {
      answer.next_piece(piece);
      if (piece.empty()) break;
      if (longest != nullptr) *longest = std::max(*longest, piece.size());
      all += piece;
    }
    return all;
  }
};

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("who is well and ready says so, and who is not says why") {
  run each{1};
  CHECK(each.pages.find("/healthz").status == 200);
  CHECK(each.pages.find("/healthz").body == "ok\n");
  CHECK(each.pages.find("/readyz").status == 200);
  each.state.interfaces = 0;
  CHECK(each.pages.find("/healthz").status == 200);
  CHECK(each.pages.find("/readyz").status == 503);
  CHECK(each.pages.find("/readyz").body == "no interface to announce on is open yet\n");
  each.state.election = election_state{};
  CHECK(each.pages.find("/healthz").status == 503);
  CHECK(each.pages.find("/healthz").body == "the election has ended\n");
}

TEST_CASE("there are no other pages") {
  const run each{1};
  for (const std::string_view path : {"/", "", "/healthz/", "/metrics/x", "/HEALTHZ", "*"}) {
    CHECK(each.pages.find(path).status == 404);
    CHECK(each.pages.find(path).body == "there are /healthz, /readyz and /metrics\n");
  }
}

TEST_CASE("what the source takes is told where it is known") {
  run each{1};
  CHECK(each.metrics().find("isat_source_memory_bytes") == std::string::npos);
  each.source_memory = 12345;
  CHECK(has_line(each.metrics(), "isat_source_memory_bytes 12345"));
}

TEST_CASE("what was counted is in the metrics, and each frame that came in is in one series") {
  run each{2};
  const std::vector<std::byte> garbage(60);
  for (int count = 0; count < 5; ++count) each.segment.send(garbage);
  each.segment.inject(garbage);
  each.context.restart();
  each.context.run_for(20ms);
  const std::string text = each.metrics();
  CHECK(has_line(text, "isat_vips_known 2"));
  CHECK(has_line(text, "isat_vips_owned 2"));
  CHECK(has_line(text, "isat_groups_led 1"));
  CHECK(has_line(text, "isat_interfaces 1"));
  CHECK(has_line(text, "isat_source_sync_age_seconds 0"));
  CHECK(has_line(text, "isat_leadership_margin_seconds{group=\"0\"} +Inf"));
  CHECK(has_line(text, "isat_vip_owned{vip=\"10.77.0.0\",group=\"0\"} 1"));
  CHECK(has_line(text, "isat_vip_owned{vip=\"10.77.0.1\",group=\"0\"} 1"));
  const auto* eth0 = each.speaker.find_interface(isat::interface_id{});
  REQUIRE(eth0 != nullptr);
  CHECK(eth0->counted().announcements > 0);
  CHECK(has_line(text,
                 "isat_arp_announcements_total{interface=\"eth0\"} " + std::to_string(eth0->counted().announcements)));
  std::uint64_t sum = 0;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("isat_arp_received_total{")) sum += std::stoull(line.substr(line.rfind(' ')));
  }
  CHECK(eth0->counted().received > 0);
  CHECK(sum == eth0->counted().received);
}

TEST_CASE("what became of Events on Services is in the metrics, where there are any") {
  run each{1};
  CHECK(each.metrics().find("isat_events_total") == std::string::npos);
  each.state.events = isat::kubernetes::event_counters{4, 3, 2, 1};
  const std::string text = each.metrics();
  CHECK(has_line(text, "# TYPE isat_events_total counter"));
  CHECK(has_line(text, "isat_events_total{outcome=\"told\"} 4"));
  CHECK(has_line(text, "isat_events_total{outcome=\"repeated\"} 3"));
  CHECK(has_line(text, "isat_events_total{outcome=\"failed\"} 2"));
  CHECK(has_line(text, "isat_events_total{outcome=\"forgotten\"} 1"));
}

TEST_CASE("the groups of the layout have a series each, whatever was seen of another layout's") {
  using isat::election::grouping;
  run each{1};
  each.elector.set_candidate(each.groups.see(isat::ipv4_address{0xc0000201}).value(), true);
  const std::string of_number = "isat_leadership_margin_seconds{group=\"0\"} +Inf";
  const std::string of_address = "isat_leadership_margin_seconds{group=\"192.0.2.1\"} +Inf";
  const auto series = [&each] {
    const std::string text = each.metrics();
    std::size_t count = 0;
    for (auto at = text.find("_margin_seconds{"); at != text.npos; at = text.find("_margin_seconds{", at + 1)) ++count;
    return count;
  };
  CHECK(has_line(each.metrics(), of_number));
  CHECK(series() == 1);
  each.layout = {.mode = grouping::service, .count = 0};
  CHECK(has_line(each.metrics(), of_address));
  CHECK(series() == 1);
  each.groups.release_all();
  CHECK(series() == 0);
  each.layout = {.mode = grouping::shards, .count = 8};
  CHECK(has_line(each.metrics(), of_number));
  CHECK(series() == 8);
}

TEST_CASE("totals tell of each group of a layout with few of them, although ids of others' are large") {
  run each{1, metrics_extent::totals};
  each.elector.set_candidate(each.groups.see(isat::ipv4_address{0xc0000201}).value(), true);
  CHECK(has_line(each.metrics(), "isat_leadership_margin_seconds{group=\"0\"} +Inf"));
}

TEST_CASE("with totals only, the number of VIPs shows in no number of lines") {
  run few{1, metrics_extent::totals};
  run many{1'000, metrics_extent::totals};
  const std::string text = many.metrics();
  CHECK(has_line(text, "isat_vips_owned 1000"));
  CHECK(text.find("isat_vip_owned") == std::string::npos);
  const std::string other = few.metrics();
  CHECK(std::count(text.begin(), text.end(), '\n') == std::count(other.begin(), other.end(), '\n'));
}

TEST_CASE("ten thousand VIPs come in small pieces, each VIP once, under one help and one type") {
  run each{10'000};
  std::size_t longest = 0;
  const std::string text = each.metrics(&longest);
  CHECK(longest < 8'192);
  std::set<std::string> names;
  std::istringstream lines{text};
  std::size_t heads = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("isat_vip_owned{")) CHECK(names.insert(line).second);
    if (line.starts_with("# TYPE isat_vip_owned ") || line.starts_with("# HELP isat_vip_owned ")) ++heads;
  }
  CHECK(names.size() == 10'000);
  CHECK(heads == 2);
}

TEST_CASE("a metric without series has no line at all") {
  series_stream none{
      {"name", "help", prometheus::MetricType::Gauge, {}}, 0, [](std::size_t) { return prometheus::ClientMetric{}; }};
  CHECK(none.next().empty());
  CHECK(none.next().empty());
}
