// SPDX-License-Identifier: BSL-1.0

// The elector without an election: while it runs, it leads every group that it is a candidate for, and nothing but its
// owner can end that. For one speaker alone, for tests, and for hosts that decide elsewhere who starts a speaker.
// It refuses to look for rivals: two such speakers with one VIP both answer.
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/election/elector.hpp"
#include "isat/election/leadership.hpp"
#include "isat/pending_operation.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace isat::inline v0::election {

/// Leads every group that it is a candidate for. Not thread-safe: use it on its executor, as an Asio object.
/// Destroying it while it runs aborts the run without lowering an entry (the table may be gone): cancel it instead.
class always_leader final : public elector {
 public:
  explicit always_leader(asio::any_io_executor executor) : executor_{std::move(executor)}, run_{executor_} {}

  asio::any_io_executor get_executor() noexcept override { return executor_; }

  /// Leads `group` at once, or as soon as it runs; unwilling lowers it at once. Each leadership has the next term,
  /// from 1 on, for as long as this object lives.
  void set_candidate(group_id group, bool willing) override {
    const auto at = static_cast<std::size_t>(group);
    if (at >= groups_.size()) groups_.resize(at + 1);
    if (groups_[at].willing == willing) return;
    groups_[at].willing = willing;
    if (table_ == nullptr) return;
    willing ? raise(at) : table_->revoke(group);
  }

 private:
  struct candidacy {
    bool willing = false;
    std::uint64_t term = 0;  // of the latest leadership
  };

  void do_run(leadership_table& table, handler<run_signature> done) override {
    run_.store(std::move(done), [this] { stop(); });
    auto start = run_.while_pending([this, &table] {
      table_ = &table;
      for (std::size_t at = 0; at < groups_.size() && table_ != nullptr; ++at) {
        if (groups_[at].willing) raise(at);
      }
    });
    asio::dispatch(executor_, std::move(start));
  }

  void raise(std::size_t at) {
    const leadership next = leadership::until_revoked(++groups_[at].term);
    table_->set(static_cast<group_id>(at), next);
  }

  void stop() {
    // Observers may call set_candidate(): from here on that is only remembered.
    if (leadership_table* table = std::exchange(table_, nullptr)) {
      for (std::size_t at = 0; at < groups_.size(); ++at) table->revoke(static_cast<group_id>(at));
    }
    run_.complete(asio::error::operation_aborted);
  }

  asio::any_io_executor executor_;
  std::vector<candidacy> groups_;  // by group id, which is dense
  leadership_table* table_ = nullptr;
  pending_operation<run_signature> run_;
};

}  // namespace isat::inline v0::election
