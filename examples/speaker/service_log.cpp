// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/error.hpp"
#include "service_log.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace speakerd {

namespace {

namespace kubernetes = isat::kubernetes;

std::string_view name_of(kubernetes::object_kind kind) noexcept {
  switch (kind) {
    case kubernetes::object_kind::none:
      return "objects";
    case kubernetes::object_kind::service:
      return "Services";
    case kubernetes::object_kind::slice:
      return "EndpointSlices";
    case kubernetes::object_kind::node:
      return "Nodes";
  }
  return {};
}

struct service_logger {
  const logger& log;

  void operator()(const kubernetes::service_notice& told) const {
    log.write(is_trouble(told) ? log_level::warn : log_level::info, to_text(told));
  }

  // That a version is too old is how a cluster tells that all has to be listed again.
  void operator()(const kubernetes::objects_lost& told) const {
    const bool is_routine = told.error == kubernetes::error::expired;
    log.write(is_routine ? log_level::debug : log_level::warn,
              "objects cannot be followed, what is known of them is kept; trying again",
              {{"kind", std::string{name_of(told.kind)}},
               {"reason", told.message.empty() ? told.error.message() : told.message}});
  }

  void operator()(const kubernetes::objects_known& told) const {
    log.info("objects are followed", {{"kind", std::string{name_of(told.kind)}}});
  }
};

}  // namespace

void log_vip(const logger& log, const isat::speaker_event& event, const kubernetes::service_table& known) {
  if (const auto* added = std::get_if<isat::vip_added>(&event)) {
    log.info("a VIP has come",
             {{"vip", added->vip.to_string()}, {"services", names_of(known.services_of(added->vip))}});
  }
  if (const auto* removed = std::get_if<isat::vip_removed>(&event)) {
    const auto standing = known.standing_of(removed->vip);
    const bool is_nobodys = standing == kubernetes::vip_standing::none;
    const std::string because{is_nobodys ? "no_service" : to_string(standing)};
    log.info("a VIP has gone", {{"vip", removed->vip.to_string()}, {"because", because}});
  }
}

void log_services(const logger& log, const kubernetes::service_source_notice& notice) {
  std::visit(service_logger{log}, notice);
}

}  // namespace speakerd
