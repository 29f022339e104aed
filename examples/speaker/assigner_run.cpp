// SPDX-License-Identifier: BSL-1.0

#include "assigner_run.hpp"

#include <boost/asio/error.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace speakerd {

namespace {

namespace kubernetes = isat::kubernetes;

kubernetes::address_pool pool_of(const service_choice& services) {
  std::vector<kubernetes::address_range> ranges;
  for (const vip_range& each : services.pool) ranges.push_back({each.first, each.last});
  return kubernetes::address_pool{std::move(ranges)};
}

struct assigner_logger {
  const logger& log;

  void operator()(const kubernetes::assignment_notice& told) const {
    log.write(is_trouble(told.news) ? log_level::warn : log_level::info, to_text(told));
  }

  void operator()(const kubernetes::assigner_trouble& told) const {
    log.warn("addresses cannot be given to Services, trying again",
             {{"reason", told.message.empty() ? told.error.message() : told.message}});
  }

  void operator()(const kubernetes::assigner_recovery&) const { log.info("addresses can be given to Services again"); }

  void operator()(const kubernetes::assigner_turn& told) const {
    log.info(told.ours ? "giving addresses to Services from now on" : "another speaker may give addresses to Services",
             {{"term", static_cast<std::int64_t>(told.term)}});
  }
};

}  // namespace

assigner_run::assigner_run(kubernetes::api_client& client, isat::election::lease_store& store,
                           const chosen_source& source, kubernetes::event_recorder& recorder, const options& what,
                           const logger& log)
    : log_{log}, recorder_{recorder}, assigner_{client, store, options_of(what, source)} {}

kubernetes::assigner_options assigner_run::options_of(const options& what, const chosen_source& source) {
  kubernetes::assigner_options wanted;
  wanted.node_name = what.node_name;
  wanted.prefix = what.lease_name;
  wanted.pool = pool_of(what.services);
  wanted.lb_class = what.services.lb_class;
  wanted.timing = what.timing;
  wanted.in_use = [&source](isat::ipv4_address address) { return source.is_taken(address); };
  wanted.on_notice = [this](const kubernetes::assigner_notice& notice) { tell(notice); };
  return wanted;
}

void assigner_run::start(std::function<void()> on_end) {
  is_running_ = true;
  assigner_.async_run(stop_.bind([this, on_end = std::move(on_end)](isat::error_code reason) {
    is_running_ = false;
    if (reason != boost::asio::error::operation_aborted) {
      log_.error("addresses can be given to Services no more", {{"reason", reason.message()}});
    }
    on_end();
  }));
}

void assigner_run::tell(const kubernetes::assigner_notice& notice) {
  std::visit(assigner_logger{log_}, notice);
  const auto* const news = std::get_if<kubernetes::assignment_notice>(&notice);
  if (news == nullptr || news->service.uid.empty()) return;
  // What a Service has lost it mostly lost by going.
  const bool is_worth_it = is_trouble(news->news) || news->news == kubernetes::assignment_news::assigned;
  if (is_worth_it) recorder_.record(to_event(*news));
}

}  // namespace speakerd
