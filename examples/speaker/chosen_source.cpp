// SPDX-License-Identifier: BSL-1.0

#include "chosen_source.hpp"
#include "service_log.hpp"
#include "vip_range.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace speakerd {

namespace {

namespace kubernetes = isat::kubernetes;

std::vector<isat::responder::vip> expand(std::span<const vip_range> ranges) {
  std::vector<isat::responder::vip> vips;
  vips.reserve(count_vips(ranges));
  for (const vip_range& range : ranges) {
    for (std::size_t offset = 0; offset < range.count(); ++offset) {
      vips.push_back({.address = range.at(offset)});
    }
  }
  return vips;
}

}  // namespace

chosen_source::chosen_source(boost::asio::any_io_executor executor, const options& what, const logger& log,
                             kubernetes::api_client* client)
    : executor_{std::move(executor)}, log_{log}, node_name_{what.node_name} {
  switch (what.source) {
    case source_kind::fixed:
      listed_ = std::make_unique<isat::source::static_source>(executor_, expand(what.vips));
      return;
    case source_kind::kubernetes:
      follow_services(what, *client);
      return;
  }
}

void chosen_source::follow_services(const options& what, kubernetes::api_client& client) {
  kubernetes::service_source_options wanted;
  wanted.rules.node_name = what.node_name;
  wanted.rules.lb_class = what.services.lb_class;
  wanted.rules.announce_without_endpoints = what.services.announce_without_endpoints;
  wanted.rules.withdraw_when_unschedulable = what.services.withdraw_when_cordoned;
  wanted.on_notice = [this](const kubernetes::service_source_notice& notice) { events_->note(notice); };
  services_ = std::make_unique<kubernetes::service_source>(client, std::move(wanted));
  address_listener listener;
  listener.on_addresses = [this](auto carried) { services_->set_carried_addresses(std::move(carried)); };
  listener.on_trouble = [this](isat::error_code error) { log_addresses(error); };
  addresses_ = std::make_unique<address_watch>(executor_, what.interfaces, std::move(listener));
}

void chosen_source::log_addresses(isat::error_code error) {
  if (!error) return log_.info("the addresses of this host are followed again");
  log_.warn("the addresses of this host cannot be followed, what is known of them is kept; trying again",
            {{"reason", error.message()}});
}

isat::source::vip_source& chosen_source::get() noexcept {
  if (services_) return *services_;
  return *listed_;
}

void chosen_source::start(const isat::speaker& speaker, telling_duty duty, kubernetes::event_recorder* recorder) {
  if (!services_) return;
  events_ = std::make_unique<service_events>(events_source{*services_, speaker, std::move(duty)}, *recorder, node_name_,
                                             log_);
  addresses_->start();
}

void chosen_source::stop() {
  if (addresses_) addresses_->stop();
  if (events_) events_->stop();
}

std::optional<std::chrono::nanoseconds> chosen_source::age() const {
  std::chrono::nanoseconds age{0};  // a list that never changes is never old
  if (!services_) return age;
  using kubernetes::object_kind;
  const auto now = std::chrono::steady_clock::now();
  for (const object_kind kind : {object_kind::service, object_kind::slice, object_kind::node}) {
    const kubernetes::objects_status& status = services_->status(kind);
    if (!status.listed) return std::nullopt;
    if (status.lost) age = std::max<std::chrono::nanoseconds>(age, now - *status.lost);
  }
  return age;
}

std::optional<std::size_t> chosen_source::memory() const {
  if (!services_) return std::nullopt;
  return services_->table().memory();
}

void chosen_source::note(const isat::speaker_event& event) {
  if (!services_) return;
  is_synced_ = is_synced_ || std::holds_alternative<isat::source_synced>(event);
  if (is_synced_) log_vip(log_, event, services_->table());  // before, their number is enough
  events_->note(event);
}

}  // namespace speakerd
