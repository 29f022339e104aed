// SPDX-License-Identifier: BSL-1.0

// Which of the live nodes should lead which group: by rendezvous hashing (each pair of group and node has a weight, the
// heaviest node is preferred), under the bound that no node leads more than its share. All nodes compute the same from
// the same knowledge, so normally one alone tries; when knowledge differs the delays below decide, never a refusal.
// It refuses to know time and store.
#pragma once

#include "isat/detail/mix.hpp"
#include "isat/election/lease_claim.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace isat::inline v0::election {

/// The preference of a group for a node: the greater the better. @param key of the group, the same on all nodes
constexpr std::uint64_t weight(std::uint64_t key, node_id node) noexcept {
  return detail::mix(detail::mix(key) ^ static_cast<std::uint64_t>(node));
}

/// Who has a group, as far as one node knows.
struct group_owner {
  node_id node{};  ///< who leads it, or led it last; 0: unknown
  bool leaving{};  ///< has let go of it, or is gone: the group is free

  friend constexpr bool operator==(const group_owner&, const group_owner&) noexcept = default;
};

/// What a node concludes for one group.
struct group_place {
  std::uint32_t rank{};  ///< how many others should try first, should the owner be gone
  bool over_bound{};     ///< this node has its share already, and another may take it
  node_id preferred{};   ///< who would have it if all groups were given out anew
  node_id successor{};   ///< of a group that this node leads: the preferred one, if that is another and would get it
};

/// Places groups on nodes, seen from one of them.
class placement {
 public:
  /// @param live  the nodes that count, this one included
  /// @param owners by group, in an order that is the same on all nodes
  /// @param keys   of those groups, the same on all nodes; none: their numbers
  void compute(std::span<const node_id> live, node_id self, std::span<const group_owner> owners,
               std::span<const std::uint64_t> keys = {}) {
    live_ = live;
    self_ = self;
    owners_ = owners;
    keys_ = keys;
    places_.assign(owners.size(), {});
    load_.assign(live.size(), 0);
    assign_all();
    count_held();
    load_ = held_;
    place_without(node_id{});
    given_ = load_;
    for (std::size_t group = 0; group < owners.size(); ++group) {
      if (owners[group].leaving || owners[group].node != self) continue;
      const std::size_t preferred = find(places_[group].preferred);
      if (places_[group].preferred != self && has_room(preferred, held_[preferred], self, held_[find(self)])) {
        places_[group].successor = live[preferred];
      }
    }
    others_.clear();
    for (const group_owner& owner : owners) {
      if (is_free(owner) || owner.node == self) continue;
      // All groups of one owner that goes are placed together, in one pass for its first group.
      bool done = false;
      for (const node_id before : others_) done = done || before == owner.node;
      if (done) continue;
      others_.push_back(owner.node);
      load_ = given_;
      place_without(owner.node);
    }
  }

  std::span<const group_place> places() const noexcept { return places_; }

  /// How long a node of this rank lets others go first.
  static constexpr std::chrono::nanoseconds hold_off(const group_place& place) noexcept {
    const auto rank = place.rank < rank_max ? place.rank : rank_max;
    return rank * rank_step + (place.over_bound ? bound_delay : std::chrono::nanoseconds{0});
  }

  static constexpr std::uint32_t rank_max = 10;
  static constexpr std::chrono::nanoseconds rank_step = std::chrono::milliseconds{30};
  static constexpr std::chrono::nanoseconds bound_delay = std::chrono::milliseconds{300};

 private:
  static constexpr bool is_free(const group_owner& owner) noexcept { return owner.node == node_id{} || owner.leaving; }
  // It is what this node leaves, or free if that is nobody.
  static constexpr bool is_left(const group_owner& owner, node_id gone) noexcept {
    return gone == node_id{} ? is_free(owner) : !is_free(owner) && owner.node == gone;
  }

  static constexpr std::size_t share(std::size_t groups, std::size_t nodes) noexcept {
    return nodes == 0 ? groups : (groups + nodes - 1) / nodes;
  }

  std::uint64_t weigh(std::size_t group, node_id node) const noexcept {
    return weight(keys_.empty() ? group : keys_[group], node);
  }

  // The share of each node but two.
  std::size_t share_without(node_id gone, node_id leaver) const noexcept {
    std::size_t nodes = 0;
    for (const node_id each : live_) nodes += std::size_t{each != gone && each != leaver};
    return share(owners_.size(), nodes);
  }

  // The heaviest node but two that has room: within its share among all, or else among all but those, or else in any
  // case. Whether a node has died or gave one group away, the others fill up to the share among all at first.
  std::size_t best(std::size_t group, node_id gone, node_id leaver) const noexcept {
    std::size_t found = live_.size();
    for (const std::size_t bound :
         {share(owners_.size(), live_.size()), share_without(gone, leaver), ~std::size_t{0}}) {
      for (std::size_t at = 0; at < live_.size(); ++at) {
        if (live_[at] == gone || live_[at] == leaver || load_[at] >= bound) continue;
        if (found == live_.size() || weigh(group, live_[at]) > weigh(group, live_[found])) found = at;
      }
      if (found != live_.size()) break;
    }
    return found;
  }

  std::size_t find(node_id node) const noexcept {
    std::size_t at = 0;
    while (at < live_.size() && live_[at] != node) ++at;
    return at;
  }

  // Whether a group may go back to where it belongs, from a node that keeps `left` groups or more.
  bool has_room(std::size_t at, std::size_t load, node_id leaver, std::size_t left) const noexcept {
    if (at == live_.size() || live_[at] == leaver) return false;
    return load < share(owners_.size(), live_.size()) || (load < left && load < share_without(leaver, leaver));
  }

  // Who is to get a free group: the preferred node if the one that let go of it lives on, as in a hand-over.
  std::size_t heir(std::size_t group, node_id gone) const noexcept {
    const node_id leaver = owners_[group].node;
    const std::size_t preferred = find(places_[group].preferred);
    const std::size_t from = find(leaver);
    const bool lives = leaver != gone && from != live_.size();
    const bool returns =
        lives && places_[group].preferred != gone && has_room(preferred, load_[preferred], leaver, held_[from] + 1);
    return returns ? preferred : best(group, gone, leaver);
  }

  void assign_all() {
    for (std::size_t group = 0; group < owners_.size(); ++group) {
      const std::size_t at = best(group, {}, {});
      if (at == live_.size()) continue;
      ++load_[at];
      places_[group].preferred = live_[at];
    }
  }

  void count_held() {
    held_.assign(live_.size(), 0);
    for (const group_owner& each : owners_) {
      for (std::size_t at = 0; at < live_.size(); ++at) held_[at] += std::size_t{each == group_owner{live_[at], false}};
    }
  }

  // Gives the groups of `gone` to the others, or the free ones if it is nobody: of these, who has let go of one does
  // not get it. Notes for each where that leaves this node.
  void place_without(node_id gone) {
    for (std::size_t group = 0; group < owners_.size(); ++group) {
      if (!is_left(owners_[group], gone)) continue;
      const std::size_t first = heir(group, gone);
      if (first != live_.size()) ++load_[first];
      places_[group].rank = rank_after(group, first, owners_[group].node);
    }
    // What this node takes besides its own counts as led already, for several groups may come due in one instant.
    std::size_t own = load_[find(self_)];
    for (std::size_t group = 0; group < owners_.size(); ++group) {
      const group_owner& owner = owners_[group];
      if (!is_left(owner, gone) || places_[group].rank == 0) continue;
      places_[group].over_bound = own >= share_without(owner.node, owner.node) && another_may(owner.node);
      own += std::size_t{!places_[group].over_bound};
    }
  }

  // How many go before this node: `first`, and then whoever weighs more.
  std::uint32_t rank_after(std::size_t group, std::size_t first, node_id gone) const noexcept {
    if (first < live_.size() && live_[first] == self_) return 0;
    std::uint32_t rank = 0;
    for (std::size_t at = 0; at < live_.size(); ++at) {
      if (live_[at] == gone || live_[at] == self_) continue;
      if (at == first || weigh(group, live_[at]) > weigh(group, self_)) ++rank;
    }
    return rank;
  }

  // Whether another node has room for a group of `gone`.
  bool another_may(node_id gone) const noexcept {
    const std::size_t bound = share_without(gone, gone);
    bool result = false;
    for (std::size_t at = 0; at < live_.size(); ++at) {
      result = result || (live_[at] != self_ && live_[at] != gone && held_[at] < bound);
    }
    return result;
  }

  std::span<const node_id> live_;  // these four during compute() only
  std::span<const group_owner> owners_;
  std::span<const std::uint64_t> keys_;
  node_id self_{};
  std::vector<group_place> places_;
  std::vector<node_id> others_;     // owners that are not this node
  std::vector<std::size_t> held_;   // groups of each live node
  std::vector<std::size_t> given_;  // the same, and the free ones where they are to go while nobody is gone
  std::vector<std::size_t> load_;   // the same, while groups are given out
};

}  // namespace isat::inline v0::election
