// SPDX-License-Identifier: BSL-1.0

// Tells people who look at a Service (kubectl describe service) what a speaker does with it: Event objects
// (events.k8s.io/v1). Several speakers may tell the same fact, and each may tell it again: the name of an Event follows
// from what it says, so that the server refuses the copies for a while. It refuses to be needed: it is slow on purpose,
// repeats nothing that has failed, and forgets what does not fit into its queue.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/service/service_notice.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace isat::inline v0::kubernetes {

/// Whether somebody should look.
enum class event_type : std::uint8_t { none = 0, normal = 1, warning = 2 };

/// One fact about a Service. Texts that are too long are cut.
struct service_event {
  service_reference service;
  event_type type = event_type::normal;
  std::string reason;         ///< one word in CamelCase, for programs; at most 128 octets, not empty
  std::string action;         ///< what was done or tried, likewise
  std::string note;           ///< a sentence for people; at most 1024 octets
  std::string occasion = {};  ///< what makes it another fact in the same words: the term of a leadership. Not shown
};

/// What an event_recorder is told at its start.
struct event_recorder_options {
  std::string node_name;                                       ///< of this node: the instance that reports
  std::string controller = "isat.io/speaker";                  ///< who reports: a qualified name
  std::chrono::seconds window = std::chrono::minutes{10};      ///< how long a fact is not told again, at most
  unsigned rate = 10;                                          ///< Events in a second, at most
  std::size_t queue_max = 1024;                                ///< facts that wait; the oldest make way, warnings last
  std::chrono::nanoseconds timeout = std::chrono::seconds{5};  ///< how long the server's answer is waited for
  /// Called on the executor when telling begins to fail, and when the error becomes another, with a sentence for
  /// people. Must not destroy the recorder.
  std::function<void(const error_code&, const std::string&)> on_failure = {};
};

/// What became of the facts.
struct event_counters {
  std::uint64_t told{};
  std::uint64_t repeated{};   ///< were told already, by whomever
  std::uint64_t failed{};     ///< the server refused them or was away
  std::uint64_t forgotten{};  ///< did not fit into the queue
};

/// Tells facts to one cluster. Not thread-safe: use it on the client's executor. While facts wait they are work for
/// that; otherwise nothing is pending. Destroying it forgets them.
class ISAT_API event_recorder {
 public:
  /// `client` must outlive the recorder.
  event_recorder(api_client& client, event_recorder_options options);
  event_recorder(const event_recorder&) = delete;
  event_recorder& operator=(const event_recorder&) = delete;
  ~event_recorder();

  /// Tells a fact as soon as the rate allows, warnings before all others; never inline.
  void record(service_event fact);

  const event_counters& counters() const noexcept;
  /// Facts that are not told yet.
  std::size_t waiting() const noexcept;

 private:
  class state;

  std::shared_ptr<state> state_;
};

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/service/impl/event_recorder.ipp"
#endif
