// SPDX-License-Identifier: BSL-1.0

// The client of the cluster that was chosen: made once for all that talk to API servers, the elector and the source of
// VIPs.
#pragma once

#include "isat/kubernetes/api/api_client.hpp"
#include "logger.hpp"
#include "options.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace speakerd {

/// Null if nothing of the run is in a cluster. Contacts nothing yet.
/// @param log must outlive the client
/// @throws failure as find_cluster() does
std::unique_ptr<isat::kubernetes::api_client> make_cluster_client(boost::asio::any_io_executor executor,
                                                                  const options& what, const logger& log);

/// One line: which cluster it is, and as whom it is asked.
void log_cluster(const logger& log, const isat::kubernetes::api_client& client);

}  // namespace speakerd
