// SPDX-License-Identifier: BSL-1.0

#include "duration_text.hpp"
#include "election_log.hpp"
#include "group_label.hpp"
#include "group_layout.hpp"
#include "isat/election/layout.hpp"
#include "isat/election/lease_event.hpp"
#include "isat/kubernetes/error.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace speakerd {

namespace {

namespace election = isat::election;
using election::lease_change;

std::string_view sentence(lease_change change) noexcept {
  switch (change) {
    case lease_change::none:
      return {};
    case lease_change::gained:
      return "the lease is ours";
    case lease_change::lost:
      return "the lease is ours no more";
    case lease_change::seized:
      return "took a lease that was missing, silent until no holder before can be answering";
    case lease_change::released:
      return "the lease is released";
    case lease_change::follows:
      return "another node has the lease";
  }
  return {};
}

/// Whether there is no answer, or one that is a no.
std::string_view sentence(const isat::error_code& failed) noexcept {
  constexpr std::string_view silent = "the store does not answer, trying again";
  constexpr std::string_view refuses = "the store refuses what it is asked, trying again";
  constexpr std::string_view unasked = "the store cannot be asked, trying again";
  using isat::kubernetes::error;
  if (failed.category() != make_error_code(error::none).category()) return silent;
  switch (static_cast<error>(failed.value())) {
    case error::bad_request:
    case error::unauthorized:
    case error::forbidden:
    case error::not_found:
    case error::not_allowed:
    case error::invalid:
    case error::too_many_requests:
    case error::internal:
    case error::unavailable:
    case error::other_status:
      return refuses;
    case error::expired:
      return "the store has forgotten what was seen last, all is read again";
    case error::no_server:
    case error::bad_certificate:
    case error::no_credentials:
    case error::unusable_name:
      return unasked;
    case error::none:
    case error::already_exists:
    case error::conflict:
    case error::server_timeout:
    case error::malformed_answer:
    case error::answer_too_large:
    case error::request_timeout:
      break;
  }
  return silent;
}

struct notice_logger {
  const logger& log;
  std::string_view detail;
  const election::group_names* groups;

  log_fields reason_fields(const isat::error_code& reason) const {
    log_fields fields{{"reason", reason.message()}};
    if (!detail.empty()) fields.emplace_back("detail", std::string{detail});
    return fields;
  }

  void operator()(const election::lease_transition& told) const {
    const election::lease_event& event = told.event;
    log_fields fields{group_field(told.group, groups), {"term", static_cast<std::int64_t>(event.term)}};
    if (event.why != election::lease_reason::none) {
      fields.emplace_back("reason", std::string{election::to_string(event.why)});
    }
    if (!told.node.empty()) fields.emplace_back("holder", told.node);
    log.info(sentence(event.what), std::move(fields));
  }

  void operator()(const election::layout_changed& told) const {
    if (!told.adopted) return log.warn("there is no layout that all speakers follow, making one");
    const election::layout& shape = told.adopted->shape;
    log_fields fields{{"groups", to_text(shape)}, {"lease_duration", to_text(shape.duration)}};
    if (told.adopted->phase == election::layout_phase::open) return log.info("the layout is open", std::move(fields));
    log.info("the layout is opening, nobody answers until it is open", std::move(fields));
  }

  void operator()(const election::layout_not_followed&) const {
    log.error(
        "the speakers of this store follow a layout that this one cannot, silent until they change: it is of another "
        "version of isat-speaker");
  }

  void operator()(const election::store_failed& told) const {
    const bool is_routine = told.reason == isat::kubernetes::error::expired;
    log.write(is_routine ? log_level::info : log_level::warn, sentence(told.reason), reason_fields(told.reason));
  }

  void operator()(const election::store_answers&) const { log.info("the store answers again"); }

  void operator()(const election::removal_refused& told) const {
    log.warn("leases that nobody needs any more cannot be removed; they do no harm", reason_fields(told.reason));
  }

  void operator()(const election::node_name_taken&) const {
    log.error(
        "another speaker has the same node name, give each its own by --node-name; until then groups may be "
        "spread badly");
  }
};

}  // namespace

void log_election(const logger& log, const election::election_notice& notice, std::string_view detail,
                  const election::group_names* groups) {
  std::visit(notice_logger{log, detail, groups}, notice);
}

}  // namespace speakerd
