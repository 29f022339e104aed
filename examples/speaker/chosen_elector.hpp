// SPDX-License-Identifier: BSL-1.0

// The elector that --elector names, made, opened and logged. The one place where the daemon knows one elector from
// another.
#pragma once

#include "isat/election/elector.hpp"
#include "isat/election/file_lock_elector.hpp"
#include "logger.hpp"
#include "options.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>

namespace speakerd {

/// Owns the elector of a run.
class chosen_elector {
 public:
  /// @param log must outlive the elector
  /// @throws failure with exit_code::unavailable when its directory cannot be used
  chosen_elector(isat::asio::any_io_executor executor, const options& what, const logger& log);

  isat::election::elector& get() noexcept { return *elector_; }

  /// What it failed by, in a sentence; empty if it did not fail.
  std::string failure_message() const;

 private:
  std::unique_ptr<isat::election::elector> elector_;
  const isat::election::file_lock_elector* file_{};
};

}  // namespace speakerd
