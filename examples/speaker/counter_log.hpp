// SPDX-License-Identifier: BSL-1.0

// What an interface has counted, as a log line: the answer to why the speaker was silent, until a metrics endpoint or a
// control program gives it at any time. It only reads; the library counts.
#pragma once

#include "isat/responder/counters.hpp"
#include "isat/speaker.hpp"
#include "isat/transport/frame_transport.hpp"
#include "logger.hpp"

namespace speakerd {

/// The totals, then every drop reason and parse error that occurred, by its name.
log_fields counter_fields(const isat::transport::link_identity& link, const isat::responder::counters& counted,
                          const isat::transport::transport_statistics& statistics);

/// One line for each interface that is in service, or was at the end of the run.
void log_counters(const logger& log, const isat::speaker& speaker);

}  // namespace speakerd
