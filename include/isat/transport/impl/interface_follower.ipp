// SPDX-License-Identifier: BSL-1.0

// The bodies of interface_follower.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/transport/interface_follower.hpp"
#include "isat/transport/packet_socket.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>

namespace isat::inline v0::transport {

ISAT_INLINE std::unique_ptr<frame_transport> open_packet_socket(asio::any_io_executor executor, const link_state& link,
                                                                error_code& error) {
  return packet_socket::open(std::move(executor), link, error);
}

ISAT_INLINE interface_follower::interface_follower(asio::any_io_executor executor,
                                                   std::vector<interface_pattern> patterns, transport_factory open)
    : executor_{executor},
      patterns_{std::move(patterns)},
      open_{std::move(open)},
      monitor_{executor},
      retry_timer_{executor},
      done_{std::move(executor)} {}

ISAT_INLINE void interface_follower::reopen(unsigned link_index) {
  const auto at = links_.find(link_index);
  if (at == links_.end() || stopping_) return;
  at->second.retry = true;
  retry_later();
}

ISAT_INLINE void interface_follower::run(interface_sink& sink, handler<run_signature> done) {
  done_.store(std::move(done), [this] {
    stopping_ = true;
    stop_.emit();
    retry_timer_.cancel();
  });
  stopping_ = false;
  sink_ = &sink;
  next();
}

ISAT_INLINE void interface_follower::next() {
  auto handle = done_.while_pending([this](error_code error, const std::vector<link_change>& changes) {
    for (const auto& change : changes) {
      if (!stopping_) take(change);
    }
    if (stopping_) return done_.complete(asio::error::operation_aborted);
    failures_ = error ? failures_ + 1 : 0;
    if (failures_ == failures_max) return done_.complete(error);
    monitor_failed_ = failures_ > 0;
    monitor_failed_ ? retry_later() : next();
  });
  monitor_.async_changes(asio::bind_executor(executor_, stop_.bind(std::move(handle))));
}

ISAT_INLINE void interface_follower::take(const link_change& change) {
  sink_->on_link(change);
  if (stopping_) return;
  if (change.gone()) {
    links_.erase(change.before->index);
    return;
  }
  const bool selected = std::any_of(patterns_.begin(), patterns_.end(), [&](const interface_pattern& pattern) {
    return pattern.matches(change.after->name);
  });
  if (!selected) return;
  followed& link = links_[change.after->index];
  link.link = *change.after;
  if (change.appeared()) open(link);
}

ISAT_INLINE void interface_follower::open(followed& link) {
  error_code error;
  std::unique_ptr<frame_transport> opened;
  if (link.link.ethernet) {
    opened = open_(executor_, link.link, error);
  } else {
    error = error::not_ethernet;
  }
  if (!error) error = sink_->on_interface(link.link, std::move(opened));
  const bool told = std::exchange(link.refusal, error) == error;
  if (!error || stopping_) return;
  if (!told) sink_->on_refused(link.link, error);
  link.retry = link.link.ethernet && !stopping_;
  if (link.retry) retry_later();
}

ISAT_INLINE void interface_follower::retry_later() {
  if (std::exchange(retrying_, true)) return;
  retry_timer_.expires_after(std::chrono::seconds{1});
  retry_timer_.async_wait(asio::bind_executor(executor_, done_.while_pending([this](error_code) {
    retrying_ = false;
    const bool monitor_failed = std::exchange(monitor_failed_, false);
    if (stopping_ && monitor_failed) done_.complete(asio::error::operation_aborted);
    if (stopping_) return;
    if (monitor_failed) next();
    for (auto& [index, each] : links_) {
      if (!stopping_ && std::exchange(each.retry, false)) open(each);
    }
  })));
}

}  // namespace isat::inline v0::transport
