// SPDX-License-Identifier: BSL-1.0

// Everything that isat has: core, then net. To read the library, follow one frame and one takeover:
//   a frame     wire/frame.hpp -> responder/decide.hpp -> responder/responder.hpp -> transport/guarded_sender.hpp
//   a takeover  election/leadership.hpp -> election/elector.hpp -> speaker.hpp -> announce/announcer.hpp ->
//   served_interface.hpp
// Programs that only need the wire formats and the machines include core.hpp and link isat::core.
#pragma once

#include "isat/core.hpp"
#include "isat/net.hpp"
