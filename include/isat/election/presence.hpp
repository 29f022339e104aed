// SPDX-License-Identifier: BSL-1.0

// Who takes part: each process writes a slow record under its node's name, and counts the others by what it sees of
// theirs. A hint and nothing more: it ranks candidates, bounds their load and finds out what all of them wish; safety
// never uses it. It refuses to know what is led by whom.
#pragma once

#include "isat/clock.hpp"
#include "isat/election/layout.hpp"
#include "isat/election/lease_claim.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace isat::inline v0::election {

/// What a presence record says.
struct presence_claim {
  node_id node{};
  std::uint64_t process{};  ///< random: tells two processes with one node name apart
  std::uint64_t beat{};     ///< rises with every write
  layout wish;
  bool candidate = true;  ///< wants to lead something: else it has a say in the layout and no more

  friend constexpr bool operator==(const presence_claim&, const presence_claim&) noexcept = default;
};

using presence_sight = basic_sight<presence_claim>;
using presence_request = basic_request<presence_claim>;
using presence_response = basic_response<presence_claim>;

/// What is known of another node that counts.
struct presence_member {
  node_id node{};
  version at;
  presence_claim claim;
  lease_time since;      ///< it has counted without a break since then
  lease_time started;    ///< when this process was seen to take the place of another; none if it was not
  lease_time heard;      ///< the last news
  bool fresh = false;    ///< there was news lately: what it wishes counts
  bool counted = false;  ///< likewise, and it has let no lease expire since: it is ranked
};

/// The other nodes, as far as they are known.
class presence_table {
 public:
  /// How long after its last news a node is taken for alive, and how often each process gives news.
  static constexpr std::chrono::nanoseconds fresh_for = std::chrono::seconds{30};
  static constexpr std::chrono::nanoseconds period = std::chrono::seconds{10};

  /// Takes in what was seen under a node's name. @return true if the set of nodes or processes, or what one wishes, has
  /// changed
  bool learn(const lease_time& now, node_id node, const presence_sight& sight) {
    presence_member* known = find(node);
    const presence_claim& claim = sight.claim;
    if (sight.exists && sight.orphaned && (known == nullptr || !known->at.newer_than(sight.at))) return count_out(node);
    if (!sight.exists) {
      if (known == nullptr || known->at.newer_than(sight.at)) return false;
      members_.erase(members_.begin() + (known - members_.data()));
      return true;
    }
    if (known == nullptr) {
      if (members_.size() >= members_max) forget_one();
      members_.push_back({node, sight.at, claim, now, {}, now, true, true});
      return true;
    }
    if (known->at == sight.at || known->at.newer_than(sight.at)) return false;
    const presence_claim before = std::exchange(known->claim, claim);
    const bool fresh = std::exchange(known->fresh, true);
    const bool counted = std::exchange(known->counted, true);
    if (!counted || (claim.candidate && !before.candidate)) known->since = now;
    const bool restarted = claim.process != before.process;
    if (restarted) known->started = now;
    known->at = sight.at;
    known->heard = now;
    return !fresh || !counted || restarted || before.wish != claim.wish || before.candidate != claim.candidate;
  }

  /// A node's process is known to have ended: neither it nor what it wishes counts, until there is news. @return true
  /// if one of them did
  bool count_out(node_id node) noexcept {
    presence_member* known = find(node);
    if (known == nullptr) return false;
    const bool fresh = std::exchange(known->fresh, false);
    return std::exchange(known->counted, false) || fresh;
  }

  /// True if the node counts, and its present process took the place of another later than `then`.
  bool has_restarted(node_id node, const lease_time& then) const noexcept {
    for (const presence_member& each : members_) {
      if (each.node == node) return each.counted && elapsed_for_follower(then, each.started) > no_time;
    }
    return false;
  }

  /// A node that has let a lease expire does not count until there is news, unless it has started anew since then or
  /// still gave news when it should have renewed. What it wishes counts: it may only be slow. @return true if it
  /// counted
  /// @param renewed the receipt of its last renewal
  bool count_out(node_id node, const lease_time& renewed, std::chrono::nanoseconds duration) noexcept {
    presence_member* known = find(node);
    if (known == nullptr) return false;
    const bool lives = elapsed_for_follower(renewed, known->started) > no_time ||
                       elapsed_for_follower(renewed, known->heard) > duration / 2;
    return !lives && std::exchange(known->counted, false);
  }

  /// Counts out whoever has given no news for too long. @return true if there was one
  bool expire(const lease_time& now) noexcept {
    bool any = false;
    for (presence_member& each : members_) {
      if (!each.fresh || elapsed_for_holder(each.heard, now) < fresh_for) continue;
      each.fresh = each.counted = false;
      any = true;
    }
    return any;
  }

  /// How long until expire() finds one.
  std::chrono::nanoseconds expires_in(const lease_time& now) const noexcept {
    std::chrono::nanoseconds left = fresh_for;
    for (const presence_member& each : members_) {
      const auto own = fresh_for - elapsed_for_holder(each.heard, now);
      if (each.fresh && own < left) left = own;
    }
    return left;
  }

  /// Calls `visit(member)` for every node that counts and is a candidate.
  template <class Visitor>
  void for_each(Visitor visit) const {
    for (const presence_member& each : members_) {
      if (each.counted && each.claim.candidate) visit(each);
    }
  }

  /// Calls `visit(node)` for every node that counts, candidate or not.
  template <class Visitor>
  void for_each_present(Visitor visit) const {
    for (const presence_member& each : members_) {
      if (each.counted) visit(each.node);
    }
  }

  /// How many nodes are known, whether they count or not. Those that do not are remembered, for their records may stay
  /// in the store and are no news when they are read again, but of members_max nodes the one silent longest is
  /// forgotten for another.
  std::size_t size() const noexcept { return members_.size(); }
  static constexpr std::size_t members_max = 1024;

  /// True if every node with fresh news wishes this layout.
  bool all_wish(const layout& wish) const noexcept {
    for (const presence_member& each : members_) {
      if (each.fresh && each.claim.wish != wish) return false;
    }
    return true;
  }

 private:
  static constexpr std::chrono::nanoseconds no_time{0};

  presence_member* find(node_id node) noexcept {
    for (presence_member& each : members_) {
      if (each.node == node) return &each;
    }
    return nullptr;
  }

  // Whose news are fresh is kept: as many as live at once are known at most.
  void forget_one() noexcept {
    presence_member* longest = nullptr;
    for (presence_member& each : members_) {
      if (!each.fresh && (longest == nullptr || each.heard.boot < longest->heard.boot)) longest = &each;
    }
    if (longest != nullptr) members_.erase(members_.begin() + (longest - members_.data()));
  }

  std::vector<presence_member> members_;
};

}  // namespace isat::inline v0::election
