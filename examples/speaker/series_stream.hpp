// SPDX-License-Identifier: BSL-1.0

// Metrics as text, and metrics with many series as text in pieces: the event loop serves others between two of them.
#pragma once

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace speakerd {

/// The text format of Prometheus, version 0.0.4.
std::string metrics_text(const std::vector<prometheus::MetricFamily>& families);

/// One metric whose series are made a few at a time.
class series_stream {
 public:
  using make_function = std::function<prometheus::ClientMetric(std::size_t)>;

  /// @param head name, help and type; its series are ignored
  /// @param count of series; @param make gives each of them once, in order
  series_stream(prometheus::MetricFamily head, std::size_t count, make_function make);

  /// The next piece; empty at the end, and if there are no series at all.
  std::string next();

  static constexpr std::size_t piece_size = 64;  ///< series

 private:
  prometheus::MetricFamily head_;
  std::size_t count_;
  make_function make_;
  std::size_t at_ = 0;
};

}  // namespace speakerd
