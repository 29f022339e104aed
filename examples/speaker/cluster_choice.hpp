// SPDX-License-Identifier: BSL-1.0

// Which Kubernetes cluster the Leases are in, as the options say it: --elector kubernetes:NAMESPACE, --kubeconfig,
// --api-server, --lease-name and --wait, each judged by itself. It looks at no file: what a kubeconfig holds is read
// where it is needed (cluster_access.hpp).
#pragma once

#include "setting.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace speakerd {

struct cluster_choice {
  std::string name_space;                ///< empty: that of the kubeconfig's context or of the pod
  std::string kubeconfig;                ///< a path; empty: the pod's own configuration, else what kubectl would read
  std::vector<std::string> api_servers;  ///< https URLs in normal form, each once: beside those that are configured
  std::optional<std::chrono::nanoseconds> wait;  ///< for the store to answer at start; none: for ever

  friend bool operator==(const cluster_choice&, const cluster_choice&) = default;
};

/// What stands behind `kubernetes:`.
/// @throws failure with the exit code of the value's origin, as all of these do
std::string parse_namespace(const setting& value, std::string_view text);

std::string parse_kubeconfig_path(const setting& value);

std::vector<std::string> parse_api_servers(std::span<const setting> values);

/// The beginning of the names of all records: PREFIX-layout, PREFIX-group-0, PREFIX-node-NAME.
std::string parse_lease_name(const setting& value);

/// `forever` is none; a duration, or `0`.
std::optional<std::chrono::nanoseconds> parse_wait(const setting& value);

/// As parse_wait() reads it.
std::string wait_text(const std::optional<std::chrono::nanoseconds>& wait);

/// Refuses a node name of which no Lease's name can be made.
void require_lease_name(const setting& node_name, const std::string& lease_name);

}  // namespace speakerd
