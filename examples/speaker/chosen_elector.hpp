// SPDX-License-Identifier: BSL-1.0

// The elector that --elector names, made, opened and logged. The one place where the daemon knows one elector from
// another.
#pragma once

#include "event_metrics.hpp"
#include "isat/election/elector.hpp"
#include "isat/election/group_names.hpp"
#include "isat/election/layout.hpp"
#include "isat/election/layout_elector.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "logger.hpp"
#include "options.hpp"
#include "run_state.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace speakerd {

/// Owns the elector of a run, and what that stands on.
class chosen_elector {
 public:
  using layout_function = std::function<void(const isat::election::layout&)>;

  /// @param log must outlive the elector
  /// @param on_layout is called when the speakers that share a store go over to a layout
  /// @param groups    the ids of groups of one address each; must outlive the elector
  /// @param metrics is told what happens, if there are any; must outlive the elector
  /// @param client of the cluster: not null if the leases are there; must outlive the elector
  /// @throws failure with exit_code::unavailable when its directory cannot be used
  chosen_elector(isat::asio::any_io_executor executor, const options& what, const logger& log,
                 isat::kubernetes::api_client* client, layout_function on_layout, isat::election::group_names& groups,
                 event_metrics* metrics = nullptr);

  isat::election::elector& get() noexcept { return *elector_; }

  /// What the elector stands on, or null if that is nothing.
  isat::election::lease_store* store() noexcept { return store_.get(); }

  /// What the store said when it most recently failed; empty if it has no words beside its error codes.
  /// @param reason of the failure that is meant; none: the most recent one
  std::string store_failure(const isat::error_code& reason = {}) const;

  /// Whether of all speakers of the store this one is the first for `key`, and has to do what one of them is to do. As
  /// long as it is not known who they are, no. Without an election every speaker has.
  bool comes_first(std::uint64_t key) const;

  /// How the election stands; none: there is none.
  std::optional<election_state> state() const;

 private:
  void make_file_elector(const options& what, layout_function on_layout);
  void make_kubernetes_elector(const options& what, isat::kubernetes::api_client& client, layout_function on_layout);
  void keep(std::unique_ptr<isat::election::lease_store> store);
  void make_layout_elector(const options& what, std::chrono::nanoseconds layout_validity, layout_function on_layout);

  isat::asio::any_io_executor executor_;
  const logger& log_;
  isat::election::group_names& groups_;
  event_metrics* metrics_;
  std::function<std::string(const isat::error_code&)> store_failure_;
  std::unique_ptr<isat::election::lease_store> store_;  // outlives the elector
  std::unique_ptr<isat::election::elector> elector_;
  const isat::election::layout_elector* layout_elector_ = nullptr;  // the same, if it is one
};

}  // namespace speakerd
