// SPDX-License-Identifier: BSL-1.0

// One log line per event of the speaker. Which level an event has is decided here, and nowhere else.
#pragma once

#include "isat/speaker_event.hpp"
#include "logger.hpp"

namespace speakerd {

void log_event(const logger& log, const isat::speaker_event& event);

}  // namespace speakerd
