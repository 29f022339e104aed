// SPDX-License-Identifier: BSL-1.0

// The bodies of served_interface.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/lease_clock.hpp"
#include "isat/served_interface.hpp"

#include <boost/asio/error.hpp>

#include <span>

namespace isat::inline v0 {

ISAT_INLINE served_interface::served_interface(std::unique_ptr<transport::frame_transport> transport, interface_id id,
                                               const served_context& context, announce::schedule when,
                                               claim_observer& claims)
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

ISAT_INLINE void served_interface::set_mac(const mac_address& mac) noexcept {
  link_.mac = mac;
  announcements_.clear();
}

ISAT_INLINE void served_interface::announce(ipv4_address address, group_id group, const lease_time& now) {
  if (running_) announcer_.start(address, group, now);
}

ISAT_INLINE void served_interface::withdraw(ipv4_address address) noexcept {
  announcer_.stop(address);
  announcements_.withdraw(address);
}

ISAT_INLINE void served_interface::run(handler<run_signature> done) {
  done_.store(std::move(done), [this] {
    running_ = false;
    timer_.cancel();
    stop_receiving_.emit();
  });
  running_ = true;
  receive();
}

ISAT_INLINE void served_interface::receive() {
  auto handle = done_.while_pending([this](error_code error, std::size_t count) { on_received(error, count); });
  transport_->async_receive(std::span{received_}, stop_receiving_.bind(std::move(handle)));
}

ISAT_INLINE void served_interface::on_received(error_code error, std::size_t count) {
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

ISAT_INLINE void served_interface::pump() {
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

ISAT_INLINE void served_interface::wake_at(std::chrono::nanoseconds when, const lease_time& now) {
  timer_.expires_after(when > now.raw ? when - now.raw : std::chrono::nanoseconds::zero());
  timer_.async_wait(done_.while_pending([this](error_code error) {
    if (!error) pump();
  }));
}

}  // namespace isat::inline v0
