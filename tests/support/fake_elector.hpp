// SPDX-License-Identifier: BSL-1.0

// An elector whose verdicts are the test's: it leads what the test says, and records what the speaker asked of it.
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/election/elector.hpp"
#include "isat/pending_operation.hpp"

#include <boost/asio/error.hpp>

#include <map>
#include <utility>

namespace isat::testing {

class fake_elector final : public election::elector {
 public:
  explicit fake_elector(asio::any_io_executor executor) : executor_{executor}, done_{std::move(executor)} {}

  election::leadership_table* table = nullptr;  ///< set while running
  std::map<group_id, bool> candidates;

  bool wants(unsigned group) const {
    const auto at = candidates.find(static_cast<group_id>(group));
    return at != candidates.end() && at->second;
  }
  void lead(unsigned group, election::leadership right) { table->set(static_cast<group_id>(group), right); }
  void fail(error_code error) {
    table->revoke_all();
    done_.complete(error);
  }

  asio::any_io_executor get_executor() noexcept override { return executor_; }
  void set_candidate(group_id group, bool willing) override { candidates[group] = willing; }

 private:
  void do_run(election::leadership_table& leaderships, handler<run_signature> done) override {
    table = &leaderships;
    done_.store(std::move(done), [this] { fail(asio::error::operation_aborted); });
  }

  asio::any_io_executor executor_;
  pending_operation<run_signature> done_;
};

}  // namespace isat::testing
