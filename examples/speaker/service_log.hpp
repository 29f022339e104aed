// SPDX-License-Identifier: BSL-1.0

// What the source of VIPs tells of a cluster's Services, as log lines.
#pragma once

#include "isat/kubernetes/service/service_source.hpp"
#include "isat/kubernetes/service/service_table.hpp"
#include "isat/speaker_event.hpp"
#include "logger.hpp"

namespace speakerd {

/// One line: a warning for what somebody has to mend, else information.
void log_services(const logger& log, const isat::kubernetes::service_source_notice& notice);

/// One line if it is about a VIP: which Services it is of, and why it has gone.
void log_vip(const logger& log, const isat::speaker_event& event, const isat::kubernetes::service_table& known);

}  // namespace speakerd
