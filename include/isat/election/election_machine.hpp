// SPDX-License-Identifier: BSL-1.0

// One speaker's whole election, sans-I/O: the layout that all follow, one lease machine per group of it, who else takes
// part, and which of them should lead what. It ties the parts together and holds no rule of its own but one: an answer
// needs two deadlines, the group's and the layout's. A driver (layout_elector) connects it to a store, a simulator to
// thousands of simulated years. It refuses to know VIPs, names and texts.
//
//   after every input                  | what follows
//   -----------------------------------+------------------------------------------------------------------------------
//   another era, or no layout          | all leaderships are lowered, all machines go over to the era, with a new nonce
//   the layout was not read in time    | leaderships are lowered; records are kept; later renewals start new terms
//   owners or live nodes have changed  | every group's hold-off is computed again
//   a machine holds or tries something | the layout is read often enough to answer by it
#pragma once

#include "isat/clock.hpp"
#include "isat/detail/mix.hpp"
#include "isat/election/layout_machine.hpp"
#include "isat/election/leadership.hpp"
#include "isat/election/lease_claim.hpp"
#include "isat/election/lease_event.hpp"
#include "isat/election/lease_machine.hpp"
#include "isat/election/placement.hpp"
#include "isat/election/presence.hpp"
#include "isat/election/presence_writer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace isat::inline v0::election {

/// What an election machine is told at its start.
struct election_settings {
  node_id self{};
  layout wish;                                                         ///< its duration is that of `timing`
  lease_timing timing;                                                 ///< of this process
  std::chrono::nanoseconds layout_validity = std::chrono::seconds{3};  ///< L; the same for all speakers of a store
  bool rebalance = false;                                              ///< hands groups to the nodes they belong to
  std::uint64_t seed{};                                                ///< random, from the operating system
};

template <class LeaseRules = lease_rules, class LayoutRules = layout_rules>
class basic_election_machine {
 public:
  using duration = std::chrono::nanoseconds;
  using machine = basic_lease_machine<LeaseRules>;

  explicit basic_election_machine(const election_settings& settings, LeaseRules lease_rules = {},
                                  LayoutRules layout_rules = {});

  // ---- Inputs ----

  void tick(const lease_time& now);
  /// Whether this process wants `group`, should the layout have it.
  void set_candidate(const lease_time& now, group_id group, bool willing);
  /// Everything that was in the store at the start has been told by on_…() calls: who takes part is known.
  void on_listed(const lease_time& now);
  /// The watch may have missed something; a fresh listing is told after it.
  void on_watch_lost(const lease_time& now);
  void on_lease(const lease_time& now, group_id group, const lease_sight& sight);
  void on_layout(const lease_time& now, const layout_sight& sight);
  void on_presence(const lease_time& now, node_id node, const presence_sight& sight);
  void on_lease_response(const lease_time& now, group_id group, const lease_response& response);
  void on_layout_response(const lease_time& now, const layout_response& response);
  void on_presence_response(const lease_time& now, const presence_response& response);
  /// Releases everything and removes the presence; stopped() when that is done.
  void stop(const lease_time& now);

  // ---- Outputs, to be taken after each input, the leaderships first ----

  /// Number of groups of the largest layout so far.
  std::size_t size() const noexcept { return groups_.size(); }
  /// Who may answer for `group`: none beyond the present layout.
  leadership leads(group_id group) const noexcept;
  const std::optional<layout_claim>& adopted() const noexcept { return layout_.adopted(); }
  std::optional<group_request> take_lease_request();
  std::optional<layout_request> take_layout_request() noexcept { return layout_.take_request(); }
  std::optional<presence_request> take_presence_request() noexcept { return presence_.take_request(); }
  std::optional<group_event> take_event();
  duration wake_in(const lease_time& now) const noexcept;
  bool stopped() const noexcept;
  /// The layout is one that this process cannot follow: it leads nothing meanwhile.
  bool layout_is_foreign() const noexcept { return layout_.is_foreign(); }
  /// Another process writes under this node's name: placement is at fault then, safety is not.
  bool name_is_taken() const noexcept { return name_is_taken_; }

  const machine& group(std::size_t at) const noexcept { return groups_[at].lease; }

  /// For how long a starting process with several groups takes none, so that all that start together get their share.
  static constexpr duration settling = std::chrono::seconds{1};
  static constexpr duration settling_max = std::chrono::seconds{3};
  /// The shortest time between two groups handed over for balance.
  static constexpr duration rebalance_step = std::chrono::seconds{1};

 private:
  struct slot {
    explicit slot(machine own) : lease{std::move(own)} {}

    machine lease;
    bool wanted = false;
    group_owner owner;
    lease_time renewed;      // when the owner's last version was received
    duration due{};          // when to call tick(), on BOOTTIME
    std::uint64_t term = 0;  // of the leadership that runs; 0: none
    lease_time led_since;    // its beginning
  };

  static constexpr std::size_t index(group_id group) noexcept { return static_cast<std::size_t>(group); }

  slot& slot_of(std::size_t at);
  void doubt_era(const lease_time& now, const lease_sight& sight);
  void foresee(const lease_time& now, std::size_t at, const lease_sight& sight);
  void check_layout(const lease_time& now);
  lease_identity identity(std::size_t at) const noexcept {
    return {settings_.self, writer_of(writer_, static_cast<group_id>(at)), era_};
  }
  void touch(const lease_time& now, std::size_t at);
  void settle(const lease_time& now);
  void follow_layout(const lease_time& now);
  void adopt(const lease_time& now);
  group_owner owner_of(const machine& lease) const noexcept;
  bool settled(const lease_time& now) const noexcept;
  duration settles_in(const lease_time& now) const noexcept;
  void place(const lease_time& now);
  void set_candidacies(const lease_time& now);
  void rebalance(const lease_time& now);

  election_settings settings_;
  LeaseRules lease_rules_;
  LayoutRules layout_rules_;
  detail::id_sequence ids_;
  basic_layout_machine<LayoutRules> layout_;
  presence_writer presence_;
  presence_table members_;
  placement placement_;
  std::vector<slot> groups_;

  std::uint64_t era_ = 0;  // 0: none
  std::uint64_t writer_ = 0;
  std::uint32_t count_ = 0;  // groups of the present layout
  bool was_valid_ = false;   // the layout could be acted upon, when last looked at
  bool listed_ = false;
  bool doubted_ = false;  // the layout was, when last looked at
  bool stopping_ = false;
  bool settled_ = false;
  bool known_to_all_ = false;  // the layout was changed with this process's consent
  bool placement_due_ = true;
  bool candidacies_due_ = true;
  bool name_is_taken_ = false;
  std::vector<node_id> live_;
  std::vector<group_owner> owners_;
  lease_time rebalanced_;
  lease_time arrived_;  // of the last other node that came while this one had not settled
};

using election_machine = basic_election_machine<>;

}  // namespace isat::inline v0::election

#include "isat/impl/election_machine.ipp"
