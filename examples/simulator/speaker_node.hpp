// SPDX-License-Identifier: BSL-1.0

// A speaker's whole election: layout, presence, and one lease per group, with the driver that any host would write. It
// answers for a few VIPs, each by the group that the adopted layout puts it into; who else answers for the same VIP, by
// whatever layout, is judged per VIP.
#pragma once

#include "entitlement.hpp"
#include "host.hpp"
#include "isat/election/election_machine.hpp"
#include "isat/election/group_names.hpp"
#include "judge.hpp"
#include "mutable_layout_rules.hpp"
#include "mutable_rules.hpp"

#include <array>
#include <cstddef>
#include <deque>
#include <optional>

namespace simulator {

/// How long a hand-over may take in fine weather: two round trips, and the hold-off of who comes last.
inline constexpr duration hand_over_max = 2 * std::chrono::milliseconds{4} + std::chrono::milliseconds{12} +
                                          isat::election::placement::rank_max * isat::election::placement::rank_step +
                                          isat::election::placement::bound_delay;

class speaker_node final : public host {
 public:
  speaker_node(node_number number, timeline& time, network& net, std::deque<entitlement>& answering, verdict& result,
               mutant broken)
      : host{number, time, net, result, broken}, answering_{answering} {}

  isat::election::node_id name() const noexcept override;

 private:
  using machine = isat::election::basic_election_machine<mutable_rules, mutable_layout_rules>;

  void begin(bool same_identity) override;
  void discard() override;
  void take(const message& one, const isat::lease_time& now) override;
  void tick(const isat::lease_time& now) override { machine_->tick(now); }
  void want(bool willing, const isat::lease_time& now) override;
  void give_away(const isat::lease_time& now) override;
  void leave_out(std::uint32_t vip, instant until) override { without_until_[vip] = until; }
  void retire(const isat::lease_time& now) override { machine_->stop(now); }
  void carry_out(const isat::lease_time& now) override;
  bool has_retired() const override { return machine_->stopped(); }
  duration wake_in(const isat::lease_time& now) const override { return machine_->wake_in(now); }
  void on_clock() override;
  void on_frozen(instant until) override;

  void take_sight(const message& one, const isat::lease_time& now);
  void take_response(const message& one, const isat::lease_time& now);
  void serve_own_groups(const isat::lease_time& now);
  void give_up_groups();
  std::optional<isat::group_id> group_of(record_number record, bool exists);
  record_number record_of(isat::group_id group) const;
  std::optional<isat::group_id> group_of_vip(std::size_t vip) const;
  bool is_of(std::size_t vip, isat::group_id group) const;
  void allow_gap(isat::group_id group);
  isat::election::leadership answer_for(std::size_t vip) const;
  void publish();
  void ask(const isat::election::group_request& asked);
  void ask(record_number record, const any_request& request);

  std::deque<entitlement>& answering_;
  std::optional<isat::election::group_names> names_;  // outlives the machine
  std::optional<machine> machine_;
  bool willing_ = false;
  bool has_own_groups_ = false;  // by the layout that it follows
  std::array<bool, vips_max> serves_{};
  std::array<instant, vips_max> without_until_{};  // of the node, whatever process it runs
  std::array<isat::election::leadership, vips_max> answers_;
  std::uint64_t presence_process_ = 0;
  std::array<rate_meter, first_presence_record + 1> rates_;  // of each group, the layout and the own presence
};

}  // namespace simulator
