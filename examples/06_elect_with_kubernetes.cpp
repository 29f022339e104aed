// SPDX-License-Identifier: BSL-1.0

// Elects one leader among all who run this, by a Lease of a Kubernetes cluster, and without any ARP: says when it leads
// and when it does no more, until it is interrupted. The cluster is that of its pod, else that of a kubeconfig in JSON
// (kubectl config view --raw -o json). It needs get, list, watch, create and update on leases.
// Usage: 06_elect_with_kubernetes LEASE [NAMESPACE] [NODE]

#include "isat/election/lease_elector.hpp"
#include "isat/kubernetes.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <unistd.h>
#include <variant>

using namespace isat;

// [duty]
// What only the leader may do goes here. It is told in time, but who must not act a moment too long asks before each
// step: leaderships.leads(group_id{}, lease_clock::now()).
struct duty final : election::leadership_observer {
  void on_leadership(group_id, const election::leadership& before, const election::leadership& after) override {
    if (before.term == after.term) return;  // renewed
    fmt::print("{}\n", after.term != 0 ? fmt::format("leading, term {}", after.term) : "not leading");
    std::fflush(stdout);
  }
};
// [/duty]

int main(int count, char** arguments) {
  if (count < 2 || count > 4) {
    fmt::print(stderr, "usage: 06_elect_with_kubernetes LEASE [NAMESPACE] [NODE]\n");
    return 64;
  }
  const auto cluster = kubernetes::load_default_config();
  if (!cluster) {
    fmt::print(stderr, "06_elect_with_kubernetes: {}\n", cluster.error().message);
    return 78;
  }
  // [elect]
  boost::asio::io_context io{1};
  kubernetes::api_client client{io.get_executor(), *cluster};
  const std::string own = cluster->name_space.empty() ? "default" : cluster->name_space;
  kubernetes::lease_store store{client, {.name_space = count > 2 ? arguments[2] : own, .only = arguments[1]}};

  char host[65]{};
  election::lease_options options;
  options.node_name = count > 3 ? arguments[3] : gethostname(host, sizeof host - 1) == 0 ? host : "unnamed";
  options.leases = {arguments[1]};
  options.on_notice = [&](const election::election_notice& notice) {
    const auto* failed = std::get_if<election::store_failed>(&notice);
    if (failed) fmt::print(stderr, "{}: {}\n", failed->reason.message(), store.failure(failed->reason));
  };
  election::lease_elector elector{io.get_executor(), store, options};
  elector.set_candidate(group_id{}, true);

  duty observer;
  election::leadership_table leaderships;
  leaderships.subscribe(observer);
  error_code result;
  boost::asio::cancellation_signal stop;
  boost::asio::signal_set signals{io, SIGINT, SIGTERM};
  signals.async_wait([&](error_code, int) { stop.emit(boost::asio::cancellation_type::terminal); });
  elector.async_run(leaderships, boost::asio::bind_cancellation_slot(stop.slot(), [&](error_code error) {
                      result = error;
                      signals.cancel();  // the lease is released: whoever is next does not have to wait
                    }));
  io.run();
  // [/elect]
  return result == boost::asio::error::operation_aborted ? 0 : 71;
}
