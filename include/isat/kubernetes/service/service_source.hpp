// SPDX-License-Identifier: BSL-1.0

// The source of VIPs that follows the Services of a cluster: three reflectors (Services, EndpointSlices, Nodes) feed a
// service_table, whose changes go to the sink. While the API server is away it keeps what it has. It refuses to choose
// groups: every VIP is in group 0, and source::grouped_source puts it into another.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/service/service_facts.hpp"
#include "isat/kubernetes/service/service_notice.hpp"
#include "isat/kubernetes/service/service_table.hpp"
#include "isat/source/vip_source.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace isat::inline v0::kubernetes {

/// Objects of a kind cannot be followed: what is known of them is kept. Told when that begins, and when the error
/// becomes another.
struct objects_lost {
  object_kind kind{};
  error_code error;
  std::string message;  ///< what the server said, for people; may be empty
};

/// All objects of a kind are known: told after each objects_lost, and at first.
struct objects_known {
  object_kind kind{};
};

using service_source_notice = std::variant<service_notice, objects_lost, objects_known>;

/// How well a kind is followed.
struct objects_status {
  bool listed{};  ///< since the run began
  /// Since when changes may have been missed; none: they are followed.
  std::optional<std::chrono::steady_clock::time_point> lost;
  std::optional<std::chrono::steady_clock::time_point> heard;  ///< when something was told of them most recently
  error_code error;                                            ///< of `lost`, if there was one
  std::string message;                                         ///< likewise
};

/// What a service_source is told at its start.
struct service_source_options {
  service_rules rules;
  std::size_t page = 250;  ///< Services per page of a list; of what is larger a fifth
  std::chrono::nanoseconds pause_longest = std::chrono::seconds{8};  ///< as reflector_options has it
  /// Called on the executor with what a log should tell. Must not destroy the source; may cancel its run.
  std::function<void(const service_source_notice&)> on_notice = {};
};

/// A source over one cluster. Not thread-safe: use it on its executor. Each run begins with nothing. A sink must not
/// destroy the source; it may cancel its run.
class ISAT_API service_source final : public source::vip_source {
 public:
  /// `client` must outlive the source.
  service_source(api_client& client, service_source_options options);
  /// Aborts a run.
  ISAT_INLINE ~service_source() override;

  ISAT_INLINE asio::any_io_executor get_executor() noexcept override;

  /// The addresses that announcing interfaces of this node carry, all of them: they are no VIPs. Kept between runs; may
  /// call the sink inline.
  void set_carried_addresses(std::vector<ipv4_address> addresses);

  /// What is known, as of now or of the end of the last run.
  const service_table& table() const noexcept;
  const objects_status& status(object_kind kind) const noexcept;

 private:
  class state;

  ISAT_INLINE void do_run(source::vip_sink& sink, handler<run_signature> done) override;

  std::unique_ptr<state> state_;
};

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/service/impl/service_source.ipp"
#endif
