// SPDX-License-Identifier: BSL-1.0

// What people see of a speaker who look at a Service (kubectl describe service): which node answers for its address and
// where, told when that changes, and what is wrong with it. Nothing depends on whether it is seen.
#pragma once

#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/service/event_recorder.hpp"
#include "isat/kubernetes/service/service_source.hpp"
#include "isat/speaker.hpp"
#include "isat/speaker_event.hpp"
#include "logger.hpp"

#include <cstdint>
#include <set>
#include <string>

namespace speakerd {

class service_events {
 public:
  /// All of them must outlive this.
  service_events(isat::kubernetes::api_client& client, const isat::kubernetes::service_source& source,
                 std::string node_name, const logger& log);

  /// What the speaker tells. @param speaker knows its VIPs and what it leads
  void note(const isat::speaker_event& event, const isat::speaker& speaker);
  /// What the source tells.
  void note(const isat::kubernetes::service_source_notice& notice);

 private:
  void tell_owner(isat::ipv4_address vip, std::uint64_t term);
  std::string interfaces() const;

  const isat::kubernetes::service_source& source_;
  std::string node_name_;
  std::set<std::string> interfaces_;  // on which is announced
  isat::kubernetes::event_recorder recorder_;
};

}  // namespace speakerd
