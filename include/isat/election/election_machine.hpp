// SPDX-License-Identifier: BSL-1.0

// One speaker's whole election, sans-I/O: the layout that all follow, one lease machine per group of it, who else takes
// part, and which of them should lead what. It ties the parts together and holds no rule of its own but one: an answer
// needs two deadlines, the group's and the layout's. A driver (layout_elector) connects it to a store, a simulator to
// thousands of simulated years. It refuses to know VIPs, names and texts; of a group of one address it asks the address
// (group_names), as a number that all nodes order and weigh alike.
//
//   after every input                  | what follows
//   -----------------------------------+------------------------------------------------------------------------------
//   another era, or no layout          | all leaderships are lowered, all machines go over to the era, with a new nonce
//   the layout was not read in time    | leaderships are lowered; records are kept; later renewals start new terms
//   owners or live nodes have changed  | every group's hold-off is computed again, but not all the time for many groups
//   a machine holds or tries something | the layout is read often enough to answer by it
//   a record lies there that nobody    | one node removes it: it is of another era, or of an address, and anybody could
//   can need, unchanged for a minute   | have taken it. Nothing rests on that: who misses a record seizes it, and waits
#pragma once

#include "isat/clock.hpp"
#include "isat/detail/mix.hpp"
#include "isat/election/group_names.hpp"
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
#include <map>
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
  bool rebalance = false;  ///< hands groups to the nodes they belong to; not those of one address each
  std::uint64_t seed{};    ///< random, from the operating system
  /// The groups of one address each; must outlive the machine. Null: there are none.
  const group_names* groups = nullptr;
};

/// One speaker's election, by rules that a test may replace. Not thread-safe.
template <class LeaseRules = lease_rules, class LayoutRules = layout_rules>
class basic_election_machine {
 public:
  using duration = std::chrono::nanoseconds;
  using machine = basic_lease_machine<LeaseRules>;

  explicit basic_election_machine(const election_settings& settings, LeaseRules lease_rules = {},
                                  LayoutRules layout_rules = {});
  basic_election_machine(basic_election_machine&&) = default;
  basic_election_machine& operator=(basic_election_machine&&) = delete;

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

  /// The ids of all groups are below this number.
  std::size_t size() const noexcept { return by_id_.size(); }
  /// Who may answer for `group`: none beyond the present layout.
  leadership leads(group_id group) const noexcept;
  const std::optional<layout_claim>& adopted() const noexcept { return layout_.adopted(); }
  std::optional<group_request> take_lease_request();
  std::optional<layout_request> take_layout_request() noexcept { return layout_.take_request(); }
  std::optional<presence_request> take_presence_request() noexcept { return presence_.take_request(); }
  std::optional<group_event> take_event();
  /// The id of a group of one address that is wanted no more and of which nothing is left. It is forgotten with this:
  /// answers to what was asked in its name are ignored from now on, and the id may stand for another address.
  std::optional<group_id> take_ceased();
  duration wake_in(const lease_time& now) const noexcept;
  bool stopped() const noexcept;
  /// The layout is one that this process cannot follow: it leads nothing meanwhile.
  bool layout_is_foreign() const noexcept { return layout_.is_foreign(); }
  /// Another process writes under this node's name: placement is at fault then, safety is not.
  bool name_is_taken() const noexcept { return name_is_taken_; }
  /// True if of all nodes that take part, candidates or not, this one comes first for `key`: normally one of them does,
  /// and the next one when it is gone. A hint, for what one of them is to do and each may. False while it is not known
  /// who takes part.
  bool comes_first(std::uint64_t key) const noexcept {
    bool first = listed_since_ && !stopping_;
    const std::uint64_t own = weight(key, settings_.self);
    members_.for_each_present([&](node_id each) { first = first && weight(key, each) < own; });
    return first;
  }

  /// Null if there is no such group.
  const machine* find(group_id group) const noexcept {
    return index(group) < by_id_.size() && by_id_[index(group)] != nullptr ? &by_id_[index(group)]->lease : nullptr;
  }
  /// @pre there is one
  const machine& group(std::size_t at) const noexcept { return by_id_[at]->lease; }

  /// For how long a starting process with several groups takes none, so that all that start together get their share.
  static constexpr duration settling = std::chrono::seconds{1};
  static constexpr duration settling_max = std::chrono::seconds{3};
  /// The shortest time between two groups handed over for balance.
  static constexpr duration rebalance_step = std::chrono::seconds{1};
  /// For how long each node leaves the removal of a record to the next better one.
  static constexpr duration removal_step = std::chrono::seconds{2};
  /// For how long placement rests afterwards, for each pair of a group and a node, which is ten times what it costs and
  /// more: so a thousand groups that change hands at once do not occupy a processor. At most one step of the hold-off.
  static constexpr duration placement_rest = std::chrono::nanoseconds{500};
  static constexpr duration placement_rest_max = placement::rank_step;

 private:
  struct slot {
    slot(machine own, group_id which, std::uint64_t number) : lease{std::move(own)}, id{which}, serial{number} {}

    machine lease;
    group_id id{};
    std::uint64_t serial = 0;  // of the machine: an id may come to stand for another address, or for the same again
    std::size_t place = 0;     // in the placement, if it has one
    bool wanted = false;
    bool came = false;     // it is wanted anew and was not led since: who let go of it before need not stay out
    bool is_gone = false;  // the watch has told that its record is, or a removal was done
    bool is_told = true;   // ... or has told of it, since it last missed something
    bool busy = false;     // it is of the layout, and held or in flight
    bool may_ask = false;  // it is among those that may have requests; likewise the next one
    bool may_tell = false;
    std::optional<lease_request> removal;
    std::optional<lease_time> removal_asked;
    group_owner owner;
    lease_time renewed;      // when the owner's last version was received
    duration due{};          // when to call tick(), on BOOTTIME
    std::uint64_t term = 0;  // of the leadership that runs; 0: none
    lease_time led_since;    // its beginning
  };

  // First in, first out.
  class id_queue {
   public:
    bool empty() const noexcept { return ids_.empty(); }
    group_id front() const noexcept { return ids_[taken_]; }
    void push(group_id id) { ids_.push_back(id); }
    void pop() noexcept {
      if (++taken_ < ids_.size()) return;
      ids_.clear();
      taken_ = 0;
    }

   private:
    std::vector<group_id> ids_;
    std::size_t taken_ = 0;
  };

  static constexpr std::size_t index(group_id group) noexcept { return static_cast<std::size_t>(group); }

  static constexpr std::size_t nowhere = ~std::size_t{0};
  // Ids of requests bear the serial of their machine; lease machines know the lower part, in which 1 is a removal.
  static constexpr unsigned serial_shift = 32;
  static constexpr std::uint64_t removal_id = 1;

  slot* slot_of(group_id group);
  slot* known(group_id group) noexcept { return index(group) < by_id_.size() ? by_id_[index(group)] : nullptr; }
  std::optional<std::uint64_t> key_of(group_id group) const noexcept;
  bool in_layout(const slot& asked) const noexcept;
  bool exists_now(const slot& asked) const noexcept;
  bool has_ceased(const slot& asked) const noexcept;
  bool is_litter(const slot& asked) const noexcept;
  duration removes_in(const lease_time& now, std::uint64_t key, const slot& asked) const noexcept;
  void remove_litter(const lease_time& now);
  void doubt_era(const lease_time& now, const lease_sight& sight);
  void foresee(const lease_time& now, slot& told, const lease_sight& sight);
  void check_layout(const lease_time& now);
  // No two machines of one process ever have the same writer, whatever id they were of.
  lease_identity identity(std::uint64_t serial) const noexcept {
    return {settings_.self, writer_of(writer_, static_cast<group_id>(serial)), era_};
  }
  void touch(const lease_time& now, slot& touched);
  void note(slot& touched);
  void settle(const lease_time& now);
  void follow_layout(const lease_time& now);
  void adopt(const lease_time& now);
  group_owner owner_of(const machine& lease) const noexcept;
  bool settled(const lease_time& now) const noexcept;
  duration settles_in(const lease_time& now) const noexcept;
  duration places_in(const lease_time& now) const noexcept;
  void place(const lease_time& now);
  void set_candidacies(const lease_time& now);
  // Not groups of one address: whether the other node has the address is not known, and else nobody would answer for
  // it.
  bool rebalances() const noexcept { return settings_.rebalance && !is_per_address_; }
  void rebalance(const lease_time& now);

  election_settings settings_;
  LeaseRules lease_rules_;
  LayoutRules layout_rules_;
  detail::id_sequence ids_;
  basic_layout_machine<LayoutRules> layout_;
  presence_writer presence_;
  presence_table members_;
  placement placement_;
  std::map<std::uint64_t, slot> groups_;  // by a key that is the same on all nodes
  std::vector<slot*> by_id_;
  // All that have requests which were not taken, and some that have none; likewise of events. Requests go in the order
  // of keys, as far as they are made at once: so others hear of releases in the order in which they place groups.
  id_queue may_ask_;
  id_queue may_tell_;
  std::size_t busy_count_ = 0;  // groups of the layout that are held or in flight
  std::uint64_t next_serial_ = layout::count_max;
  std::uint64_t term_max_ = 0;  // of groups that were forgotten

  std::uint64_t era_ = 0;  // 0: none
  std::uint64_t writer_ = 0;
  std::uint32_t count_ = 0;  // groups of the present layout
  bool is_per_address_ = false;
  std::optional<lease_time> open_since_;    // the present layout
  std::optional<lease_time> listed_since_;  // the store, the last time; none: never
  bool was_valid_ = false;                  // the layout could be acted upon, when last looked at
  bool doubted_ = false;                    // the layout was, when last looked at
  bool stopping_ = false;
  bool settled_ = false;
  bool known_to_all_ = false;  // the layout was changed with this process's consent
  bool ceased_ = false;        // a group may have
  bool placement_due_ = true;
  bool candidacies_due_ = true;
  bool name_is_taken_ = false;
  bool told_of_itself_ = false;
  std::vector<node_id> live_;
  std::optional<lease_time> placed_at_;  // none: whatever is placed is of another era
  std::vector<slot*> placed_;            // the groups that there are, in the order of their keys; likewise the next two
  std::vector<std::uint64_t> keys_;
  std::vector<group_owner> owners_;
  lease_time rebalanced_;
  lease_time arrived_;  // when the watch told of the last one that came, this one too, while this one had not settled
};

using election_machine = basic_election_machine<>;

}  // namespace isat::inline v0::election

#include "isat/election/impl/election_machine.ipp"
#include "isat/election/impl/election_machine_groups.ipp"
#include "isat/election/impl/election_machine_placement.ipp"
