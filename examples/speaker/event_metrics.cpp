// SPDX-License-Identifier: BSL-1.0

#include "event_metrics.hpp"
#include "isat/kubernetes/error.hpp"

#include <boost/asio/error.hpp>

#include <array>
#include <cstddef>
#include <variant>

namespace speakerd {

namespace {

namespace election = isat::election;
using election::lease_change;
using election::lease_reason;
using election::record_kind;
using election::store_task;

/// Upper bounds in seconds: a file answers in less than the first, an API server in the middle of them, and the longest
/// attempt that a profile has takes 3 s.
const prometheus::Histogram::BucketBoundaries duration_bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                              0.25,  0.5,    0.7,   1,    2,     3,    5};

constexpr std::array<lease_reason, 14> reasons{
    lease_reason::expired,      lease_reason::released,      lease_reason::orphaned,    lease_reason::vacant,
    lease_reason::missing,      lease_reason::regained,      lease_reason::lapsed,      lease_reason::superseded,
    lease_reason::conflict,     lease_reason::unwilling,     lease_reason::handed_over, lease_reason::era_changed,
    lease_reason::clock_jumped, lease_reason::layout_unknown};

std::string_view task_label(store_task task) noexcept {
  switch (task) {
    case store_task::none:
      break;
    case store_task::load:
      return "load";
    case store_task::cas:
      return "write";
    case store_task::list:
      return "list";
    case store_task::watch:
      return "watch";
  }
  return "none";
}

std::string_view record_label(record_kind kind) noexcept {
  switch (kind) {
    case record_kind::none:
      break;
    case record_kind::lease:
      return "lease";
    case record_kind::layout:
      return "layout";
    case record_kind::presence:
      return "presence";
  }
  return "other";
}

std::string_view outcome_label(const isat::error_code& error) noexcept {
  if (!error) return "done";
  if (error == isat::error::version_conflict) return "conflict";
  return error == isat::condition::write_refused ? "refused" : "unknown";
}

auto& counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Labels labels(std::initializer_list<std::pair<const char*, std::string_view>> each) {
  prometheus::Labels result;
  for (const auto& [name, value] : each) result.emplace(name, std::string{value});
  return result;
}

}  // namespace

event_metrics::event_metrics(const std::string& lease_name)
    : names_{lease_name},
      transitions_{counters(registry_, "isat_lease_transitions_total",
                            "Changes of this node's leases by what happened and why; gained and lost are leaderships")},
      layouts_{counters(registry_, "isat_layout_changes_total", "How often another layout, or none, was worked by")},
      failures_{counters(registry_, "isat_store_failures_total",
                         "Operations of the lease store that did not do what they were asked, by the kind of error")},
      writes_{counters(registry_, "isat_store_writes_total", "Writes to the lease store by record and outcome")},
      durations_{prometheus::BuildHistogram()
                     .Name("isat_store_write_duration_seconds")
                     .Help("How long writes took that were done; of record=lease: renewals and takeovers")
                     .Register(registry_)},
      store_answers_{prometheus::BuildGauge()
                         .Name("isat_store_up")
                         .Help("1 while the lease store does what it is asked, as far as is known")
                         .Register(registry_)
                         .Add({})},
      http_answers_{counters(registry_, "isat_http_answers_total", "Answers to HTTP requests by status")} {
  store_answers_.Set(1);
  layouts_.Add({});
  add_transitions();
  for (const auto kind : {record_kind::lease, record_kind::layout, record_kind::presence}) {
    const std::string_view record = record_label(kind);
    durations_.Add(labels({{"record", record}}), duration_bounds);
    for (const auto* outcome : {"done", "conflict", "refused", "unknown"}) {
      writes_.Add(labels({{"record", record}, {"outcome", outcome}}));
    }
  }
}

// All that may come, at zero: a series that begins at 1 hides its first event from whoever asks for a rate.
void event_metrics::add_transitions() {
  for (const lease_reason reason : reasons) {
    const bool is_gain = reason <= lease_reason::regained;
    transitions_.Add(labels({{"change", is_gain ? "gained" : "lost"}, {"reason", reason_label(reason)}}));
  }
  for (const auto change : {lease_change::seized, lease_change::released, lease_change::follows}) {
    transitions_.Add(labels({{"change", to_string(change)}, {"reason", "none"}}));
  }
}

void event_metrics::count_transition(const election::lease_event& event) {
  if (event.what == lease_change::none) return;
  const std::string_view change = to_string(event.what);
  const bool has_reason = event.what == lease_change::gained || event.what == lease_change::lost;
  const std::string_view reason = has_reason ? reason_label(event.why) : "none";
  transitions_.Add(labels({{"change", change}, {"reason", reason}})).Increment();
}

void event_metrics::note(const election::election_notice& notice) {
  if (const auto* told = std::get_if<election::lease_transition>(&notice)) count_transition(told->event);
  if (std::holds_alternative<election::layout_changed>(notice)) layouts_.Add({}).Increment();
  if (std::holds_alternative<election::store_failed>(notice)) store_answers_.Set(0);
  if (std::holds_alternative<election::store_answers>(notice)) store_answers_.Set(1);
}

void event_metrics::note(const store_operation& operation) {
  const isat::error_code& error = operation.error;
  if (error == boost::asio::error::operation_aborted) return;
  if (operation.task == store_task::cas) {
    const std::string_view record = record_label(names_.key_of(operation.name).kind);
    writes_.Add(labels({{"record", record}, {"outcome", outcome_label(error)}})).Increment();
    const double took = std::chrono::duration<double>{operation.took}.count();
    if (!error) durations_.Add(labels({{"record", record}}), duration_bounds).Observe(took);
  }
  if (!error || error == isat::error::version_conflict) return;  // which is how a store says no
  const prometheus::Labels where = labels({{"operation", task_label(operation.task)}, {"error", error_label(error)}});
  failures_.Add(where).Increment();
}

void event_metrics::note_http_answer(unsigned status) {
  http_answers_.Add({{"code", std::to_string(status)}}).Increment();
}

std::string_view reason_label(lease_reason reason) noexcept {
  switch (reason) {
    case lease_reason::none:
      return "none";
    case lease_reason::expired:
      return "expired";
    case lease_reason::released:
      return "released";
    case lease_reason::orphaned:
      return "orphaned";
    case lease_reason::vacant:
      return "vacant";
    case lease_reason::missing:
      return "missing";
    case lease_reason::regained:
      return "regained";
    case lease_reason::lapsed:
      return "lapsed";
    case lease_reason::superseded:
      return "superseded";
    case lease_reason::conflict:
      return "conflict";
    case lease_reason::unwilling:
      return "unwilling";
    case lease_reason::handed_over:
      return "handed_over";
    case lease_reason::era_changed:
      return "era_changed";
    case lease_reason::clock_jumped:
      return "clock_jumped";
    case lease_reason::layout_unknown:
      return "layout_unknown";
  }
  return "none";
}

std::string_view error_label(const isat::error_code& error) noexcept {
  static constexpr std::array<std::string_view, 22> of_api_servers{
      "none",           "bad_request",     "unauthorized",   "forbidden",        "not_found",         "not_allowed",
      "already_exists", "conflict",        "expired",        "invalid",          "too_many_requests", "internal",
      "unavailable",    "server_timeout",  "other_status",   "malformed_answer", "answer_too_large",  "request_timeout",
      "no_server",      "bad_certificate", "no_credentials", "unusable_name"};
  using isat::kubernetes::error_category;
  const auto value = static_cast<std::size_t>(error.value());
  if (error.category() == error_category{} && value < of_api_servers.size()) return of_api_servers[value];
  if (error == isat::error::outcome_unknown) return "outcome_unknown";
  if (error == boost::asio::error::connection_refused) return "connection_refused";
  if (error == boost::asio::error::timed_out) return "timed_out";
  return error.category() == boost::system::system_category() ? "system" : "other";
}

}  // namespace speakerd
