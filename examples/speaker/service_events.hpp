// SPDX-License-Identifier: BSL-1.0

// What people are told of the Services whose addresses a speaker announces, in its log and by Events that kubectl
// describe service shows: which node answers for an address and where, told when that changes, and what is wrong.
// Nothing depends on whether it is seen.
#pragma once

#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/service/event_recorder.hpp"
#include "isat/kubernetes/service/service_source.hpp"
#include "isat/speaker.hpp"
#include "isat/speaker_event.hpp"
#include "logger.hpp"
#include "options.hpp"
#include "trouble_watch.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace speakerd {

/// What writes Events, one for all that tell something of Services: so they share its rate. Null if the VIPs are no
/// Services'. @param client is not null if they are; must outlive it, as `log` does
std::unique_ptr<isat::kubernetes::event_recorder> make_event_recorder(isat::kubernetes::api_client* client,
                                                                      const options& what, const logger& log);

/// What is read to tell it. All of it must outlive whoever tells.
struct events_source {
  const isat::kubernetes::service_source& services;
  const isat::speaker& speaker;  ///< knows its VIPs and what it leads
  telling_duty duty;
};

class service_events {
 public:
  /// All of them must outlive this. @param hold how long something is wrong before that is told
  service_events(events_source source, isat::kubernetes::event_recorder& recorder, std::string node_name,
                 const logger& log, std::chrono::nanoseconds hold = trouble_watch::hold_default);

  /// What the speaker tells.
  void note(const isat::speaker_event& event);
  /// What the source of VIPs tells.
  void note(const isat::kubernetes::service_source_notice& notice);

  /// Tells no more of what waits to be told.
  void stop() { timer_.cancel(); }

 private:
  void note_service(const isat::kubernetes::service_notice& notice);
  void arm();
  void look();
  void tell(const telling& told);
  void tell_owner(isat::ipv4_address vip, std::uint64_t term);
  void tell_owner(isat::ipv4_address vip, std::uint64_t term,
                  const std::vector<isat::kubernetes::service_reference>& services);
  std::string interfaces() const;

  events_source source_;
  isat::kubernetes::event_recorder& recorder_;
  std::string node_name_;
  const logger& log_;
  std::set<std::string> interfaces_;  // on which is announced
  trouble_watch troubles_;
  trouble_watch::time_point looked_;
  boost::asio::steady_timer timer_;
};

}  // namespace speakerd
