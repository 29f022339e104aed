// SPDX-License-Identifier: BSL-1.0

#include "chosen_elector.hpp"
#include "election_log.hpp"
#include "failure.hpp"
#include "isat/election/always_leader.hpp"
#include "isat/election/election_machine.hpp"
#include "isat/election/file_store.hpp"
#include "isat/election/layout_elector.hpp"
#include "isat/kubernetes/lease/lease_store.hpp"
#include "isat/lease_clock.hpp"
#include "timed_store.hpp"

#include <chrono>
#include <utility>
#include <variant>
#include <vector>

namespace speakerd {

namespace {

namespace election = isat::election;
namespace kubernetes = isat::kubernetes;

/// How long a read of the layout counts, the same for all speakers of a store. API servers are asked less often.
constexpr std::chrono::seconds file_layout_validity{3};
constexpr std::chrono::seconds kubernetes_layout_validity{15};

}  // namespace

chosen_elector::chosen_elector(isat::asio::any_io_executor executor, const options& what, const logger& log,
                               kubernetes::api_client* client, layout_function on_layout, election::group_names& groups,
                               event_metrics* metrics)
    : executor_{std::move(executor)}, log_{log}, groups_{groups}, metrics_{metrics} {
  switch (what.elector) {
    case elector_kind::always:
      elector_ = std::make_unique<election::always_leader>(executor_);
      return;
    case elector_kind::file:
      make_file_elector(what, std::move(on_layout));
      return;
    case elector_kind::kubernetes:
      make_kubernetes_elector(what, *client, std::move(on_layout));
      return;
  }
}

void chosen_elector::make_file_elector(const options& what, layout_function on_layout) {
  auto store = std::make_unique<election::file_store>(executor_, election::file_store_options{what.directory});
  if (store->open()) throw failure{exit_code::unavailable, store->failure().message()};
  keep(std::move(store));
  make_layout_elector(what, file_layout_validity, std::move(on_layout));
}

void chosen_elector::make_kubernetes_elector(const options& what, kubernetes::api_client& client,
                                             layout_function on_layout) {
  kubernetes::lease_store_options of_store;
  of_store.name_space = client.cluster().name_space;
  auto store = std::make_unique<kubernetes::lease_store>(client, std::move(of_store));
  store_failure_ = [store = store.get()](const isat::error_code& reason) {
    return reason ? store->failure(reason) : store->failure();
  };
  keep(std::move(store));
  make_layout_elector(what, kubernetes_layout_validity, std::move(on_layout));
}

void chosen_elector::keep(std::unique_ptr<election::lease_store> store) {
  store_ = std::move(store);
  if (metrics_ == nullptr) return;
  auto told = [this](const store_operation& operation) { metrics_->note(operation); };
  store_ = std::make_unique<timed_store>(std::move(store_), std::move(told));
}

void chosen_elector::make_layout_elector(const options& what, std::chrono::nanoseconds layout_validity,
                                         layout_function on_layout) {
  election::layout_options wanted;
  wanted.node_name = what.node_name;
  wanted.prefix = what.lease_name;
  wanted.wish = what.layout_wish;
  wanted.timing = what.timing;
  wanted.layout_validity = layout_validity;
  wanted.rebalance = what.rebalance;
  wanted.on_notice = [this](const election::election_notice& notice) {
    if (metrics_ != nullptr) metrics_->note(notice);
    std::string detail;
    if (const auto* const told = std::get_if<election::store_failed>(&notice)) detail = store_failure(told->reason);
    if (const auto* const told = std::get_if<election::removal_refused>(&notice)) detail = store_failure(told->reason);
    log_election(log_, notice, detail, &groups_);
  };
  wanted.on_layout = std::move(on_layout);
  wanted.groups = &groups_;
  auto elector = std::make_unique<election::layout_elector>(executor_, *store_, std::move(wanted));
  layout_elector_ = elector.get();
  elector_ = std::move(elector);
}

std::string chosen_elector::store_failure(const isat::error_code& reason) const {
  return store_failure_ ? store_failure_(reason) : std::string{};
}

bool chosen_elector::comes_first(std::uint64_t key) const {
  if (layout_elector_ == nullptr) return true;
  const election::election_machine* const running = layout_elector_->election();
  return running != nullptr && running->comes_first(key);
}

std::optional<election_state> chosen_elector::state() const {
  if (layout_elector_ == nullptr) return std::nullopt;
  const election::election_machine* const running = layout_elector_->election();
  if (running == nullptr) return election_state{};
  return election_state{true, running->adopted().has_value(), running->wake_in(isat::lease_clock::now())};
}

}  // namespace speakerd
