// SPDX-License-Identifier: BSL-1.0

#include "cluster_access.hpp"
#include "dry_run.hpp"
#include "duration_text.hpp"
#include "host.hpp"
#include "start_warnings.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

namespace speakerd {

namespace {

std::string_view state_of(const isat::transport::link_state& link) noexcept {
  if (!link.up) return "down";
  return link.carrier ? "up" : "up without carrier";
}

/// How an election would be held: what this speaker wishes for, and how it would behave itself.
std::string describe_election(const options& what) {
  return fmt::format(
      "layout wished for: {} with leases of {}, rebalancing {}\n"
      "timing: renewed every {}, attempts of at most {}\n",
      to_text(what.layout_wish), to_text(what.timing.duration), what.rebalance ? "on" : "off",
      to_text(what.timing.renew_period), to_text(what.timing.attempt_timeout));
}

/// What would be asked of the cluster.
std::string describe_cluster(const options& what) {
  const isat::kubernetes::cluster_config cluster = find_cluster(what);
  std::string report = fmt::format("API servers: {}{}\n", describe_servers(cluster),
                                   asks_for_servers(what) ? " and those that this one knows of" : "");
  if (what.elector == elector_kind::kubernetes) {
    report += fmt::format("leases {}-* in namespace {}, ", what.lease_name, cluster.name_space);
  }
  report += fmt::format("authenticated by {}\n", describe_user(cluster.user));
  if (cluster.insecure_skip_tls_verify) {
    report +=
        "warning: the kubeconfig says insecure-skip-tls-verify: anybody on the way could be taken for the API server\n";
  }
  return report;
}

}  // namespace

std::string dry_run(const options& what) {
  const selection found = select_interfaces(what.interfaces);
  if (what.strict) require_all(found);
  std::string report;
  const auto out = std::back_inserter(report);
  fmt::format_to(out, "would announce {} on {} as node {} with elector {}\n", what.vips_text(),
                 counted(found.links.size(), "interface"), what.node_name, what.elector_text());
  if (what.uses_cluster()) report += describe_cluster(what);
  if (what.elector != elector_kind::always) report += describe_election(what);
  for (const auto& link : found.links) {
    fmt::format_to(out, "interface {}: mac {}, {}\n", link.name, link.mac.to_string(), state_of(link));
  }
  for (const std::string& problem : describe_problems(found)) fmt::format_to(out, "{}\n", problem);
  for (const vip_range& range : what.vips) {
    fmt::format_to(out, "vip {}{}\n", range.text,
                   range.count() == 1 ? std::string{} : fmt::format(": {}", counted(range.count(), "address")));
  }
  for (const std::string& warning : start_warnings(found.links, what)) {
    fmt::format_to(out, "warning: {}\n", warning);
  }
  return report;
}

}  // namespace speakerd
