// SPDX-License-Identifier: BSL-1.0

// The elector that --elector names, made, opened and logged. The one place where the daemon knows one elector from
// another.
#pragma once

#include "isat/election/elector.hpp"
#include "isat/election/layout.hpp"
#include "isat/election/lease_store.hpp"
#include "logger.hpp"
#include "options.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>

namespace speakerd {

/// Owns the elector of a run, and what that stands on.
class chosen_elector {
 public:
  /// @param log must outlive the elector
  /// @param on_layout is called when the speakers that share a store go over to a layout
  /// @throws failure with exit_code::unavailable when its directory cannot be used
  chosen_elector(isat::asio::any_io_executor executor, const options& what, const logger& log,
                 std::function<void(const isat::election::layout&)> on_layout);

  isat::election::elector& get() noexcept { return *elector_; }

 private:
  std::unique_ptr<isat::election::lease_store> store_;  // outlives the elector
  std::unique_ptr<isat::election::elector> elector_;
};

}  // namespace speakerd
