// SPDX-License-Identifier: BSL-1.0

// Which Services of the cluster give VIPs, as the options say it: --lb-class, --announce-without-endpoints,
// --withdraw-when-cordoned and --assign-pool. It looks at no cluster.
#pragma once

#include "setting.hpp"
#include "vip_range.hpp"

#include <string>
#include <vector>

namespace speakerd {

struct service_choice {
  std::string lb_class;               ///< only Services of this loadBalancerClass; empty: only those of none
  bool announce_without_endpoints{};  ///< also those behind which nothing is ready or serving
  bool withdraw_when_cordoned{};      ///< nothing while the node is unschedulable
  std::vector<vip_range> pool;        ///< addresses to be given to Services that have none; empty: none is given
};

/// A loadBalancerClass: a name as labels have, with a prefix or without.
/// @throws failure with the exit code of the value's origin
std::string parse_lb_class(const setting& value);

}  // namespace speakerd
