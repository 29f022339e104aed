// SPDX-License-Identifier: BSL-1.0

// Writes what an election tells into the log: why each leadership came and went, which layout is in force, whether the
// store answers.
#pragma once

#include "isat/election/election_notice.hpp"
#include "isat/election/group_names.hpp"
#include "logger.hpp"

#include <string_view>

namespace speakerd {

/// Writes one line about what an election tells; the level says whether anybody need act.
/// @param detail what the store said when it failed, if it has words of its own
/// @param groups the groups of one address each; null: there are none
void log_election(const logger& log, const isat::election::election_notice& notice, std::string_view detail = {},
                  const isat::election::group_names* groups = nullptr);

}  // namespace speakerd
