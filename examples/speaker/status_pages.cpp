// SPDX-License-Identifier: BSL-1.0

#include "group_label.hpp"
#include "isat/lease_clock.hpp"
#include "run_metrics.hpp"
#include "series_stream.hpp"
#include "status_pages.hpp"

#include <prometheus/metric_type.h>

#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace speakerd {

namespace {

using isat::group_id;
using isat::election::group_names;
using isat::election::layout;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

http_answer verdict(std::string sentence) {
  const unsigned status = sentence.empty() ? 200 : 503;
  if (sentence.empty()) sentence = "ok";
  return {.status = status, .body = std::move(sentence) + '\n'};
}

ClientMetric gauge(std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  return metric;
}

/// For how long this node may still answer for a group.
double margin(const isat::election::leadership& leadership) {
  const isat::lease_time now = isat::lease_clock::now();
  if (!leadership.covers(now)) return 0;
  if (leadership.valid_until == isat::lease_time::max()) return std::numeric_limits<double>::infinity();
  return std::chrono::duration<double>{-isat::elapsed_for_holder(leadership.valid_until, now)}.count();
}

/// The groups of a layout that there are now: all of them are numbers, or all of them are addresses. The speaker may
/// have ids of other layouts, too.
std::vector<std::pair<group_id, std::string>> groups_of(const isat::speaker& speaker, const layout& shape,
                                                        const group_names* names) {
  std::vector<std::pair<group_id, std::string>> result;
  for (std::size_t at = 0; at < speaker.leaderships().size(); ++at) {
    const auto group = static_cast<group_id>(at);
    const bool counts = shape.is_per_address() ? names != nullptr && names->address_of(group) : at < shape.count;
    if (counts) result.emplace_back(group, group_label(group, names));
  }
  return result;
}

series_stream margins(const isat::speaker& speaker, const layout& shape, const group_names* names) {
  MetricFamily head{"isat_leadership_margin_seconds",
                    "How long this node may still answer for a group without renewing its lease; 0: it may not",
                    MetricType::Gauge,
                    {}};
  auto groups = groups_of(speaker, shape, names);
  const std::size_t count = groups.size();
  return {std::move(head), count, [&speaker, groups = std::move(groups)](std::size_t at) {
            const auto& [group, label] = groups[at];
            return gauge({{"group", label}}, margin(speaker.leaderships().find(group)));
          }};
}

/// Of the VIPs as they are now: one that goes meanwhile is told as it was, one that comes with the next scrape.
series_stream owned_vips(const isat::speaker& speaker, const group_names* names) {
  MetricFamily head{"isat_vip_owned", "1 while this node answers for the VIP", MetricType::Gauge, {}};
  std::vector<std::pair<isat::ipv4_address, group_id>> vips;
  vips.reserve(speaker.vips().size());
  speaker.vips().for_each([&](const isat::responder::vip& each) { vips.emplace_back(each.address, each.group); });
  const std::size_t count = vips.size();
  return {std::move(head), count, [&speaker, names, vips = std::move(vips)](std::size_t at) {
            const auto& [address, group] = vips[at];
            const bool is_owned = speaker.leaderships().leads(group, isat::lease_clock::now());
            return gauge({{"vip", address.to_string()}, {"group", group_label(group, names)}}, is_owned ? 1 : 0);
          }};
}

}  // namespace

http_answer status_pages::find(std::string_view path) const {
  if (path == "/healthz") return verdict(source_.pulse.illness());
  if (path == "/readyz") return verdict(source_.pulse.lack());
  if (path == "/metrics") return metrics();
  return {.status = 404, .body = "there are /healthz, /readyz and /metrics\n"};
}

http_answer status_pages::metrics() const {
  const isat::speaker& speaker = source_.speaker;
  metric_families families;
  add_totals(families, speaker, isat::lease_clock::now());
  add_interfaces(families, speaker);
  const run_state state = source_.state();
  add_state(families, state, source_.pulse.lateness());
  if (state.events) add_service_events(families, *state.events);
  if (const auto octets = source_.source_memory ? source_.source_memory() : std::nullopt) {
    add_source_memory(families, *octets);
  }
  for (MetricFamily& each : source_.events.collect()) families.push_back(std::move(each));
  add_process(families);
  http_answer answer{.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_text(families)};
  auto streams = std::make_shared<std::vector<series_stream>>();  // the last is the next to be sent
  if (extent_ == metrics_extent::vips) streams->push_back(owned_vips(speaker, source_.groups));
  const layout shape = source_.layout();
  const bool tells_groups = extent_ == metrics_extent::vips || !shape.is_per_address();
  if (tells_groups) streams->push_back(margins(speaker, shape, source_.groups));
  answer.next_piece = [streams](std::string& piece) {
    while (piece.empty() && !streams->empty()) {
      piece = streams->back().next();
      if (piece.empty()) streams->pop_back();
    }
  };
  return answer;
}

}  // namespace speakerd
