// SPDX-License-Identifier: BSL-1.0

// Umbrella of the component isat::kubernetes: a client of API servers, and electors' leases kept there. For users;
// headers of isat include the parts they need. It brings neither net.hpp, of which who only elects leaders needs
// little (election/lease_elector.hpp), nor anything of OpenSSL or Beast. Reading order: as listed.
#pragma once

// clang-format off: the order is the order in which to read
#include "isat/kubernetes/build.hpp"
#include "isat/kubernetes/error.hpp"
#include "isat/kubernetes/cluster_config.hpp"
#include "isat/kubernetes/in_cluster.hpp"
#include "isat/kubernetes/kubeconfig.hpp"
#include "isat/kubernetes/credential_source.hpp"
#include "isat/kubernetes/api_request.hpp"
#include "isat/kubernetes/api_client.hpp"
#include "isat/kubernetes/server_discovery.hpp"
#include "isat/kubernetes/reflector.hpp"
#include "isat/kubernetes/lease_store.hpp"
// clang-format on
