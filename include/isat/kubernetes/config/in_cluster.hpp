// SPDX-License-Identifier: BSL-1.0

// How a program that runs in a pod reaches its cluster: the environment and the files of its service account.
// @see Kubernetes documentation, "Accessing the Kubernetes API from a Pod". It refuses to guess outside of a pod.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/kubernetes/config/cluster_config.hpp"

#include <boost/system/result.hpp>

#include <string>

namespace isat::inline v0::kubernetes {

/// True in a pod: KUBERNETES_SERVICE_HOST is set and not empty.
ISAT_API bool is_in_cluster();

/// The configuration of this pod. @param directory of the service account's files (token, ca.crt, namespace)
ISAT_API boost::system::result<cluster_config, config_failure> load_in_cluster(
    const std::string& directory = "/var/run/secrets/kubernetes.io/serviceaccount");

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/config/impl/in_cluster.ipp"
#endif
