// SPDX-License-Identifier: BSL-1.0

// How the cluster that was chosen is reached: reads the kubeconfig, or what the pod is given, and tells it for people.
// Contacts nothing. A secret never gets into what it tells.
#pragma once

#include "isat/kubernetes/config/cluster_config.hpp"
#include "options.hpp"

#include <string>

namespace speakerd {

/// The servers (those of --api-server behind the others), the namespace (never empty) and the credentials of a run.
/// Files are read with the rights that the process has now.
/// @throws failure with exit_code::no_input when a file cannot be read, exit_code::configuration when what it holds is
///   wrong
isat::kubernetes::cluster_config find_cluster(const options& what);

/// As whom the API servers are asked: `token file PATH`, `client certificate`, `exec plugin NAME`, ...
std::string describe_user(const isat::kubernetes::credentials& user);

/// `A, B`.
std::string describe_servers(const isat::kubernetes::cluster_config& cluster);

/// True if more servers are to be asked for than are named: in a pod, whose one address stands for all of them.
bool asks_for_servers(const options& what);

}  // namespace speakerd
