// SPDX-License-Identifier: BSL-1.0

#include "chosen_elector.hpp"
#include "cluster_access.hpp"
#include "election_log.hpp"
#include "failure.hpp"
#include "isat/election/always_leader.hpp"
#include "isat/election/file_store.hpp"
#include "isat/election/layout_elector.hpp"
#include "isat/kubernetes/api/server_discovery.hpp"
#include "isat/kubernetes/lease/lease_store.hpp"
#include "isat/version.hpp"

#include <chrono>
#include <string_view>
#include <utility>
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
                               layout_function on_layout)
    : executor_{std::move(executor)}, log_{log} {
  switch (what.elector) {
    case elector_kind::always:
      elector_ = std::make_unique<election::always_leader>(executor_);
      return;
    case elector_kind::file:
      make_file_elector(what, std::move(on_layout));
      return;
    case elector_kind::kubernetes:
      make_kubernetes_elector(what, std::move(on_layout));
      return;
  }
}

void chosen_elector::make_file_elector(const options& what, layout_function on_layout) {
  auto store = std::make_unique<election::file_store>(executor_, election::file_store_options{what.directory});
  if (store->open()) throw failure{exit_code::unavailable, store->failure().message()};
  store_ = std::move(store);
  make_layout_elector(what, file_layout_validity, std::move(on_layout));
}

void chosen_elector::make_kubernetes_elector(const options& what, layout_function on_layout) {
  kubernetes::cluster_config cluster = find_cluster(what);
  kubernetes::lease_store_options of_store;
  of_store.name_space = cluster.name_space;
  kubernetes::api_client_options of_client;
  of_client.user_agent = std::string{"isat-speaker/"} + std::string{isat::version};
  of_client.on_warning = [this](std::string_view sentence) { log_.warn(sentence); };
  asks_for_servers_ = asks_for_servers(what);
  client_ = std::make_unique<kubernetes::api_client>(executor_, std::move(cluster), std::move(of_client));
  auto store = std::make_unique<kubernetes::lease_store>(*client_, std::move(of_store));
  store_failure_ = [store = store.get()] { return store->failure(); };
  store_ = std::move(store);
  make_layout_elector(what, kubernetes_layout_validity, std::move(on_layout));
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
  wanted.on_notice = [this](const election::election_notice& notice) { log_election(log_, notice, store_failure()); };
  wanted.on_layout = std::move(on_layout);
  elector_ = std::make_unique<election::layout_elector>(executor_, *store_, std::move(wanted));
}

std::string chosen_elector::store_failure() const { return store_failure_ ? store_failure_() : std::string{}; }

void chosen_elector::start() {
  if (!client_) return;
  const kubernetes::cluster_config& cluster = client_->cluster();
  log_.info("the leases are in a Kubernetes cluster", {{"servers", describe_servers(cluster)},
                                                       {"namespace", cluster.name_space},
                                                       {"authenticated_by", describe_user(cluster.user)}});
  if (!asks_for_servers_) return;
  auto told = [this](isat::error_code error, const std::vector<std::string>& servers) {
    if (error) return log_.debug("no more API servers are known", {{"reason", error.message()}});
    client_->add_servers(servers);
    log_.debug("more API servers are known", {{"count", static_cast<std::int64_t>(servers.size())}});
  };
  kubernetes::async_discover_servers(*client_, std::move(told));
}

}  // namespace speakerd
