// SPDX-License-Identifier: BSL-1.0

#include "duration_text.hpp"
#include "print_config.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <iterator>

namespace speakerd {

namespace {

/// A double-quoted YAML scalar: names may look like numbers, null, aliases or anything else.
std::string scalar(std::string_view text) { return "\"" + escaped(text, escape_style::hexadecimal) + "\""; }

void add_services(std::string& yaml, const service_choice& services) {
  const auto out = std::back_inserter(yaml);
  if (!services.lb_class.empty()) fmt::format_to(out, "lb-class: {}\n", scalar(services.lb_class));
  if (!services.pool.empty()) yaml += "assign-pool:\n";
  for (const vip_range& range : services.pool) fmt::format_to(out, "  - {}\n", range.text);
  fmt::format_to(out, "announce-without-endpoints: {}\n", services.announce_without_endpoints);
  fmt::format_to(out, "withdraw-when-cordoned: {}\n", services.withdraw_when_cordoned);
}

}  // namespace

std::string to_yaml(const options& effective) {
  std::string yaml = "interface:\n";
  const auto out = std::back_inserter(yaml);
  for (const auto& pattern : effective.interfaces) fmt::format_to(out, "  - {}\n", scalar(pattern.text()));
  if (!effective.vips.empty()) yaml += "vip:\n";
  for (const vip_range& range : effective.vips) fmt::format_to(out, "  - {}\n", range.text);
  fmt::format_to(out, "source: {}\n", to_string(effective.source));
  if (effective.source == source_kind::kubernetes) add_services(yaml, effective.services);
  fmt::format_to(out, "elector: {}\n", scalar(effective.elector_text()));
  const cluster_choice& cluster = effective.cluster;
  if (!cluster.kubeconfig.empty()) fmt::format_to(out, "kubeconfig: {}\n", scalar(cluster.kubeconfig));
  if (!cluster.api_servers.empty()) yaml += "api-server:\n";
  for (const std::string& url : cluster.api_servers) fmt::format_to(out, "  - {}\n", scalar(url));
  fmt::format_to(out, "lease-name: {}\n", scalar(effective.lease_name));
  fmt::format_to(out, "groups: {}\n", to_text(effective.layout_wish));
  fmt::format_to(out, "rebalance: {}\n", effective.rebalance);
  fmt::format_to(out, "profile: {}\n", to_string(effective.profile));
  fmt::format_to(out, "lease-duration: {}\n", to_text(effective.timing.duration));
  fmt::format_to(out, "renew-period: {}\n", to_text(effective.timing.renew_period));
  fmt::format_to(out, "attempt-timeout: {}\n", to_text(effective.timing.attempt_timeout));
  fmt::format_to(out, "mac: {}\n", to_string(effective.mac));
  fmt::format_to(out, "node-name: {}\n", scalar(effective.node_name));
  fmt::format_to(out, "strict: {}\n", effective.strict);
  fmt::format_to(out, "wait: {}\n", wait_text(cluster.wait));
  if (effective.http) fmt::format_to(out, "http: {}\n", scalar(to_text(*effective.http)));
  fmt::format_to(out, "metrics: {}\n", to_string(effective.metrics));
  fmt::format_to(out, "log-level: {}\n", to_string(effective.level));
  fmt::format_to(out, "log-format: {}\n", to_string(effective.format));
  return yaml;
}

}  // namespace speakerd
