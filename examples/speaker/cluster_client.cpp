// SPDX-License-Identifier: BSL-1.0

#include "cluster_access.hpp"
#include "cluster_client.hpp"
#include "isat/version.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace speakerd {

namespace {

constexpr std::chrono::minutes discovery_period{5};

}  // namespace

std::unique_ptr<isat::kubernetes::api_client> make_cluster_client(boost::asio::any_io_executor executor,
                                                                  const options& what, const logger& log) {
  if (!what.uses_cluster()) return nullptr;
  isat::kubernetes::api_client_options wanted;
  wanted.user_agent = std::string{"isat-speaker/"} + std::string{isat::version};
  wanted.on_warning = [&log](std::string_view sentence) { log.warn(sentence); };
  if (asks_for_servers(what)) {
    wanted.discovery_period = discovery_period;
    wanted.on_discovery = [&log](isat::error_code error, const std::vector<std::string>& servers) {
      if (error) return log.debug("no more API servers are known", {{"reason", error.message()}});
      log.debug("the API servers are known", {{"count", static_cast<std::int64_t>(servers.size())}});
    };
  }
  return std::make_unique<isat::kubernetes::api_client>(std::move(executor), find_cluster(what), std::move(wanted));
}

void log_cluster(const logger& log, const isat::kubernetes::api_client& client) {
  const isat::kubernetes::cluster_config& cluster = client.cluster();
  log.info("a Kubernetes cluster is used", {{"servers", describe_servers(cluster)},
                                            {"namespace", cluster.name_space},
                                            {"authenticated_by", describe_user(cluster.user)}});
}

}  // namespace speakerd
