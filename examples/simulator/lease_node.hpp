// SPDX-License-Identifier: BSL-1.0

// A process that contends for one lease, and the driver of its lease_machine as any host of the library would write it.
#pragma once

#include "entitlement.hpp"
#include "host.hpp"
#include "isat/election/lease_machine.hpp"
#include "judge.hpp"
#include "mutable_rules.hpp"

#include <optional>

namespace simulator {

class lease_node final : public host {
 public:
  lease_node(node_number number, timeline& time, network& net, entitlement& answering, judge& conduct, verdict& result,
             mutant broken)
      : host{number, time, net, result, broken}, answering_{answering}, judge_{conduct} {}

  isat::election::node_id name() const noexcept override { return identity_; }

 private:
  using machine = isat::election::basic_lease_machine<mutable_rules>;

  void begin(bool same_identity) override;
  void discard() override;
  void take(const message& one, const isat::lease_time& now) override;
  void tick(const isat::lease_time& now) override { machine_->tick(now); }
  void want(bool willing, const isat::lease_time& now) override;
  void give_away(const isat::lease_time& now) override { machine_->hand_over(now); }
  void retire(const isat::lease_time& now) override { want(false, now); }
  void carry_out(const isat::lease_time& now) override;
  bool has_retired() const override { return machine_->idle(); }
  duration wake_in(const isat::lease_time& now) const override { return machine_->wake_in(now); }
  void on_clock() override;
  void on_frozen(instant until) override { answering_.excuse(number_, until); }

  void take_response(const message& one, const isat::lease_time& now);
  void publish();
  void tell(const isat::election::lease_event& event);
  void ask(const isat::election::lease_request& request);

  entitlement& answering_;
  judge& judge_;
  std::optional<machine> machine_;
  isat::election::leadership answers_;  // what the data path goes by
  isat::election::node_id identity_{};
};

}  // namespace simulator
