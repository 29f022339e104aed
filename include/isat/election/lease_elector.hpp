// SPDX-License-Identifier: BSL-1.0

// Leader election for any daemon, over any store: one lease per group, by a name of the user's choice, and no more than
// that. When this process may act is decided by lease_machine; this connects it to the elector seam. It refuses to rank
// the candidates and to spread groups over them: layout_elector does.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/election/election_notice.hpp"
#include "isat/election/elector.hpp"
#include "isat/election/leadership.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/election/lease_timing.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace isat::inline v0::election {

class lease_set;
template <class Election>
class store_driver;

/// What a lease_elector is told at its start.
struct lease_options {
  std::string node_name;            ///< who leads, for people; candidates of one lease should differ in it
  std::vector<std::string> leases;  ///< names of the records, that of group 0 first
  lease_timing timing;              ///< must be sound
  /// The longest duration that any candidate uses, at most lease_timing::duration_max; zero: that of `timing`.
  std::chrono::nanoseconds longest{};
  /// Called on the executor for all that a log should tell, between lowering and releasing: a slow one delays releases.
  /// Must not destroy the elector.
  std::function<void(const election_notice&)> on_notice;
  std::chrono::nanoseconds release_limit = std::chrono::seconds{2};  ///< how long a cancellation waits for its releases
};

/// Leads the groups whose leases it gets. Not thread-safe.
class ISAT_API lease_elector final : public elector {
 public:
  /// `store` must outlive the elector. A run whose timing is not sound, or whose longest duration is beyond
  /// lease_timing::duration_max, ends at once: error::unsound_timing.
  lease_elector(asio::any_io_executor executor, lease_store& store, lease_options options);
  /// Aborts a run and leaves its table alone, which may be gone.
  ISAT_INLINE ~lease_elector() override;

  ISAT_INLINE asio::any_io_executor get_executor() noexcept override;

  /// Groups beyond the names that were given are never led. Whoever has released one, willingly or not, stays out of it
  /// for D + lease_machine::hold_down even if there is no other candidate: without presence nobody knows.
  ISAT_INLINE void set_candidate(group_id group, bool willing) override;

  /// Gives up `group` although willing, for another candidate to take; then stays out of it for a while.
  void hand_over(group_id group);

  /// The election that runs, or null: who leads what, and why. To look into it, include election/lease_set.hpp.
  const lease_set* election() const noexcept;

 private:
  bool knows(group_id group) const noexcept { return static_cast<std::size_t>(group) < options_.leases.size(); }

  ISAT_INLINE void do_run(leadership_table& table, handler<run_signature> done) override;

  lease_options options_;
  std::unique_ptr<store_driver<lease_set>> driver_;
};

}  // namespace isat::inline v0::election

#if ISAT_HEADER_ONLY
#include "isat/election/impl/lease_elector.ipp"
#endif
