// SPDX-License-Identifier: BSL-1.0

// One interface in service: a transport with its responder, its announcer and its counters, and the two loops that
// drive them (receive -> answer; timer -> announce). The speaker makes one per interface, tells it what to announce and
// hears from it of claims. It refuses to know electors, sources and other interfaces.
#pragma once

#include "isat/address.hpp"
#include "isat/announce/announcer.hpp"
#include "isat/announce/schedule.hpp"
#include "isat/detail/erase.hpp"
#include "isat/detail/stop_signal.hpp"
#include "isat/election/leadership.hpp"
#include "isat/lease_clock.hpp"
#include "isat/pending_operation.hpp"
#include "isat/responder/counters.hpp"
#include "isat/responder/responder.hpp"
#include "isat/responder/vip_table.hpp"
#include "isat/transport/frame_transport.hpp"
#include "isat/transport/guarded_sender.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
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
class claim_observer {
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
class served_interface {
 public:
  using run_signature = void(error_code);

  served_interface(std::unique_ptr<transport::frame_transport> transport, interface_id id,
                   const served_context& context, announce::schedule when, claim_observer& claims)
      : transport_{std::move(transport)},
        link_{transport_->link()},
        id_{id},
        context_{context},
        claims_{claims},
        responder_{context.vips, context.leaderships},
        burst_{when.burst},
        announcer_{std::move(when)},
        timer_{transport_->get_executor()},
        done_{transport_->get_executor()} {}

  interface_id id() const noexcept { return id_; }
  const transport::link_identity& link() const noexcept { return link_; }
  const responder::counters& counted() const noexcept { return counted_; }
  transport::transport_statistics statistics() const noexcept { return transport_->statistics(); }

  /// From now on frames carry this address as their source.
  void set_mac(const mac_address& mac) noexcept {
    link_.mac = mac;
    announcements_.clear();
  }

  /// Puts a VIP on the announcement schedule; call pump() after the last one. Does nothing unless running.
  void announce(ipv4_address address, group_id group, const lease_time& now) {
    if (running_) announcer_.start(address, group, now);
  }

  /// Stops announcing a VIP.
  void withdraw(ipv4_address address) noexcept {
    announcer_.stop(address);
    announcements_.withdraw(address);
  }

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

inline void served_interface::run(handler<run_signature> done) {
  done_.store(std::move(done), [this] {
    running_ = false;
    timer_.cancel();
    stop_receiving_.emit();
  });
  running_ = true;
  receive();
}

inline void served_interface::receive() {
  auto handle = done_.while_pending([this](error_code error, std::size_t count) { on_received(error, count); });
  transport_->async_receive(std::span{received_}, stop_receiving_.bind(std::move(handle)));
}

inline void served_interface::on_received(error_code error, std::size_t count) {
  if (!error && running_) {
    const responder::receiver at{id_, link_.mac, context_.own_macs};
    responder_.answer(std::span{received_}.first(count), at, *transport_, counted_,
                      [this](const wire::arp_message& claim, responder::drop_reason what) {
                        if (running_) claims_.on_claim(id_, claim, what);
                      });
  }
  // A link that is down stays ours: it may come up again.
  if (running_ && (!error || error == asio::error::network_down)) return receive();
  running_ = false;
  timer_.cancel();
  done_.complete(error ? error : error_code{asio::error::operation_aborted});
}

inline void served_interface::pump() {
  using namespace std::chrono_literals;
  std::array<announce::announcement, transport::batch_max> due;
  for (std::size_t sent = 0; running_;) {
    const lease_time now = lease_clock::now();
    if (sent >= burst_) return wake_at(now.raw, now);  // a slow link must not keep others waiting
    if (announcements_.empty()) {
      const auto step = announcer_.step(now, context_.leaderships, due);
      if (step.count == 0) return step.wake_at ? wake_at(*step.wake_at, now) : void();
      for (const auto& [address, group, form] : std::span{due}.first(step.count)) {
        announcements_.push(wire::emit(wire::make_announcement(address, link_.mac, form)), group);
      }
    }
    const auto outcome = announcements_.flush(*transport_, context_.leaderships);
    sent += outcome.sent;
    counted_.announcements += outcome.sent;
    const bool queue_full = outcome.error == asio::error::would_block || outcome.error == asio::error::no_buffer_space;
    if (queue_full) return wake_at(now.raw + 1ms, now);
    announcements_.clear();  // the link is down: its return announces anew
  }
}

inline void served_interface::wake_at(std::chrono::nanoseconds when, const lease_time& now) {
  timer_.expires_after(when > now.raw ? when - now.raw : std::chrono::nanoseconds::zero());
  timer_.async_wait(done_.while_pending([this](error_code error) {
    if (!error) pump();
  }));
}

}  // namespace isat::inline v0
