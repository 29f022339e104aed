// SPDX-License-Identifier: BSL-1.0

// The bodies of speaker.hpp, in the order of its declarations. Included by that header, never by itself.
#pragma once

#include "isat/error.hpp"
#include "isat/speaker.hpp"

namespace isat::inline v0 {

inline speaker::speaker(asio::any_io_executor executor, election::elector& elector, source::vip_source& vips,
                        speaker_options options)
    : executor_{std::move(executor)},
      elector_{elector},
      source_{vips},
      options_{std::move(options)},
      follower_{executor_, options_.interfaces, options_.open},
      done_{executor_} {}

// ---- VIPs ----

inline void speaker::add(const responder::vip& added) {
  if (const auto* known = vips_.find(added.address); known != nullptr) {
    if (*known == added) return;
    remove(added.address);
  }
  vips_.add(added);
  count_vip(added.group, true);
  const lease_time now = lease_clock::now();
  if (!leaderships_.leads(added.group, now)) return;
  announce(added, now);
  pump_later();
}

inline void speaker::remove(ipv4_address address) {
  const auto* known = vips_.find(address);
  if (known == nullptr) return;
  const group_id group = known->group;
  for (const auto& each : slots_) {
    if (each.served) each.served->withdraw(address);
  }
  vips_.remove(address);
  count_vip(group, false);
}

inline void speaker::synced() {
  synced_ = true;
  tell(source_synced{vips_.size()});
  review_candidacy();
}

inline void speaker::count_vip(group_id group, bool added) {
  const auto at = static_cast<std::size_t>(group);
  if (at >= groups_.size()) groups_.resize(at + 1);
  auto& count = groups_[at].vips;
  added ? ++count : --count;
  const bool first_or_last = count == (added ? 1 : 0);
  if (first_or_last && willing_) elector_.set_candidate(group, added);
}

// ---- Leadership ----

inline void speaker::on_leadership(group_id group, const election::leadership&, const election::leadership& after) {
  const auto at = static_cast<std::size_t>(group);
  if (at >= groups_.size()) groups_.resize(at + 1);
  auto& state = groups_[at];
  const bool leads = after.covers(lease_clock::now());
  if (leads && state.told_term == after.term) return;  // a renewal
  const std::uint64_t lost = std::exchange(state.told_term, leads ? after.term : 0);
  state.taken = leads;
  if (leads) pump_later();
  if (lost != 0) tell(leadership_lost{group, lost});
  if (leads) tell(leadership_gained{group, after.term});
}

inline void speaker::review_candidacy() {
  bool carrier = false;
  for (const auto& each : slots_) carrier = carrier || (each.served && each.carrier);
  const bool willing = synced_ && carrier && running_ && !stopping_;
  if (willing == willing_) return;
  willing_ = willing;
  tell(candidacy_changed{willing});
  for (std::size_t at = 0; at < groups_.size(); ++at) {
    if (groups_[at].vips > 0) elector_.set_candidate(static_cast<group_id>(at), willing);
  }
}

// ---- Announcing ----

inline void speaker::announce(const responder::vip& announced, const lease_time& now) {
  for (const auto& each : slots_) {
    if (each.served && announced.interfaces.contains(each.served->id())) {
      each.served->announce(announced.address, announced.group, now);
    }
  }
}

inline void speaker::announce_all_on(port& served) {
  const lease_time now = lease_clock::now();
  vips_.for_each([&](const responder::vip& each) {
    if (each.interfaces.contains(served.id()) && leaderships_.leads(each.group, now)) {
      served.announce(each.address, each.group, now);
    }
  });
  served.pump();
}

// One pass over the VIPs serves all groups that were taken over in this turn of the loop.
inline void speaker::announce_taken_groups() {
  bool any = false;
  for (const auto& group : groups_) any = any || group.taken;
  if (!any) return;
  const lease_time now = lease_clock::now();
  vips_.for_each([&](const responder::vip& each) {
    if (groups_[static_cast<std::size_t>(each.group)].taken) announce(each, now);
  });
  for (auto& group : groups_) group.taken = false;
}

inline void speaker::pump_later() {
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

inline void speaker::on_claim(interface_id interface, const wire::arp_message& claim, responder::drop_reason what) {
  const auto& name = slots_[index(interface)].served->link().name;
  auto& limit = what == responder::drop_reason::conflict ? conflicts_ : shared_segments_;
  const auto folded = limit.pass(lease_clock::now().raw);
  if (!folded) return;
  if (what == responder::drop_reason::conflict) {
    tell(vip_conflict{claim.spa, claim.sha, name, *folded});
  } else {
    tell(shared_segment{claim.sha, name, *folded});
  }
}

// ---- Interfaces ----

inline void speaker::on_link(const transport::link_change& change) {
  if (change.before) {
    std::erase_if(link_macs_, [&](const auto& known) { return known.first == change.before->index; });
  }
  if (change.after) link_macs_.emplace_back(change.after->index, change.after->mac);
  collect_own_macs();
  if (!change.before) return;
  for (auto& each : slots_) {
    if (!each.served || each.link_index != change.before->index) continue;
    if (change.after) return update(each, *change.after);
    return leave(each.served->id(), {});
  }
}

inline void speaker::on_interface(const transport::link_state& link,
                                  std::unique_ptr<transport::frame_transport> opened) {
  if (!join(std::move(opened), link.carrier, link.index)) on_refused(link, error::too_many_interfaces);
}

inline void speaker::on_refused(const transport::link_state& link, error_code reason) {
  tell(interface_refused{link.name, reason});
}

inline std::optional<interface_id> speaker::join(std::unique_ptr<transport::frame_transport> transport, bool carrier,
                                                 unsigned link_index) {
  for (std::size_t at = 0; at < slots_.size(); ++at) {
    if (slots_[at].served) continue;
    const auto id = static_cast<interface_id>(at);
    const port_context shared{vips_, leaderships_, own_macs_};
    claim_observer& claims = *this;
    slots_[at] = {std::make_unique<port>(std::move(transport), id, shared, options_.schedule, claims),
                  detail::stop_signal{}, carrier, link_index};
    port& served = *slots_[at].served;
    collect_own_macs();
    tell(interface_joined{served.link(), carrier});
    if (running_ && !stopping_) {
      run_port(slots_[at]);
      announce_all_on(served);
      review_candidacy();
    }
    return id;
  }
  return std::nullopt;
}

inline void speaker::run_port(slot& started) {
  ++ports_running_;
  auto on_end = [this, ended = started.served.get()](error_code reason) {
    // At the end ports stay where they are: their counters can still be read.
    if (!stopping_ && slots_[index(ended->id())].served.get() == ended) leave(ended->id(), reason);
    std::erase_if(leaving_, [&](const slot& each) { return each.served.get() == ended; });
    --ports_running_;
    complete_when_idle();
  };
  started.served->async_run(guard(started.stop, std::move(on_end)));
}

inline void speaker::leave(interface_id id, error_code reason) {
  slot left = std::exchange(slots_[index(id)], slot{});
  if (!left.served) return;
  const auto link = left.served->link();
  const unsigned link_index = left.link_index;
  left.stop.emit();
  if (running_) leaving_.push_back(std::move(left));
  if (stopping_) return;
  collect_own_macs();
  tell(interface_left{link, reason});
  if (reason && link_index != 0) follower_.reopen(link_index);
  review_candidacy();
}

inline void speaker::update(slot& changed, const transport::link_state& link) {
  port& served = *changed.served;
  const bool carrier = link.carrier;
  const bool new_mac = served.link().mac != link.mac;
  const bool returned = carrier && !changed.carrier;
  if (!new_mac && carrier == changed.carrier) return;
  served.set_mac(link.mac);
  changed.carrier = carrier;
  collect_own_macs();
  tell(interface_changed{served.link(), carrier});
  if (carrier && (new_mac || returned)) announce_all_on(served);
  review_candidacy();
}

inline void speaker::collect_own_macs() {
  own_macs_.clear();
  for (const auto& [link_index, mac] : link_macs_) own_macs_.push_back(mac);
  for (const auto& each : slots_) {
    if (each.served && each.link_index == 0) own_macs_.push_back(each.served->link().mac);
  }
}

// ---- Running and stopping ----

inline void speaker::run(handler<run_signature> done) {
  done_.store(std::move(done), [this] { stop(asio::error::operation_aborted); });
  running_ = true;
  leaderships_.subscribe(*this);
  for (auto& each : slots_) {
    if (each.served) run_port(each);
  }
  // The elector first: a stop that comes while the others start must find it running.
  elector_.async_run(leaderships_, watch(elector_part_));
  transport::interface_sink& interfaces = *this;
  if (!options_.interfaces.empty()) follower_.async_run(interfaces, watch(links_part_));
  source::vip_sink& vips = *this;
  source_.async_run(vips, watch(source_part_));
}

inline void speaker::ended(part& watched, error_code reason) {
  watched.running = false;
  const bool source_is_done = &watched == &source_part_ && !reason;  // it has told everything, which is no failure
  if (!source_is_done) stop(reason);
  if (&watched == &elector_part_) stop_the_rest();
  complete_when_idle();
}

// The elector goes first: it lowers every leadership before it releases, and only then may the rest go.
inline void speaker::stop(error_code why) {
  if (std::exchange(stopping_, true)) return;
  result_ = why;
  if (elector_part_.running) {
    elector_part_.stop.emit();
  } else {
    stop_the_rest();
  }
}

inline void speaker::stop_the_rest() {
  source_part_.stop.emit();
  links_part_.stop.emit();
  for (auto& each : slots_) {
    each.stop.emit();
  }
}

inline void speaker::complete_when_idle() {
  const bool idle = !elector_part_.running && !source_part_.running && !links_part_.running && ports_running_ == 0;
  if (!stopping_ || !idle || !running_) return;
  running_ = false;
  leaderships_.unsubscribe(*this);
  done_.complete(result_);
}

}  // namespace isat::inline v0
