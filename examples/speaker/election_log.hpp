// SPDX-License-Identifier: BSL-1.0

// Writes what an election tells into the log: why each leadership came and went, which layout is in force, whether the
// store answers.
#pragma once

#include "isat/election/election_notice.hpp"
#include "logger.hpp"

namespace speakerd {

/// Writes one line about what an election tells; the level says whether anybody need act.
void log_election(const logger& log, const isat::election::election_notice& notice);

}  // namespace speakerd
