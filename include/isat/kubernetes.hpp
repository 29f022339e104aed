// SPDX-License-Identifier: BSL-1.0

// Umbrella of the component isat::kubernetes: a client of API servers, electors' leases kept there, and VIPs that
// follow from Services. For users; headers of isat include the parts they need. It brings neither net.hpp, of which who
// only elects leaders needs little (election/lease_elector.hpp), nor anything of OpenSSL or Beast. Reading order: as
// listed.
#pragma once

// clang-format off: the order is the order in which to read
#include "isat/detail/build.hpp"
#include "isat/kubernetes/error.hpp"
#include "isat/kubernetes/config/cluster_config.hpp"
#include "isat/kubernetes/config/in_cluster.hpp"
#include "isat/kubernetes/config/kubeconfig.hpp"
#include "isat/kubernetes/config/credential_source.hpp"
#include "isat/kubernetes/api/api_request.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/api/server_discovery.hpp"
#include "isat/kubernetes/watch/reflector.hpp"
#include "isat/kubernetes/lease/lease_store.hpp"
#include "isat/kubernetes/service/service_facts.hpp"
#include "isat/kubernetes/service/service_table.hpp"
#include "isat/kubernetes/service/service_source.hpp"
#include "isat/kubernetes/service/event_recorder.hpp"
#include "isat/kubernetes/service/address_pool.hpp"
#include "isat/kubernetes/service/assignment_table.hpp"
#include "isat/kubernetes/service/address_assigner.hpp"
// clang-format on
