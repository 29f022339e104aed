// SPDX-License-Identifier: BSL-1.0

// What --assign-pool adds to a run: an assigner that gives addresses of the pool to Services, logged and told in
// Events. Which speaker's assigner works is decided by a Lease of its own; who answers for an address has nothing to do
// with it.
#pragma once

#include "chosen_source.hpp"
#include "isat/detail/stop_signal.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/service/address_assigner.hpp"
#include "isat/kubernetes/service/event_recorder.hpp"
#include "logger.hpp"
#include "options.hpp"

#include <functional>

namespace speakerd {

class assigner_run {
 public:
  /// @param source knows which addresses are taken
  /// @param recorder tells it to people
  /// All of them must outlive this. @pre what.services.pool is not empty
  assigner_run(isat::kubernetes::api_client& client, isat::election::lease_store& store, const chosen_source& source,
               isat::kubernetes::event_recorder& recorder, const options& what, const logger& log);

  /// @param on_end is called when it has ended; not before stop(), unless it can never work
  void start(std::function<void()> on_end);
  /// Gives its turn to another, and ends.
  void stop() { stop_.emit(); }

  bool is_running() const noexcept { return is_running_; }

 private:
  isat::kubernetes::assigner_options options_of(const options& what, const chosen_source& source);
  void tell(const isat::kubernetes::assigner_notice& notice);

  const logger& log_;
  isat::kubernetes::event_recorder& recorder_;
  isat::kubernetes::address_assigner assigner_;
  isat::detail::stop_signal stop_;
  bool is_running_ = false;
};

}  // namespace speakerd
