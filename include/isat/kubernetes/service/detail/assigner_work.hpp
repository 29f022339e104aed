// SPDX-License-Identifier: BSL-1.0

// What an address_assigner does while it leads: one assignment_table with the watch of Services and the requests that
// are on their way for it. It ends with the leadership: answers that come later find nobody. It asks whether it still
// leads right before each write. It refuses to elect.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/service/address_assigner.hpp"
#include "isat/kubernetes/service/assignment_table.hpp"
#include "isat/kubernetes/watch/reflector.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/fwd.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

class assigner_work final : public reflector_listener, public std::enable_shared_from_this<assigner_work> {
 public:
  /// All of them must outlive end(). @param leads asked before each write
  assigner_work(api_client& client, election::lease_store& store, const assigner_options& options,
                std::function<bool()> leads);

  void begin();
  /// Nothing is sent or told any more.
  void end();

  /// By end(), or because it did not lead any more when it was to write.
  bool has_ended() const noexcept { return ended_; }
  std::size_t claim_count() const noexcept { return table_.claim_count(); }

 private:
  using clock = std::chrono::steady_clock;

  void on_listing() override { table_.begin_list(); }
  ISAT_INLINE void on_object(object_change change, boost::json::object& object) override;
  ISAT_INLINE void on_synced() override;
  ISAT_INLINE void on_lost(error_code error, const std::string& message) override;

  void settle();
  void tell_notices();
  void wake_later();
  void send(const assignment_request& request);
  void list_records(const assignment_request& request);
  void load_record(const assignment_request& request);
  void write_record(const assignment_request& request);
  void write_status(const assignment_request& request);
  void read_service(const assignment_request& request);
  void report(assigner_task task, const error_code& error, std::string_view action, const std::string& words);

  /// `then`, unless it has ended meanwhile; what it did is followed up.
  template <class Then>
  auto unless_ended(Then then) {
    return [weak = weak_from_this(), then = std::move(then)](auto&&... results) mutable {
      const auto self = weak.lock();
      if (!self || self->ended_) return;
      then(*self, std::forward<decltype(results)>(results)...);
      self->settle();
    };
  }

  api_client& client_;
  election::lease_store& store_;
  const assigner_options& options_;
  std::function<bool()> leads_;
  assignment_table table_;
  std::unique_ptr<reflector> reflector_;
  asio::cancellation_signal stop_;
  asio::steady_timer timer_;
  std::array<error_code, 5> failures_;  // by task
  bool settling_ = false;
  bool ended_ = false;
};

}  // namespace isat::inline v0::kubernetes::detail

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/service/impl/assigner_work.ipp"
#endif
