// SPDX-License-Identifier: BSL-1.0

// The elector that --elector names, made, opened and logged. The one place where the daemon knows one elector from
// another.
#pragma once

#include "isat/election/elector.hpp"
#include "isat/election/layout.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/config/cluster_config.hpp"
#include "logger.hpp"
#include "options.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace speakerd {

/// Owns the elector of a run, and what that stands on.
class chosen_elector {
 public:
  using layout_function = std::function<void(const isat::election::layout&)>;

  /// @param log must outlive the elector
  /// @param on_layout is called when the speakers that share a store go over to a layout
  /// @throws failure with exit_code::unavailable when its directory cannot be used, as find_cluster() does when it is
  ///   of a cluster
  chosen_elector(isat::asio::any_io_executor executor, const options& what, const logger& log,
                 layout_function on_layout);

  isat::election::elector& get() noexcept { return *elector_; }

  /// What the elector stands on, or null if that is nothing.
  isat::election::lease_store* store() noexcept { return store_.get(); }

  /// What the store said when it most recently failed; empty if it has no words beside its error codes.
  std::string store_failure() const;

  /// Tells what the elector stands on, and looks for what is not needed, but good to have: more servers of a cluster.
  void start();

 private:
  void make_file_elector(const options& what, layout_function on_layout);
  void make_kubernetes_elector(const options& what, layout_function on_layout);
  void make_layout_elector(const options& what, std::chrono::nanoseconds layout_validity, layout_function on_layout);

  isat::asio::any_io_executor executor_;
  const logger& log_;
  bool asks_for_servers_ = false;
  std::unique_ptr<isat::kubernetes::api_client> client_;  // outlives the store
  std::function<std::string()> store_failure_;
  std::unique_ptr<isat::election::lease_store> store_;  // outlives the elector
  std::unique_ptr<isat::election::elector> elector_;
};

}  // namespace speakerd
