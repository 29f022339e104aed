// SPDX-License-Identifier: BSL-1.0

// The bodies of speaker.hpp, in the order of its declarations. Compiled into the library, or included by that header;
// never by itself.
#pragma once

#include "isat/error.hpp"
#include "isat/lease_clock.hpp"
#include "isat/speaker.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace isat::inline v0 {

ISAT_INLINE speaker::speaker(asio::any_io_executor executor, election::elector& elector, source::vip_source& vips,
                             speaker_options options)
    : executor_{std::move(executor)},
      elector_{elector},
      source_{vips},
      options_{std::move(options)},
      follower_{executor_, options_.interfaces, options_.open},
      lapse_timer_{executor_},
      done_{executor_} {}

ISAT_INLINE speaker::~speaker() {
  // Elector, source and follower hold on to parts of this speaker until they are cancelled.
  leaderships_.unsubscribe(*this);
  elector_part_.stop.emit();
  source_part_.stop.emit();
  links_part_.stop.emit();
}

// ---- VIPs ----

ISAT_INLINE void speaker::add(const responder::vip& added) {
  std::optional<responder::vip> before;
  if (const auto* known = vips_.find(added.address); known != nullptr) before = *known;
  if (before == added) return;
  vips_.add(added);
  if (before) {
    for (const auto& each : slots_) {
      const bool stays = each.served && before->group == added.group && added.interfaces.contains(each.served->id());
      if (each.served && !stays) each.served->withdraw(added.address);
    }
  }
  // The new group first, so that a group that keeps a VIP is never given up in between.
  count_vip(added.group, true);
  if (before) count_vip(before->group, false);
  const lease_time now = lease_clock::now();
  if (leaderships_.leads(added.group, now)) {
    announce(added, now);
    pump_later();
  }
  if (!before || before->group != added.group) tell(vip_added{added.address, added.group});
}

ISAT_INLINE void speaker::remove(ipv4_address address) {
  const auto* known = vips_.find(address);
  if (known == nullptr) return;
  const group_id group = known->group;
  for (const auto& each : slots_) {
    if (each.served) each.served->withdraw(address);
  }
  vips_.remove(address);
  count_vip(group, false);
  tell(vip_removed{address, group});
}

ISAT_INLINE void speaker::synced() {
  synced_ = true;
  tell(source_synced{vips_.size()});
  review_candidacy();
}

ISAT_INLINE void speaker::count_vip(group_id group, bool added) {
  const auto at = static_cast<std::size_t>(group);
  if (at >= groups_.size()) groups_.resize(at + 1);
  auto& count = groups_[at].vips;
  added ? ++count : --count;
  const bool first_or_last = count == (added ? 1 : 0);
  if (first_or_last && willing_) elector_.set_candidate(group, added);
}

// ---- Leadership ----

ISAT_INLINE void speaker::on_leadership(group_id group, const election::leadership&,
                                        const election::leadership& after) {
  const auto at = static_cast<std::size_t>(group);
  if (at >= groups_.size()) groups_.resize(at + 1);
  auto& state = groups_[at];
  const lease_time now = lease_clock::now();
  const bool leads = after.covers(now);
  if (leads) expect_lapse(after, now);
  if (leads && state.told_term == after.term) return;  // a renewal
  const std::uint64_t lost = std::exchange(state.told_term, leads ? after.term : 0);
  state.taken = leads;
  if (leads) pump_later();
  if (lost != 0) tell(leadership_lost{group, lost});
  // What the host does when it is told of the loss may have ended this leadership, too.
  if (leads && groups_[at].told_term == after.term) tell(leadership_gained{group, after.term});
}

// Arms the timer for the earliest deadline. A renewal only moves deadlines away, so it need not move the timer.
ISAT_INLINE void speaker::expect_lapse(const election::leadership& told, const lease_time& now) {
  if (told.valid_until == lease_time::max()) return;
  const auto left = -elapsed_for_holder(told.valid_until, now);
  if (lapse_at_ && *lapse_at_ <= now.raw + left) return;
  lapse_at_ = now.raw + left;
  lapse_timer_.expires_after(left);
  lapse_timer_.async_wait(done_.while_pending([this](error_code error) {
    if (error) return;
    lapse_at_.reset();
    review_deadlines();
  }));
}

ISAT_INLINE void speaker::review_deadlines() {
  const lease_time now = lease_clock::now();
  for (std::size_t at = 0; at < groups_.size(); ++at) {
    if (groups_[at].told_term == 0) continue;
    const auto group = static_cast<group_id>(at);
    const auto leadership = leaderships_.find(group);
    if (leadership.covers(now)) {
      expect_lapse(leadership, now);
    } else {
      tell(leadership_lost{group, std::exchange(groups_[at].told_term, 0)});
    }
  }
}

ISAT_INLINE void speaker::review_candidacy() {
  if (stopping_) return;
  bool carrier = false;
  for (const auto& each : slots_) carrier = carrier || (each.served && each.carrier);
  const bool willing = synced_ && carrier && running_;
  if (willing == willing_) return;
  willing_ = willing;
  tell(candidacy_changed{willing});
  // Whoever hears of it may change it again: then that review has told all groups.
  for (std::size_t at = 0; at < groups_.size() && willing_ == willing; ++at) {
    if (groups_[at].vips > 0) elector_.set_candidate(static_cast<group_id>(at), willing);
  }
}

// ---- Announcing ----

ISAT_INLINE void speaker::announce(const responder::vip& announced, const lease_time& now) {
  for (const auto& each : slots_) {
    if (each.served && announced.interfaces.contains(each.served->id())) {
      each.served->announce(announced.address, announced.group, now);
    }
  }
}

ISAT_INLINE void speaker::announce_all_on(served_interface& served) {
  const lease_time now = lease_clock::now();
  vips_.for_each([&](const responder::vip& each) {
    if (each.interfaces.contains(served.id()) && leaderships_.leads(each.group, now)) {
      served.announce(each.address, each.group, now);
    }
  });
  served.pump();
}

// One pass over the VIPs serves all groups that were taken over in this turn of the loop.
ISAT_INLINE void speaker::announce_taken_groups() {
  bool any = false;
  for (const auto& group : groups_) any = any || group.taken;
  if (!any) return;
  const lease_time now = lease_clock::now();
  vips_.for_each([&](const responder::vip& each) {
    if (groups_[static_cast<std::size_t>(each.group)].taken) announce(each, now);
  });
  for (auto& group : groups_) group.taken = false;
}

ISAT_INLINE void speaker::pump_later() {
  if (std::exchange(turn_posted_, true)) return;
  asio::post(executor_, done_.while_pending([this] {
    turn_posted_ = false;
    announce_taken_groups();
    for (const auto& each : slots_) {
      if (each.served) each.served->pump();
    }
  }));
}

// ---- Claims ----

ISAT_INLINE void speaker::on_claim(interface_id interface, const wire::arp_message& claim,
                                   responder::drop_reason what) {
  const auto& link = slots_[index(interface)].served->link();
  auto& limit = what == responder::drop_reason::conflict ? conflicts_ : shared_segments_;
  const auto folded = limit.pass(lease_clock::now().raw);
  if (!folded) return;
  if (what == responder::drop_reason::conflict) {
    tell(vip_conflict{claim.spa, claim.sha, link.name, *folded});
  } else {
    tell(shared_segment{claim.sha, link.name, claim.sha == link.mac, *folded});
  }
}

// ---- Interfaces ----

ISAT_INLINE void speaker::on_link(const transport::link_change& change) {
  if (change.before) {
    std::erase_if(link_macs_, [&](const auto& known) { return known.first == change.before->index; });
  }
  if (change.after) link_macs_.emplace_back(change.after->index, change.after->mac);
  collect_own_macs();
  if (!change.before) return;
  for (auto& each : slots_) {
    if (!each.served || each.link_index != change.before->index) continue;
    if (change.after) return update(each, change);
    return leave(each.served->id(), {});
  }
}

ISAT_INLINE error_code speaker::on_interface(const transport::link_state& link,
                                             std::unique_ptr<transport::frame_transport> opened) {
  return join(std::move(opened), link.carrier, link.index) ? error_code{} : error_code{error::too_many_interfaces};
}

ISAT_INLINE void speaker::on_refused(const transport::link_state& link, error_code reason) {
  tell(interface_refused{link.name, reason});
}

ISAT_INLINE std::optional<interface_id> speaker::join(std::unique_ptr<transport::frame_transport> transport,
                                                      bool carrier, unsigned link_index) {
  for (std::size_t at = 0; at < slots_.size(); ++at) {
    if (slots_[at].served) continue;
    const auto id = static_cast<interface_id>(at);
    const served_context shared{vips_, leaderships_, own_macs_};
    claim_observer& claims = *this;
    slots_[at] = {std::make_unique<served_interface>(std::move(transport), id, shared, options_.schedule, claims),
                  detail::stop_signal{}, carrier, link_index};
    served_interface& served = *slots_[at].served;
    collect_own_macs();
    const bool serving = running_ && !stopping_;
    if (serving) serve(slots_[at]);
    tell(interface_joined{served.link(), carrier});
    if (serving && slots_[at].served.get() == &served) {
      announce_all_on(served);
      review_candidacy();
    }
    return id;
  }
  return std::nullopt;
}

ISAT_INLINE void speaker::serve(slot& started) {
  ++interfaces_running_;
  auto on_end = [this, ended = started.served.get()](error_code reason) {
    // At the end interfaces stay where they are: their counters can still be read.
    if (!stopping_ && slots_[index(ended->id())].served.get() == ended) leave(ended->id(), reason);
    std::erase_if(leaving_, [&](const slot& each) { return each.served.get() == ended; });
    --interfaces_running_;
    complete_when_idle();
  };
  started.served->async_run(guard(started.stop, std::move(on_end)));
}

ISAT_INLINE void speaker::leave(interface_id id, error_code reason) {
  slot left = std::exchange(slots_[index(id)], slot{});
  if (!left.served) return;
  const interface_left told{left.served->link(), reason, left.served->counted(), left.served->statistics()};
  const unsigned link_index = left.link_index;
  left.stop.emit();
  if (running_) leaving_.push_back(std::move(left));
  if (stopping_) return;
  collect_own_macs();
  tell(told);
  if (reason && link_index != 0) follower_.reopen(link_index);
  review_candidacy();
}

ISAT_INLINE void speaker::update(slot& changed, const transport::link_change& change) {
  served_interface& served = *changed.served;
  const auto& [before, after] = change;
  if (before->mac == after->mac && before->carrier == after->carrier) return;
  served.set_mac(after->mac);
  changed.carrier = after->carrier;
  if (change.needs_announcement()) announce_all_on(served);
  tell(interface_changed{served.link(), after->carrier});
  review_candidacy();
}

ISAT_INLINE void speaker::collect_own_macs() {
  own_macs_.clear();
  for (const auto& [link_index, mac] : link_macs_) own_macs_.push_back(mac);
  for (const auto& each : slots_) {
    if (each.served && each.link_index == 0) own_macs_.push_back(each.served->link().mac);
  }
}

// ---- Running and stopping ----

ISAT_INLINE void speaker::run(handler<run_signature> done) {
  assert(!running_ && !stopping_ && "a speaker runs once");
  done_.store(std::move(done), [this] { stop(asio::error::operation_aborted); });
  running_ = true;
  leaderships_.subscribe(*this);
  for (auto& each : slots_) {
    if (each.served) serve(each);
  }
  // The elector first: a stop that comes while the others start must find it running.
  elector_.async_run(leaderships_, watch(elector_part_));
  transport::interface_sink& interfaces = *this;
  if (!options_.interfaces.empty()) follower_.async_run(interfaces, watch(links_part_));
  source::vip_sink& vips = *this;
  source_.async_run(vips, watch(source_part_));
}

ISAT_INLINE void speaker::ended(part& watched, error_code reason) {
  watched.running = false;
  const bool source_is_done = &watched == &source_part_ && !reason;  // it has told everything, which is no failure
  if (!source_is_done) stop(reason);
  if (&watched == &elector_part_) stop_the_rest();
  complete_when_idle();
}

// The elector goes first: it lowers every leadership before it releases, and only then may the rest go.
ISAT_INLINE void speaker::stop(error_code why) {
  if (std::exchange(stopping_, true)) return;
  result_ = why;
  if (elector_part_.running) {
    elector_part_.stop.emit();
  } else {
    stop_the_rest();
  }
}

ISAT_INLINE void speaker::stop_the_rest() {
  source_part_.stop.emit();
  links_part_.stop.emit();
  for (auto& each : slots_) {
    each.stop.emit();
  }
}

ISAT_INLINE void speaker::complete_when_idle() {
  const bool idle = !elector_part_.running && !source_part_.running && !links_part_.running && interfaces_running_ == 0;
  if (!stopping_ || !idle || !running_) return;
  running_ = false;
  leaderships_.unsubscribe(*this);
  lapse_timer_.cancel();  // else the host's context would go on until the deadline of what was let go of
  lapse_at_.reset();
  done_.complete(result_);
}

}  // namespace isat::inline v0
