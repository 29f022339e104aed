// SPDX-License-Identifier: BSL-1.0

#include "isat/lease_clock.hpp"
#include "service_events.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <variant>

namespace speakerd {

namespace {

namespace kubernetes = isat::kubernetes;

kubernetes::event_recorder_options options_of(const std::string& node_name, const logger& log) {
  kubernetes::event_recorder_options wanted;
  wanted.node_name = node_name;
  wanted.on_failure = [&log](const isat::error_code&, const std::string& sentence) {
    log.warn("Events on Services cannot be written", {{"reason", sentence}});
  };
  return wanted;
}

std::string_view reason_of(kubernetes::vip_standing standing) noexcept {
  using kubernetes::vip_standing;
  switch (standing) {
    case vip_standing::node_address:
      return "AddressOfNode";
    case vip_standing::carried_address:
      return "AddressOfInterface";
    case vip_standing::no_endpoints:
      return "NoEndpoints";
    case vip_standing::no_common_node:
      return "NoCommonNode";
    case vip_standing::none:
    case vip_standing::announced:
    case vip_standing::waiting:
    case vip_standing::node_missing:
    case vip_standing::node_excluded:
    case vip_standing::network_unavailable:
    case vip_standing::node_unschedulable:
    case vip_standing::no_local_endpoint:
      break;
  }
  return {};
}

/// Empty for what is no Service's trouble.
std::string_view reason_of(const kubernetes::service_notice& notice) noexcept {
  switch (notice.kind) {
    case kubernetes::notice_kind::address:
      return reason_of(notice.standing);
    case kubernetes::notice_kind::port:
      return "PortConflict";
    case kubernetes::notice_kind::ingress:
      return "UnusableAddress";
    case kubernetes::notice_kind::none:
    case kubernetes::notice_kind::node:
      break;
  }
  return {};
}

}  // namespace

service_events::service_events(kubernetes::api_client& client, const kubernetes::service_source& source,
                               std::string node_name, const logger& log)
    : source_{source}, node_name_{std::move(node_name)}, recorder_{client, options_of(node_name_, log)} {}

void service_events::note(const isat::speaker_event& event, const isat::speaker& speaker) {
  if (const auto* joined = std::get_if<isat::interface_joined>(&event)) interfaces_.insert(joined->link.name);
  if (const auto* left = std::get_if<isat::interface_left>(&event)) interfaces_.erase(left->link.name);
  if (const auto* gained = std::get_if<isat::leadership_gained>(&event)) {
    speaker.vips().for_each([&](const isat::responder::vip& each) {
      if (each.group == gained->group) tell_owner(each.address, gained->term);
    });
  }
  if (const auto* added = std::get_if<isat::vip_added>(&event)) {
    const auto leadership = speaker.leaderships().find(added->group);
    if (leadership.covers(isat::lease_clock::now())) tell_owner(added->vip, leadership.term);
  }
}

void service_events::note(const kubernetes::service_source_notice& notice) {
  const auto* const told = std::get_if<kubernetes::service_notice>(&notice);
  if (told == nullptr) return;
  const std::string_view reason = reason_of(*told);
  if (reason.empty()) return;
  for (const auto& service : told->services) {
    recorder_.record({service, kubernetes::event_type::warning, std::string{reason}, "Announce", to_text(*told)});
  }
}

// The same words may be true again: after the address has been with another node, in another term.
void service_events::tell_owner(isat::ipv4_address vip, std::uint64_t term) {
  const std::string note = fmt::format("node {} answers for {} on {}", node_name_, vip.to_string(), interfaces());
  for (const auto& service : source_.table().services_of(vip)) {
    recorder_.record({service, kubernetes::event_type::normal, "Announcing", "Announce", note, std::to_string(term)});
  }
}

std::string service_events::interfaces() const {
  std::string list;
  for (const std::string& each : interfaces_) list += (list.empty() ? "" : ", ") + each;
  return list.empty() ? "no interface" : list;
}

}  // namespace speakerd
