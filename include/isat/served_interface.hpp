// SPDX-License-Identifier: BSL-1.0

// One interface in service: a transport with its responder, its announcer and its counters, and the two loops that
// drive them (receive -> answer; timer -> announce). The speaker makes one per interface, tells it what to announce and
// hears from it of claims. It refuses to know electors, sources and other interfaces.
#pragma once

#include "isat/address.hpp"
#include "isat/announce/announcer.hpp"
#include "isat/announce/schedule.hpp"
#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/detail/stop_signal.hpp"
#include "isat/election/leadership.hpp"
#include "isat/pending_operation.hpp"
#include "isat/responder/counters.hpp"
#include "isat/responder/responder.hpp"
#include "isat/responder/vip_table.hpp"
#include "isat/transport/frame_transport.hpp"
#include "isat/transport/guarded_sender.hpp"

#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace isat::inline v0 {

/// What all served interfaces of a speaker share, read-only. The speaker owns it and outlives them.
struct served_context {
  const responder::vip_table& vips;
  const election::leadership_table& leaderships;
  const std::vector<mac_address>& own_macs;  ///< of every interface of this host
};

/// Hears of claims of our VIPs.
class ISAT_API claim_observer {
 public:
  /// `claim` came in on `interface`: by a stranger (`conflict`) or by another interface of ours (`own_announcement`).
  virtual void on_claim(interface_id interface, const wire::arp_message& claim, responder::drop_reason what) = 0;

 protected:
  claim_observer() = default;
  claim_observer(const claim_observer&) = default;
  claim_observer& operator=(const claim_observer&) = default;
  ~claim_observer() = default;
};

/// One announcing interface. One thread of control. Destroying it aborts its operation.
class ISAT_API served_interface {
 public:
  using run_signature = void(error_code);

  served_interface(std::unique_ptr<transport::frame_transport> transport, interface_id id,
                   const served_context& context, announce::schedule when, claim_observer& claims);

  interface_id id() const noexcept { return id_; }
  const transport::link_identity& link() const noexcept { return link_; }
  const responder::counters& counted() const noexcept { return counted_; }
  transport::transport_statistics statistics() const noexcept { return transport_->statistics(); }

  /// From now on frames carry this address as their source.
  void set_mac(const mac_address& mac) noexcept;

  /// Puts a VIP on the announcement schedule; call pump() after the last one. Does nothing unless running.
  void announce(ipv4_address address, group_id group, const lease_time& now);

  /// Stops announcing a VIP.
  void withdraw(ipv4_address address) noexcept;

  /// Sends the announcements that are due, as far as the pace allows, and sets the timer for the next.
  void pump();

  /// Receives, answers and announces until cancelled (any type) or the transport is gone.
  /// @return through the token: `operation_aborted`, or the transport's error. Nothing is sent after completion.
  template <asio::completion_token_for<run_signature> Token>
  auto async_run(Token&& token) {
    return detail::erase<run_signature>(std::forward<Token>(token),
                                        [this](handler<run_signature> done) { run(std::move(done)); });
  }

 private:
  void run(handler<run_signature> done);
  void receive();
  void on_received(error_code error, std::size_t count);
  void wake_at(std::chrono::nanoseconds when, const lease_time& now);

  std::unique_ptr<transport::frame_transport> transport_;
  transport::link_identity link_;
  interface_id id_;
  served_context context_;
  claim_observer& claims_;
  responder::responder responder_;
  responder::counters counted_;
  std::size_t burst_;  // before announcer_, which takes the schedule over
  announce::announcer announcer_;
  transport::guarded_sender announcements_;
  std::array<transport::received_frame, transport::batch_max> received_;
  detail::stop_signal stop_receiving_;
  asio::steady_timer timer_;
  pending_operation<run_signature> done_;
  bool running_ = false;
};

}  // namespace isat::inline v0

#if ISAT_HEADER_ONLY
#include "isat/impl/served_interface.ipp"
#endif
