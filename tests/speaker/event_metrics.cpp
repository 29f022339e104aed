// SPDX-License-Identifier: BSL-1.0

#include "event_metrics.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/error.hpp"
#include "series_stream.hpp"

#include <boost/asio/error.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>

using namespace speakerd;
using namespace std::chrono_literals;

namespace {

namespace election = isat::election;
using election::lease_change;
using election::lease_reason;
using election::store_task;

bool has_line(const event_metrics& metrics, const std::string& line) {
  return ("\n" + metrics_text(metrics.collect())).find("\n" + line + "\n") != std::string::npos;
}

auto count_lines(const event_metrics& metrics) {
  const std::string text = metrics_text(metrics.collect());
  return std::count(text.begin(), text.end(), '\n');
}

}  // namespace

TEST_CASE("every transition has its series from the start, at zero") {
  const event_metrics metrics{"isat"};
  for (const std::string reason : {"expired", "released", "orphaned", "vacant", "missing", "regained"}) {
    CHECK(has_line(metrics, "isat_lease_transitions_total{change=\"gained\",reason=\"" + reason + "\"} 0"));
  }
  for (const std::string reason : {"lapsed", "superseded", "conflict", "unwilling", "handed_over", "era_changed",
                                   "clock_jumped", "layout_unknown"}) {
    CHECK(has_line(metrics, "isat_lease_transitions_total{change=\"lost\",reason=\"" + reason + "\"} 0"));
  }
  CHECK(has_line(metrics, "isat_lease_transitions_total{change=\"seized\",reason=\"none\"} 0"));
  CHECK(has_line(metrics, "isat_store_up 1"));
}

TEST_CASE("a transition is counted under what happened and why") {
  event_metrics metrics{"isat"};
  metrics.note(election::lease_transition{{}, {lease_change::gained, lease_reason::expired, 3, {}}, {}});
  metrics.note(election::lease_transition{{}, {lease_change::lost, lease_reason::lapsed, 3, {}}, {}});
  metrics.note(election::lease_transition{{}, {lease_change::lost, lease_reason::lapsed, 3, {}}, {}});
  metrics.note(election::lease_transition{{}, {lease_change::follows, lease_reason::none, 4, {}}, "node-b"});
  CHECK(has_line(metrics, "isat_lease_transitions_total{change=\"gained\",reason=\"expired\"} 1"));
  CHECK(has_line(metrics, "isat_lease_transitions_total{change=\"lost\",reason=\"lapsed\"} 2"));
  CHECK(has_line(metrics, "isat_lease_transitions_total{change=\"follows\",reason=\"none\"} 1"));
}

TEST_CASE("what is told of the layout and of the store is kept") {
  event_metrics metrics{"isat"};
  metrics.note(election::layout_changed{});
  metrics.note(election::store_failed{boost::asio::error::timed_out});
  CHECK(has_line(metrics, "isat_layout_changes_total 1"));
  CHECK(has_line(metrics, "isat_store_up 0"));
  metrics.note(election::store_answers{});
  CHECK(has_line(metrics, "isat_store_up 1"));
}

TEST_CASE("a write that was done is in the histogram of its record, one that was not only in the count") {
  event_metrics metrics{"isat"};
  metrics.note(store_operation{store_task::cas, "isat-group-7", {}, 30ms});
  metrics.note(store_operation{store_task::cas, "isat-group-7", isat::error::version_conflict, 10s});
  metrics.note(store_operation{store_task::cas, "isat-layout", boost::asio::error::timed_out, 10s});
  metrics.note(store_operation{store_task::cas, "isat-node-a", isat::kubernetes::error::forbidden, 1ms});
  CHECK(has_line(metrics, "isat_store_write_duration_seconds_bucket{record=\"lease\",le=\"0.025\"} 0"));
  CHECK(has_line(metrics, "isat_store_write_duration_seconds_bucket{record=\"lease\",le=\"0.05\"} 1"));
  CHECK(has_line(metrics, "isat_store_write_duration_seconds_count{record=\"lease\"} 1"));
  CHECK(has_line(metrics, "isat_store_writes_total{outcome=\"done\",record=\"lease\"} 1"));
  CHECK(has_line(metrics, "isat_store_writes_total{outcome=\"conflict\",record=\"lease\"} 1"));
  CHECK(has_line(metrics, "isat_store_writes_total{outcome=\"unknown\",record=\"layout\"} 1"));
  CHECK(has_line(metrics, "isat_store_writes_total{outcome=\"refused\",record=\"presence\"} 1"));
  CHECK(has_line(metrics, "isat_store_failures_total{error=\"timed_out\",operation=\"write\"} 1"));
  CHECK(has_line(metrics, "isat_store_failures_total{error=\"forbidden\",operation=\"write\"} 1"));
}

TEST_CASE("nobody waits any more for what was cancelled: it is neither done nor failed") {
  event_metrics metrics{"isat"};
  const auto before = count_lines(metrics);
  metrics.note(store_operation{store_task::watch, "isat", boost::asio::error::operation_aborted, 1s});
  metrics.note(store_operation{store_task::cas, "isat-group-0", boost::asio::error::operation_aborted, 1s});
  CHECK(count_lines(metrics) == before);
  CHECK(has_line(metrics, "isat_store_writes_total{outcome=\"unknown\",record=\"lease\"} 0"));
}

TEST_CASE("whatever goes wrong, the number of series has an end") {
  event_metrics metrics{"isat"};
  for (int code = 1; code < 5'000; ++code) {
    for (const auto task : {store_task::load, store_task::cas, store_task::list, store_task::watch}) {
      const std::string name = "isat-node-" + std::to_string(code);
      metrics.note(store_operation{task, name, {code, boost::system::system_category()}, 1ms});
      metrics.note(store_operation{task, name, {code, boost::system::generic_category()}, 1ms});
      metrics.note(store_operation{task, name, {code, isat::kubernetes::error_category{}}, 1ms});
      metrics.note(store_operation{task, "stranger-" + name, {code, boost::asio::error::get_misc_category()}, 1ms});
    }
    metrics.note_http_answer(200);
  }
  CHECK(count_lines(metrics) < 300);
}

TEST_CASE("each error of an API server has its own word") {
  using isat::kubernetes::error;
  CHECK(error_label(error::bad_request) == "bad_request");
  CHECK(error_label(error::too_many_requests) == "too_many_requests");
  CHECK(error_label(error::request_timeout) == "request_timeout");
  CHECK(error_label(error::unusable_name) == "unusable_name");
  CHECK(error_label(isat::error::outcome_unknown) == "outcome_unknown");
  CHECK(error_label(boost::asio::error::connection_refused) == "connection_refused");
  CHECK(error_label(boost::asio::error::host_unreachable) == "system");
}
