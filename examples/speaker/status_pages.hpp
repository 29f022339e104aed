// SPDX-License-Identifier: BSL-1.0

// The pages about a run: /healthz, /readyz and /metrics, and who is asked for what stands in them. Made for probes and
// scrapers; it refuses to change anything, whatever is asked.
#pragma once

#include "event_metrics.hpp"
#include "health.hpp"
#include "http_answer.hpp"
#include "isat/election/group_names.hpp"
#include "isat/election/layout.hpp"
#include "isat/speaker.hpp"
#include "options.hpp"
#include "run_state.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

namespace speakerd {

/// What the pages read. All of it must outlive them, and answers of theirs that are on their way.
struct status_source {
  const isat::speaker& speaker;
  const health& pulse;
  const event_metrics& events;
  std::function<run_state()> state;
  std::function<isat::election::layout()> layout;       ///< by which VIPs are in groups now
  const isat::election::group_names* groups = nullptr;  ///< those of one address each; null: there are none
  /// Asked for each /metrics: about how many octets the source of VIPs takes; none: not worth telling.
  std::function<std::optional<std::size_t>()> source_memory = {};
};

class status_pages {
 public:
  status_pages(status_source source, metrics_extent extent) : source_{std::move(source)}, extent_{extent} {}

  http_answer find(std::string_view path) const;

 private:
  http_answer metrics() const;

  status_source source_;
  metrics_extent extent_;
};

}  // namespace speakerd
