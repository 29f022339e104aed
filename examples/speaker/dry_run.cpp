// SPDX-License-Identifier: BSL-1.0

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

}  // namespace

std::string dry_run(const options& what) {
  const selection found = select_interfaces(what.interfaces);
  if (what.strict) require_all(found);
  std::string report;
  const auto out = std::back_inserter(report);
  fmt::format_to(out, "would announce {} on {} as node {} with elector {}\n", counted(count_vips(what.vips), "VIP"),
                 counted(found.links.size(), "interface"), what.node_name, what.elector_text());
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
