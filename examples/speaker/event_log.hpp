// SPDX-License-Identifier: BSL-1.0

// One log line per event of the speaker. Which level an event has is decided here, and nowhere else.
#pragma once

#include "isat/election/group_names.hpp"
#include "isat/speaker_event.hpp"
#include "logger.hpp"

namespace speakerd {

/// @param groups the groups of one address each; null: there are none
void log_event(const logger& log, const isat::speaker_event& event,
               const isat::election::group_names* groups = nullptr);

}  // namespace speakerd
