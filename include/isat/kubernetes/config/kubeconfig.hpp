// SPDX-License-Identifier: BSL-1.0

// Reads kubeconfig files, as far as they are JSON: who has a YAML parser converts first (a file_reader that does is all
// it takes, as in the speaker). Several files are merged as kubectl does it: the first definition of a name counts, and
// the first current-context. It refuses to contact anything.
// @see Kubernetes documentation, "Organizing Cluster Access Using kubeconfig Files"
#pragma once

#include "isat/detail/build.hpp"
#include "isat/kubernetes/config/cluster_config.hpp"

#include <boost/system/result.hpp>

#include <functional>
#include <string>
#include <vector>

namespace isat::inline v0::kubernetes {

/// What to read.
struct kubeconfig_options {
  std::vector<std::string> paths;  ///< at least one; those that do not exist are passed over unless all are
  std::string context;             ///< empty: current-context
};

/// Gives the JSON text of the file at a path.
using file_reader = std::function<boost::system::result<std::string, config_failure>(const std::string& path)>;

/// Reads a file as it is.
ISAT_API boost::system::result<std::string, config_failure> read_json_file(const std::string& path);

/// The paths that kubectl would read: $KUBECONFIG, a list with colons, else ~/.kube/config.
ISAT_API std::vector<std::string> default_kubeconfig_paths();

/// The configuration of a context.
ISAT_API boost::system::result<cluster_config, config_failure> load_kubeconfig(
    const kubeconfig_options& options, const file_reader& read = read_json_file);

/// What a program without settings of its own uses: that of its pod, else kubeconfig files at their default paths.
ISAT_API boost::system::result<cluster_config, config_failure> load_default_config(
    const file_reader& read = read_json_file);

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/config/impl/kubeconfig.ipp"
#endif
