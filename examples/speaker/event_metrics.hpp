// SPDX-License-Identifier: BSL-1.0

// The metrics that count what happens: leaderships that came and went and why, what a lease store did and how long it
// took, which answers went out over HTTP. Everything else a scrape reads where it is (run_metrics.hpp). The number of
// series is fixed, whatever happens.
#pragma once

#include "isat/election/election_notice.hpp"
#include "isat/election/record_names.hpp"
#include "timed_store.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace speakerd {

class event_metrics {
 public:
  /// @param lease_name what the names of records begin with
  explicit event_metrics(const std::string& lease_name);

  void note(const isat::election::election_notice& notice);
  void note(const store_operation& operation);
  void note_http_answer(unsigned status);

  std::vector<prometheus::MetricFamily> collect() const { return registry_.Collect(); }

 private:
  void add_transitions();
  void count_transition(const isat::election::lease_event& event);

  isat::election::record_names names_;
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& transitions_;
  prometheus::Family<prometheus::Counter>& layouts_;
  prometheus::Family<prometheus::Counter>& failures_;
  prometheus::Family<prometheus::Counter>& writes_;
  prometheus::Family<prometheus::Histogram>& durations_;
  prometheus::Gauge& store_answers_;
  prometheus::Family<prometheus::Counter>& http_answers_;
};

/// The value of the label `reason`: the enumerator's name.
std::string_view reason_label(isat::election::lease_reason reason) noexcept;

/// The value of the label `error`: one of a few words, whatever the error.
std::string_view error_label(const isat::error_code& error) noexcept;

}  // namespace speakerd
