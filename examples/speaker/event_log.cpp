// SPDX-License-Identifier: BSL-1.0

#include "counter_log.hpp"
#include "event_log.hpp"
#include "group_label.hpp"
#include "isat/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace speakerd {

namespace {

std::int64_t number(std::uint64_t value) noexcept { return static_cast<std::int64_t>(value); }

log_fields link_fields(const isat::transport::link_identity& link) {
  return {{"interface", link.name}, {"mac", link.mac.to_string()}};
}

log_fields with(log_fields fields, log_field added) {
  fields.push_back(std::move(added));
  return fields;
}

struct event_logger {
  const logger& log;
  const isat::election::group_names* groups;

  void operator()(const isat::source_synced& event) const { log.info("VIPs loaded", {{"vips", number(event.vips)}}); }

  // Of interest where VIPs come and go: whoever knows their source tells of them (service_log.hpp).
  void operator()(const isat::vip_added&) const {}
  void operator()(const isat::vip_removed&) const {}

  void operator()(const isat::leadership_gained& event) const {
    log.info("leading, answering from now on", leadership_fields(event.group, event.term));
  }

  void operator()(const isat::leadership_lost& event) const {
    log.info("leading no more, silent from now on", leadership_fields(event.group, event.term));
  }

  void operator()(const isat::candidacy_changed& event) const {
    if (event.willing) {
      log.info("contending for leadership");
    } else {
      log.warn("no announcing interface has carrier, not contending for leadership");
    }
  }

  void operator()(const isat::interface_joined& event) const {
    log.info("announcing on an interface", with(link_fields(event.link), {"carrier", event.carrier}));
  }

  void operator()(const isat::interface_changed& event) const {
    log.info("an interface changed", with(link_fields(event.link), {"carrier", event.carrier}));
  }

  void operator()(const isat::interface_left& event) const {
    const log_fields counted = counter_fields(event.link, event.counted, event.statistics);
    // A deleted interface is noticed by its socket or by the link monitor, whichever is first.
    if (event.reason && event.reason != boost::system::errc::no_such_device) {
      log.warn("an interface failed", with(counted, {"reason", event.reason.message()}));
    } else {
      log.info("an interface is gone", counted);
    }
  }

  void operator()(const isat::interface_refused& event) const {
    // A glob also selects what has no ARP; a name that was spelt out has been warned of at start.
    const bool expected = event.reason == isat::error::not_ethernet;
    log.write(expected ? log_level::debug : log_level::warn, "an interface cannot be used",
              {{"interface", event.name}, {"reason", event.reason.message()}});
  }

  void operator()(const isat::vip_conflict& event) const {
    log.warn("another host claims a VIP that this node leads", {{"vip", event.vip.to_string()},
                                                                {"rival", event.rival.to_string()},
                                                                {"interface", event.interface},
                                                                {"folded", number(event.folded)}});
  }

  void operator()(const isat::shared_segment& event) const {
    constexpr std::string_view echo =
        "an interface heard its own announcement: a loop in the network, or a bond whose links the switch does not "
        "treat as one";
    constexpr std::string_view shared =
        "two announcing interfaces hear each other, so that both answer on one segment; announce on one of them";
    log.warn(event.echo ? echo : shared,
             {{"interface", event.interface}, {"sender", event.sender.to_string()}, {"folded", number(event.folded)}});
  }

 private:
  log_fields leadership_fields(isat::group_id group, std::uint64_t term) const {
    return {group_field(group, groups), {"term", number(term)}};
  }
};

}  // namespace

void log_event(const logger& log, const isat::speaker_event& event, const isat::election::group_names* groups) {
  std::visit(event_logger{log, groups}, event);
}

}  // namespace speakerd
