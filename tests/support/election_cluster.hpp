// SPDX-License-Identifier: BSL-1.0

// Several election machines on one linearizable store, all in memory and in virtual time: what a test of placement and
// of layout changes needs, and no more (tests/simulation has faults, drifting clocks and millions of events). After
// every event it checks that no VIP has two answerers and that no machine asks to be woken for ever without acting.
#pragma once

#include "isat/detail/mix.hpp"
#include "isat/election/election_machine.hpp"
#include "isat/election/group_names.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace isat::test {

class election_cluster {
 public:
  using duration = std::chrono::nanoseconds;
  using machine = election::election_machine;

  enum class kind : std::uint8_t { lease = 1, layout = 2, presence = 3 };

  struct told {
    duration at{};
    std::size_t node{};
    group_id group{};
    election::lease_event event;
  };

  static constexpr std::size_t nobody = ~std::size_t{0};

  duration request_delay = std::chrono::milliseconds{1};
  duration response_delay = std::chrono::milliseconds{1};
  duration watch_delay = std::chrono::milliseconds{2};
  std::map<std::size_t, duration> watch_lags;  ///< by how much longer some nodes' watches take
  std::function<bool(std::size_t node, kind what, election::lease_operation)> loses;  ///< requests that never arrive
  election::lease_timing timing;
  bool rebalance = false;
  std::uint32_t groups_wanted = 16;
  std::vector<std::string> violations;
  std::vector<told> events;

  static election::node_id node_of(std::size_t node) noexcept {
    return election::node_id{detail::mix(std::uint64_t{node} + 77)};
  }

  /// Starts a process on `node`, a candidate for every group unless told otherwise.
  void start(std::size_t node, const election::layout& wish, bool candidate = true) {
    if (node >= nodes_.size()) nodes_.resize(node + 1);
    member& own = nodes_[node];
    ++own.process;
    election::election_settings settings;
    settings.self = node_of(node);
    settings.wish = wish;
    settings.timing = timing;
    settings.timing.duration = wish.duration;
    settings.rebalance = rebalance;
    settings.seed = detail::mix(node * 1000 + own.process);
    own.names = std::make_unique<election::group_names>();
    settings.groups = own.names.get();
    own.machine = std::make_unique<machine>(settings);
    own.requests = {};
    for (std::uint32_t group = 0; group < groups_wanted; ++group) {
      if (candidate) own.machine->set_candidate(reading_of(node), group_id{group}, true);
    }
    after_input(node);
    at(request_delay + response_delay, [this, node, process = own.process] { list(node, process); });
  }

  /// Whether `node` has a VIP that is a group of its own: the one of address_of(vip).
  void want(std::size_t node, std::uint32_t vip, bool wanted) {
    member& own = nodes_[node];
    const auto id = wanted ? own.names->want(address_of(vip)) : own.names->find(address_of(vip));
    if (!id) return;
    if (wanted) own.names->use(*id);
    own.machine->set_candidate(reading_of(node), *id, wanted);
    if (!wanted) own.names->unwant(address_of(vip));
    after_input(node);
  }
  static ipv4_address address_of(std::uint32_t vip) noexcept { return ipv4_address{0x0a000000U + vip}; }
  /// By which leads() and lease_record() know the group of one address; groups of other layouts are their ids.
  static std::uint32_t own_group(std::uint32_t vip) noexcept { return address_of(vip).bits(); }
  const election::group_names& names_of(std::size_t node) const { return *nodes_[node].names; }

  /// The process is gone without a word. Requests on their way still take effect.
  void crash(std::size_t node) { nodes_[node].machine.reset(); }

  /// The process hands everything over and ends.
  void stop(std::size_t node) {
    nodes_[node].machine->stop(reading_of(node));
    after_input(node);
  }

  void run_for(duration how_long) {
    run_until([] { return false; }, how_long);
  }

  /// Lets time pass until `done` says so. @return false if it did not within `limit`
  template <class Condition>
  bool run_until(Condition done, duration limit) {
    const duration end = now_ + limit;
    while (!done()) {
      if (!step(end)) return done();
    }
    return true;
  }

  // ---- What is so ----

  bool runs(std::size_t node) const { return node < nodes_.size() && nodes_[node].machine != nullptr; }
  machine& at_node(std::size_t node) { return *nodes_[node].machine; }
  duration now() const noexcept { return now_; }
  lease_time reading_of(std::size_t node) const noexcept {
    const duration since_boot = now_ + std::chrono::seconds{100} + std::chrono::seconds{1000} * node;
    return {since_boot, since_boot, {}, {}};
  }
  bool leads(std::size_t node, std::uint32_t group) const {
    if (!runs(node)) return false;
    const auto id = id_of(node, group, false);
    return id && nodes_[node].machine->leads(*id).covers(reading_of(node));
  }
  std::size_t leader_of(std::uint32_t group) const {
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
      if (leads(node, group)) return node;
    }
    return nobody;
  }
  std::vector<std::size_t> leaders(std::uint32_t groups) const {
    std::vector<std::size_t> result;
    for (std::uint32_t group = 0; group < groups; ++group) result.push_back(leader_of(group));
    return result;
  }
  std::size_t load_of(std::size_t node) const {
    std::size_t result = 0;
    for (std::uint32_t group = 0; group < groups_wanted; ++group) result += std::size_t{leads(node, group)};
    return result;
  }
  /// Lets time pass. @return the longest time that one of these groups had no leader
  duration longest_gap(std::uint32_t groups, duration how_long) {
    std::vector<duration> led_at(groups, now_);
    std::vector<bool> was_led(groups, true);
    duration result{};
    run_until(
        [&] {
          for (std::uint32_t group = 0; group < groups; ++group) {
            if (was_led[group]) led_at[group] = now_;
            was_led[group] = leader_of(group) != nobody;
            result = std::max(result, now_ - led_at[group]);
          }
          return false;
        },
        how_long);
    return result;
  }

  /// True if every group 0 .. `groups` - 1 has a leader.
  bool all_led(std::uint32_t groups) const {
    for (std::uint32_t group = 0; group < groups; ++group) {
      if (leader_of(group) == nobody) return false;
    }
    return true;
  }
  std::size_t requests_of(std::size_t node, kind what) { return nodes_[node].requests[what]; }

  const election::layout_sight& layout_record() const noexcept { return layout_; }
  const election::lease_sight& lease_record(std::uint32_t group) { return leases_[group]; }
  bool has_presence(std::size_t node) { return presences_[node_of(node)].exists; }

  // ---- A hand in the store ----

  void edit_layout(const std::optional<election::layout_claim>& claim) {
    write(layout_, claim);
    tell_all([this, sight = layout_](std::size_t node) { nodes_[node].machine->on_layout(reading_of(node), sight); });
  }
  void edit_lease(std::uint32_t group, const std::optional<election::lease_claim>& claim) {
    write(leases_[group], claim);
    tell_lease(group);
  }

 private:
  struct member {
    std::unique_ptr<election::group_names> names;
    std::unique_ptr<election::election_machine> machine;
    unsigned process = 0;
    duration wake_at{};
    duration woken{};  // when it was last woken
    int in_a_row = 0;  // how often at that instant
    std::map<kind, std::size_t> requests;
  };

  // Records of groups of one address are known by that, and so lie far above the ids of others.
  std::optional<group_id> id_of(std::size_t node, std::uint32_t group, bool exists) const {
    if (group < election::layout::count_max) return group_id{group};
    const ipv4_address address{group};
    return exists ? nodes_[node].names->see(address) : nodes_[node].names->find(address);
  }
  std::uint32_t record_of(std::size_t node, group_id group) const {
    const auto address = nodes_[node].names->address_of(group);
    return address ? address->bits() : static_cast<std::uint32_t>(group);
  }
  void tell_lease(std::size_t node, std::uint32_t group, const election::lease_sight& sight) {
    if (const auto id = id_of(node, group, sight.exists)) nodes_[node].machine->on_lease(reading_of(node), *id, sight);
  }

  void at(duration delay, std::function<void()> what) { queue_.emplace(now_ + delay, std::move(what)); }

  // One event, or the time `end`. @return false at the end
  bool step(duration end) {
    std::size_t woken = nobody;
    duration next = queue_.empty() ? duration::max() : queue_.begin()->first;
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
      if (!runs(node) || nodes_[node].wake_at >= next) continue;
      next = nodes_[node].wake_at;
      woken = node;
    }
    if (next > end) {
      now_ = end;
      return false;
    }
    if (next > now_) now_ = next;
    if (woken != nobody) {
      wake(woken);
    } else {
      const std::function<void()> what = std::move(queue_.begin()->second);
      queue_.erase(queue_.begin());
      what();
    }
    check();
    return true;
  }

  void wake(std::size_t node) {
    member& own = nodes_[node];
    own.in_a_row = own.woken == now_ ? own.in_a_row + 1 : 0;
    own.woken = now_;
    if (own.in_a_row == 50) violations.push_back("node " + std::to_string(node) + " wakes without end");
    own.machine->tick(reading_of(node));
    after_input(node);
    if (own.in_a_row >= 50) own.wake_at = now_ + std::chrono::milliseconds{1};
  }

  void after_input(std::size_t node) {
    member& own = nodes_[node];
    while (auto event = own.machine->take_event()) events.push_back({now_, node, event->group, event->event});
    while (auto request = own.machine->take_lease_request()) send(node, *request);
    while (auto request = own.machine->take_layout_request()) send(node, *request);
    while (auto request = own.machine->take_presence_request()) send(node, *request);
    while (auto ceased = own.machine->take_ceased()) own.names->release(*ceased);
    if (own.machine->stopped()) return own.machine.reset();
    const duration left = own.machine->wake_in(reading_of(node));
    own.wake_at = left > duration{0} ? now_ + left : now_;
  }

  // Feeds a process, unless it has ended meanwhile.
  template <class Input>
  void input(std::size_t node, unsigned process, Input what) {
    if (!runs(node) || nodes_[node].process != process) return;
    what(*nodes_[node].machine);
    if (runs(node)) after_input(node);
  }

  template <class Tell>
  void tell_all(Tell tell) {
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
      if (!runs(node)) continue;
      const auto lag = watch_lags.find(node);
      at(watch_delay + (lag == watch_lags.end() ? duration{0} : lag->second),
         [this, node, process = nodes_[node].process, tell] { input(node, process, [&](machine&) { tell(node); }); });
    }
  }
  void tell_lease(std::uint32_t group) {
    tell_all([this, group, sight = leases_[group]](std::size_t node) { tell_lease(node, group, sight); });
  }
  void tell_presence(election::node_id who) {
    tell_all([this, who, sight = presences_[who]](std::size_t node) {
      nodes_[node].machine->on_presence(reading_of(node), who, sight);
    });
  }

  void list(std::size_t node, unsigned process) {
    input(node, process, [&](machine& own) {
      const lease_time time = reading_of(node);
      if (layout_.exists) own.on_layout(time, layout_);
      for (const auto& [group, sight] : leases_) {
        if (sight.exists) tell_lease(node, group, sight);
      }
      for (const auto& [who, sight] : presences_) {
        if (sight.exists) own.on_presence(time, who, sight);
      }
      own.on_listed(time);
    });
  }

  template <class Claim>
  static void write(election::basic_sight<Claim>& record, const std::optional<Claim>& claim) {
    record.at = {1, record.at.number + 1};
    record.exists = claim.has_value();
    record.claim = claim ? *claim : Claim{};
  }

  template <class Claim>
  static election::basic_response<Claim> apply(election::basic_sight<Claim>& record,
                                               const election::basic_request<Claim>& request) {
    election::basic_response<Claim> response;
    response.id = request.id;
    response.outcome = election::lease_outcome::done;
    if (request.operation == election::lease_operation::load) {
      response.sight = record;
    } else if (record.at != request.expected) {
      response.outcome = election::lease_outcome::conflict;
    } else {
      const bool removes = request.operation == election::lease_operation::remove;
      write(record, removes ? std::optional<Claim>{} : std::optional{request.claim});
      response.sight.at = record.at;
    }
    return response;
  }

  bool is_lost(std::size_t node, kind what, election::lease_operation operation) {
    ++nodes_[node].requests[what];
    return loses && loses(node, what, operation);
  }
  static bool has_written(election::lease_operation operation, election::lease_outcome outcome) {
    return operation != election::lease_operation::load && outcome == election::lease_outcome::done;
  }

  void send(std::size_t node, const election::group_request& asked) {
    if (is_lost(node, kind::lease, asked.request.operation)) return;
    const std::uint32_t record = record_of(node, asked.group);
    at(request_delay, [this, node, process = nodes_[node].process, record, asked] {
      const election::lease_response response = apply(leases_[record], asked.request);
      if (has_written(asked.request.operation, response.outcome)) tell_lease(record);
      at(response_delay, [this, node, process, group = asked.group, response] {
        input(node, process, [&](machine& own) { own.on_lease_response(reading_of(node), group, response); });
      });
    });
  }

  void send(std::size_t node, const election::layout_request& asked) {
    if (is_lost(node, kind::layout, asked.operation)) return;
    at(request_delay, [this, node, process = nodes_[node].process, asked] {
      const election::layout_response response = apply(layout_, asked);
      if (has_written(asked.operation, response.outcome)) {
        tell_all(
            [this, sight = layout_](std::size_t other) { nodes_[other].machine->on_layout(reading_of(other), sight); });
      }
      at(response_delay, [this, node, process, response] {
        input(node, process, [&](machine& own) { own.on_layout_response(reading_of(node), response); });
      });
    });
  }

  void send(std::size_t node, const election::presence_request& asked) {
    if (is_lost(node, kind::presence, asked.operation)) return;
    at(request_delay, [this, node, process = nodes_[node].process, asked] {
      const election::presence_response response = apply(presences_[node_of(node)], asked);
      if (has_written(asked.operation, response.outcome)) tell_presence(node_of(node));
      at(response_delay, [this, node, process, response] {
        input(node, process, [&](machine& own) { own.on_presence_response(reading_of(node), response); });
      });
    });
  }

  // No VIP has two answerers. Asked group by group while all who lead have the same layout, else VIP by VIP.
  void check() {
    std::vector<std::size_t> answering;
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
      if (runs(node) && nodes_[node].machine->adopted()) answering.push_back(node);
    }
    for (std::uint32_t vip = 0; vip < vips; ++vip) {
      std::size_t answerer = nobody;
      for (const std::size_t node : answering) {
        const auto& shape = nodes_[node].machine->adopted()->shape;
        const bool is_own = shape.is_per_address();
        const auto group = is_own ? own_group(vip) : static_cast<std::uint32_t>(shape.group_of(address_of(vip)));
        if (!leads(node, group)) continue;
        if (answerer != nobody) {
          violations.push_back("two answer for VIP " + std::to_string(vip) + " at " + std::to_string(now_.count()));
        }
        answerer = node;
      }
    }
  }

  static constexpr std::uint32_t vips = 24;

  duration now_{};
  std::multimap<duration, std::function<void()>> queue_;
  std::vector<member> nodes_;
  std::map<std::uint32_t, election::lease_sight> leases_;
  election::layout_sight layout_;
  std::map<election::node_id, election::presence_sight> presences_;
};

}  // namespace isat::test
