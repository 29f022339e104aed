// SPDX-License-Identifier: BSL-1.0

// The source of VIPs that --source names, made and logged. The one place where the daemon knows one source from
// another.
#pragma once

#include "address_watch.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/service/event_recorder.hpp"
#include "isat/kubernetes/service/service_source.hpp"
#include "isat/source/static_source.hpp"
#include "isat/source/vip_source.hpp"
#include "isat/speaker.hpp"
#include "logger.hpp"
#include "options.hpp"
#include "service_events.hpp"
#include "trouble_watch.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace speakerd {

/// Owns the source of a run, and what that stands on.
class chosen_source {
 public:
  /// @param client of the cluster: not null if the source is there; outlives this, as `log` does
  chosen_source(boost::asio::any_io_executor executor, const options& what, const logger& log,
                isat::kubernetes::api_client* client);

  isat::source::vip_source& get() noexcept;

  /// Looks after what the source must know of this host, and after what people are to be told, until stop().
  /// @param speaker and `recorder` must outlive this; no recorder: there are no Services
  void start(const isat::speaker& speaker, telling_duty duty, isat::kubernetes::event_recorder* recorder);
  void stop();

  /// For how long it may have missed changes; none: it does not know all of the beginning.
  std::optional<std::chrono::nanoseconds> age() const;

  /// What it keeps takes about so many octets; none: nothing that grows. Costs a look at every object.
  std::optional<std::size_t> memory() const;

  /// True if the address is somebody's already, as far as this source knows: a Node's, or this host's.
  bool is_taken(isat::ipv4_address address) const { return services_ && services_->table().is_taken(address); }

  /// What the speaker tells.
  void note(const isat::speaker_event& event);

 private:
  void follow_services(const options& what, isat::kubernetes::api_client& client);
  void log_addresses(isat::error_code error);

  boost::asio::any_io_executor executor_;
  const logger& log_;
  std::string node_name_;
  std::unique_ptr<isat::source::static_source> listed_;  // this, or all that follow
  std::unique_ptr<isat::kubernetes::service_source> services_;
  std::unique_ptr<service_events> events_;  // since start()
  std::unique_ptr<address_watch> addresses_;
  bool is_synced_ = false;
};

}  // namespace speakerd
