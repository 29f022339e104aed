// SPDX-License-Identifier: BSL-1.0

#include "isat/lease_clock.hpp"
#include "service_events.hpp"
#include "service_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <variant>

namespace speakerd {

namespace {

namespace kubernetes = isat::kubernetes;

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
    case kubernetes::notice_kind::local:
      return "NoLocalEndpoint";
    case kubernetes::notice_kind::none:
    case kubernetes::notice_kind::node:
    case kubernetes::notice_kind::joined:
      break;
  }
  return {};
}

/// A sentence for people; of what this node is to tell because it leads, with the remedy.
std::string sentence_of(const kubernetes::service_notice& notice) {
  constexpr std::string_view remedy =
      ", and leads the group of the address, so nobody announces it: let each address be a group of its own "
      "(isat-speaker --groups service), or have an endpoint on every node";
  std::string text = to_text(notice);
  if (notice.kind == kubernetes::notice_kind::local) text += remedy;
  return text;
}

}  // namespace

std::unique_ptr<kubernetes::event_recorder> make_event_recorder(kubernetes::api_client* client, const options& what,
                                                                const logger& log) {
  if (what.source != source_kind::kubernetes) return nullptr;
  kubernetes::event_recorder_options wanted;
  wanted.node_name = what.node_name;
  wanted.on_failure = [&log](const isat::error_code&, const std::string& sentence) {
    log.warn("Events on Services cannot be written", {{"reason", sentence}});
  };
  return std::make_unique<kubernetes::event_recorder>(*client, std::move(wanted));
}

service_events::service_events(events_source source, kubernetes::event_recorder& recorder, std::string node_name,
                               const logger& log, std::chrono::nanoseconds hold)
    : source_{std::move(source)},
      recorder_{recorder},
      node_name_{std::move(node_name)},
      log_{log},
      troubles_{source_.services.table(), source_.duty, hold},
      timer_{source_.speaker.get_executor()} {}

void service_events::note(const isat::speaker_event& event) {
  const isat::speaker& speaker = source_.speaker;
  if (const auto* joined = std::get_if<isat::interface_joined>(&event)) interfaces_.insert(joined->link.name);
  if (const auto* left = std::get_if<isat::interface_left>(&event)) interfaces_.erase(left->link.name);
  if (const auto* gained = std::get_if<isat::leadership_gained>(&event)) {
    speaker.vips().for_each([&](const isat::responder::vip& each) {
      if (each.group == gained->group) tell_owner(each.address, gained->term);
    });
    troubles_.note_leadership(std::chrono::steady_clock::now());
    arm();
  }
  if (const auto* added = std::get_if<isat::vip_added>(&event)) {
    const auto leadership = speaker.leaderships().find(added->group);
    if (leadership.covers(isat::lease_clock::now())) tell_owner(added->vip, leadership.term);
  }
}

void service_events::note(const kubernetes::service_source_notice& notice) {
  if (const auto* const told = std::get_if<kubernetes::service_notice>(&notice)) return note_service(*told);
  log_services(log_, notice);
}

void service_events::note_service(const kubernetes::service_notice& notice) {
  if (notice.kind == kubernetes::notice_kind::node || notice.kind == kubernetes::notice_kind::joined) {
    log_services(log_, notice);
  }
  if (notice.kind == kubernetes::notice_kind::joined) {
    const auto* const vip = source_.speaker.vips().find(notice.address);
    const auto leadership =
        vip != nullptr ? source_.speaker.leaderships().find(vip->group) : isat::election::leadership{};
    if (leadership.covers(isat::lease_clock::now())) tell_owner(notice.address, leadership.term, notice.services);
  }
  troubles_.note(std::chrono::steady_clock::now(), notice);
  arm();
}

// A look is at all that is wrong: however much comes at about the same time, there is one for it.
void service_events::arm() {
  constexpr std::chrono::milliseconds apart{50};
  if (!troubles_.wake()) return void(timer_.cancel());
  timer_.expires_at(std::max<trouble_watch::time_point>(*troubles_.wake(), looked_ + apart));
  timer_.async_wait([this](isat::error_code cancelled) {
    if (!cancelled) look();
  });
}

void service_events::look() {
  looked_ = std::chrono::steady_clock::now();
  for (const telling& told : troubles_.take(looked_)) tell(told);
  arm();
}

void service_events::tell(const telling& told) {
  const std::string sentence = sentence_of(told.notice);
  if (told.line) log_.write(told.event || is_trouble(told.notice) ? log_level::warn : log_level::info, sentence);
  if (!told.event) return;
  const std::string occasion = told.term != 0 ? std::to_string(told.term) : std::string{};
  for (const auto& service : told.notice.services) {
    recorder_.record({service, kubernetes::event_type::warning, std::string{reason_of(told.notice)}, "Announce",
                      sentence, occasion});
  }
}

void service_events::tell_owner(isat::ipv4_address vip, std::uint64_t term) {
  tell_owner(vip, term, source_.services.table().services_of(vip));
}

// The same words may be true again: after the address has been with another node, in another term.
void service_events::tell_owner(isat::ipv4_address vip, std::uint64_t term,
                                const std::vector<kubernetes::service_reference>& services) {
  const std::string note = fmt::format("node {} answers for {} on {}", node_name_, vip.to_string(), interfaces());
  for (const auto& service : services) {
    recorder_.record({service, kubernetes::event_type::normal, "Announcing", "Announce", note, std::to_string(term)});
  }
}

std::string service_events::interfaces() const {
  std::string list;
  for (const std::string& each : interfaces_) list += (list.empty() ? "" : ", ") + each;
  return list.empty() ? "no interface" : list;
}

}  // namespace speakerd
