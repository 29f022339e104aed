// SPDX-License-Identifier: BSL-1.0

// The metrics that a scrape reads where they are: the counters of each interface, VIPs, leaderships, the process. They
// are made anew for each scrape and kept nowhere, so nothing is paid for them in between.
#pragma once

#include "isat/speaker.hpp"
#include "run_state.hpp"

#include <prometheus/metric_family.h>

#include <chrono>
#include <cstddef>
#include <vector>

namespace speakerd {

using metric_families = std::vector<prometheus::MetricFamily>;

/// What each interface counted, by its name.
void add_interfaces(metric_families& into, const isat::speaker& speaker);

/// How many VIPs and groups there are, and for how many this node answers at `now`.
void add_totals(metric_families& into, const isat::speaker& speaker, const isat::lease_time& now);

/// How the run stands. @param lateness of the event loop
void add_state(metric_families& into, const run_state& state, std::chrono::nanoseconds lateness);

/// What became of Events on Services.
void add_service_events(metric_families& into, const isat::kubernetes::event_counters& counted);

/// @param octets that the source of VIPs takes, about
void add_source_memory(metric_families& into, std::size_t octets);

/// What was built, and what the process takes of its host.
void add_process(metric_families& into);

}  // namespace speakerd
