// SPDX-License-Identifier: BSL-1.0

// Runs the speaker that options describe until a signal ends it: the one place where the daemon has an event loop.
#pragma once

#include "failure.hpp"
#include "options.hpp"

namespace speakerd {

/// Runs until SIGTERM or SIGINT, then hands over.
/// @throws failure when it cannot start or go on; with exit_code::unavailable when it cannot reach its store in the
/// time
///   that was given for that
exit_code run(const options& what);

}  // namespace speakerd
