// SPDX-License-Identifier: BSL-1.0

// The elector of a speaker: any number of groups, spread over the nodes that take part, under a layout that all of them
// follow, over any store. What may be answered when is decided by election_machine and its parts; this connects it to
// the elector seam. A daemon that elects one leader needs lease_elector only. It refuses to know VIPs: who maps them to
// groups is told of each layout (layout_options::on_layout), and must follow it.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/election/election_notice.hpp"
#include "isat/election/elector.hpp"
#include "isat/election/layout.hpp"
#include "isat/election/leadership.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/election/lease_timing.hpp"
#include "isat/error.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace isat::inline v0::election {

class group_names;
struct layout_rules;
struct lease_rules;
template <class LeaseRules, class LayoutRules>
class basic_election_machine;
template <class Election>
class store_driver;

/// What a layout_elector is told at its start.
struct layout_options {
  std::string node_name;        ///< must be unique among the speakers of a store
  std::string prefix = "isat";  ///< of the names of all records
  layout wish;                  ///< what this speaker would like; its duration is taken from `timing`
  lease_timing timing;          ///< must be sound
  std::chrono::nanoseconds layout_validity = std::chrono::seconds{3};  ///< L, the same for all speakers of a store
  bool rebalance = false;  ///< hands groups, but those of one address, over to the nodes they belong to, one at a time
  /// Called on the executor for all that a log should tell, between lowering and releasing: a slow one delays releases.
  /// Must not destroy the elector.
  std::function<void(const election_notice&)> on_notice;
  std::chrono::nanoseconds release_limit = std::chrono::seconds{2};  ///< how long a cancellation waits for its releases
  /// Whoever maps VIPs to groups must do so by this layout from the call on: safety depends on it, for the leases of
  /// one layout say nothing about the groups of another. Called on the executor with the first layout of a run and each
  /// that differs from the one before, after all leaderships were lowered and before any is raised in the new one, also
  /// before notices of it; not once the run is cancelled. Must not throw, nor destroy the elector.
  std::function<void(const layout&)> on_layout = {};
  /// The ids of groups of one address each, shared with whoever maps VIPs to groups; must outlive the elector. Without
  /// them no layout of such groups can be wished for, and under one nothing is led.
  group_names* groups = nullptr;
};

/// Leads the groups of a layout that placement gives to this node. Not thread-safe.
class ISAT_API layout_elector final : public elector {
 public:
  /// `store` must outlive the elector. A run whose timing or wish is not sound ends at once: error::unsound_timing,
  /// error::unsound_layout.
  layout_elector(asio::any_io_executor executor, lease_store& store, layout_options options);
  /// Aborts a run and leaves its table alone, which may be gone.
  ISAT_INLINE ~layout_elector() override;

  ISAT_INLINE asio::any_io_executor get_executor() noexcept override;

  ISAT_INLINE void set_candidate(group_id group, bool willing) override;

  // That is election_machine, whose header nobody needs here.
  using machine = basic_election_machine<lease_rules, layout_rules>;

  /// The election that runs, or null: who leads what, and why. To look into it, include election/election_machine.hpp.
  const machine* election() const noexcept;

 private:
  ISAT_INLINE void do_run(leadership_table& table, handler<run_signature> done) override;

  error_code check() const noexcept;

  layout_options options_;
  std::unique_ptr<store_driver<machine>> driver_;
};

}  // namespace isat::inline v0::election

#if ISAT_HEADER_ONLY
#include "isat/election/impl/layout_elector.ipp"
#endif
