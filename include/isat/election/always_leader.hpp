// SPDX-License-Identifier: BSL-1.0

// The elector without an election: while it runs, it leads every group that it is a candidate for, and nothing but its
// owner can end that. For one speaker alone, for tests, and for hosts that decide elsewhere who starts a speaker.
// It refuses to look for rivals: two such speakers with one VIP both answer.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/election/elector.hpp"
#include "isat/election/leadership.hpp"
#include "isat/pending_operation.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isat::inline v0::election {

/// Leads every group that it is a candidate for. Not thread-safe: use it on its executor, as an Asio object.
/// Destroying it while it runs aborts the run without lowering an entry (the table may be gone): cancel it instead.
class ISAT_API always_leader final : public elector {
 public:
  explicit always_leader(asio::any_io_executor executor);

  asio::any_io_executor get_executor() noexcept override { return executor_; }

  /// Leads `group` at once, or as soon as it runs; unwilling lowers it at once. Each leadership has the next term,
  /// from 1 on, for as long as this object lives.
  ISAT_INLINE void set_candidate(group_id group, bool willing) override;

 private:
  struct candidacy {
    bool willing = false;
    std::uint64_t term = 0;  // of the latest leadership
  };

  ISAT_INLINE void do_run(leadership_table& table, handler<run_signature> done) override;

  void raise(std::size_t at);

  void stop();

  asio::any_io_executor executor_;
  std::vector<candidacy> groups_;  // by group id, which is dense
  leadership_table* table_ = nullptr;
  pending_operation<run_signature> run_;
};

}  // namespace isat::inline v0::election

#if ISAT_HEADER_ONLY
#include "isat/election/impl/always_leader.ipp"
#endif
