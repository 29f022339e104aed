// SPDX-License-Identifier: BSL-1.0

// Composes everything into what answers ARP on a network: VIPs from a source, leadership from an elector, one
// served_interface per interface. It is the only file that knows everyone, and it holds no protocol: it passes on what
// changed. Interfaces are attached by hand, or followed by name through rtnetlink when options name some. All of it
// runs on the host's executor, which must run one handler at a time (an io_context run by one thread, or a strand).
#pragma once

#include "isat/address.hpp"
#include "isat/announce/schedule.hpp"
#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/detail/stop_signal.hpp"
#include "isat/election/elector.hpp"
#include "isat/election/leadership.hpp"
#include "isat/responder/report_limit.hpp"
#include "isat/responder/vip_table.hpp"
#include "isat/served_interface.hpp"
#include "isat/source/vip_source.hpp"
#include "isat/speaker_event.hpp"
#include "isat/transport/frame_transport.hpp"
#include "isat/transport/interface_follower.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace isat::inline v0 {

/// What a speaker is told at its start.
struct speaker_options {
  /// Names or globs of the Linux interfaces to announce on; empty: only those that are attached by hand.
  std::vector<transport::interface_pattern> interfaces;
  /// When VIPs are announced after a takeover.
  announce::schedule schedule;
  /// Opens the transport of a followed interface.
  transport::transport_factory open = transport::open_packet_socket;
  /// Called for every event, on the executor; must not destroy the speaker.
  std::function<void(const speaker_event&)> on_event;
};

/// Answers ARP for the VIPs of a source while an elector says so.
class ISAT_API speaker final : private source::vip_sink,
                               private election::leadership_observer,
                               private claim_observer,
                               private transport::interface_sink {
 public:
  using run_signature = void(error_code);

  /// Starts nothing. `elector` and `vips` must outlive the speaker.
  speaker(asio::any_io_executor executor, election::elector& elector, source::vip_source& vips,
          speaker_options options = {});
  ~speaker();

  asio::any_io_executor get_executor() const noexcept { return executor_; }

  /// Runs until cancelled. Cancelling (any type) is the planned hand-over: leaderships are lowered first, then
  /// released, then everything stops.
  /// @return through the token: `operation_aborted` after a cancellation; else the error of the part that failed (the
  ///   elector, the source, or the link monitor), after an orderly stop. A speaker can run once; destroying it while it
  ///   runs aborts the operation without a hand-over.
  template <asio::completion_token_for<run_signature> Token>
  auto async_run(Token&& token) {
    return detail::erase<run_signature>(std::forward<Token>(token),
                                        [this](handler<run_signature> done) { run(std::move(done)); });
  }

  /// Announces on one more interface, whose state the caller vouches for.
  /// @return its id; none when interface_max are attached already
  std::optional<interface_id> attach(std::unique_ptr<transport::frame_transport> transport, bool carrier = true) {
    return join(std::move(transport), carrier, 0);
  }

  /// Announces on an interface no more; unknown ids are ignored.
  void detach(interface_id id) {
    if (index(id) < slots_.size()) leave(id, {});
  }

  const responder::vip_table& vips() const noexcept { return vips_; }
  const election::leadership_table& leaderships() const noexcept { return leaderships_; }

  /// The attached interface with this id, or null. After the run those that were attached at its end are still there.
  const served_interface* find_interface(interface_id id) const noexcept {
    return index(id) < slots_.size() ? slots_[index(id)].served.get() : nullptr;
  }

 private:
  // One of the operations that run beside the interfaces.
  struct part {
    detail::stop_signal stop;
    bool running = false;
  };
  struct slot {
    std::unique_ptr<served_interface> served;
    detail::stop_signal stop;
    bool carrier = false;
    unsigned link_index = 0;  // 0: attached by hand
  };

  static constexpr std::size_t index(interface_id id) noexcept { return static_cast<std::size_t>(id); }

  // source::vip_sink
  ISAT_INLINE void add(const responder::vip& added) override;
  ISAT_INLINE void remove(ipv4_address address) override;
  ISAT_INLINE void synced() override;
  // election::leadership_observer
  ISAT_INLINE void on_leadership(group_id group, const election::leadership& before,
                                 const election::leadership& after) override;
  // claim_observer
  ISAT_INLINE void on_claim(interface_id interface, const wire::arp_message& claim,
                            responder::drop_reason what) override;
  // transport::interface_sink
  ISAT_INLINE void on_link(const transport::link_change& change) override;
  ISAT_INLINE error_code on_interface(const transport::link_state& link,
                                      std::unique_ptr<transport::frame_transport> opened) override;
  ISAT_INLINE void on_refused(const transport::link_state& link, error_code reason) override;

  // Running and stopping.
  void run(handler<run_signature> done);
  template <class Function>
  auto guard(const detail::stop_signal& stop, Function on_end) {
    return asio::bind_executor(executor_, stop.bind(done_.while_pending(std::move(on_end))));
  }
  auto watch(part& watched) {
    watched.running = true;
    return guard(watched.stop, [this, &watched](error_code reason) { ended(watched, reason); });
  }
  void ended(part& watched, error_code reason);
  void stop(error_code why);
  void stop_the_rest();
  void complete_when_idle();

  // Interfaces.
  std::optional<interface_id> join(std::unique_ptr<transport::frame_transport> transport, bool carrier,
                                   unsigned link_index);
  void serve(slot& started);
  void leave(interface_id id, error_code reason);
  void update(slot& changed, const transport::link_change& change);
  void collect_own_macs();

  // Announcing and contending.
  void announce(const responder::vip& announced, const lease_time& now);
  void announce_all_on(served_interface& served);
  void announce_taken_groups();
  void pump_later();
  void count_vip(group_id group, bool added);
  void expect_lapse(const election::leadership& told, const lease_time& now);
  void review_deadlines();
  void review_candidacy();
  void tell(const speaker_event& event) const {
    if (options_.on_event) options_.on_event(event);
  }

  asio::any_io_executor executor_;
  election::elector& elector_;
  source::vip_source& source_;
  speaker_options options_;
  transport::interface_follower follower_;

  responder::vip_table vips_;
  election::leadership_table leaderships_;
  std::array<slot, interface_max> slots_;
  std::vector<slot> leaving_;  // out of service, but their operation has not ended yet
  std::vector<std::pair<unsigned, mac_address>> link_macs_;
  std::vector<mac_address> own_macs_;

  struct group_state {
    std::size_t vips = 0;
    std::uint64_t told_term = 0;  // of the leadership_gained that was told and not yet lost; 0: none
    bool taken = false;           // its VIPs are to be announced at the next turn
  };
  std::vector<group_state> groups_;
  bool willing_ = false;
  bool synced_ = false;
  bool turn_posted_ = false;
  asio::steady_timer lapse_timer_;
  std::optional<std::chrono::nanoseconds> lapse_at_;  // when the timer fires, on MONOTONIC_RAW
  responder::report_limit conflicts_;
  responder::report_limit shared_segments_;

  part elector_part_;
  part source_part_;
  part links_part_;
  std::size_t interfaces_running_ = 0;
  bool running_ = false;
  bool stopping_ = false;
  error_code result_;
  pending_operation<run_signature> done_;
};

}  // namespace isat::inline v0

#if ISAT_HEADER_ONLY
#include "isat/impl/speaker.ipp"
#endif
#include "isat/pending_operation.hpp"
