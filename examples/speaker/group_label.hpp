// SPDX-License-Identifier: BSL-1.0

// What people call a group, in logs and metrics: its number, or its address where each address is a group of its own.
// The ids behind those are of this process only, and no user ever sees one.
#pragma once

#include "isat/election/group_names.hpp"
#include "logger.hpp"

#include <string>

namespace speakerd {

/// @param names of the groups of one address each; null: there are none
std::string group_label(isat::group_id group, const isat::election::group_names* names);

/// The same for a log: a number stays one.
log_field group_field(isat::group_id group, const isat::election::group_names* names);

}  // namespace speakerd
