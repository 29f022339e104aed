// SPDX-License-Identifier: BSL-1.0

// One interface on a memory_link segment: a bounded queue of frames behind the frame_transport seam, and the segment
// that fills it. It stands where packet_socket stands, and does what that does in the order that it does it; only the
// kernel's filter is missing. It refuses to be made without a segment: memory_link::attach makes it.
#pragma once

#include "isat/address.hpp"
#include "isat/pending_operation.hpp"
#include "isat/transport/frame_transport.hpp"
#include "isat/transport/strip_tags.hpp"
#include "isat/transport/wait_operation.hpp"
#include "isat/wire/ethernet.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace isat::inline v0::detail {

/// What a memory transport, its pending receive and its segment share.
class memory_endpoint {
 public:
  using operation = wait_operation<memory_endpoint, transport::frame_transport::receive_signature>;

  memory_endpoint(asio::any_io_executor executor, transport::link_identity identity, std::size_t queue_max)
      : executor_{executor}, wait_{std::move(executor)}, identity_{std::move(identity)}, queue_max_{queue_max} {}

  asio::any_io_executor get_executor() noexcept { return executor_; }
  transport::link_identity& identity() noexcept { return identity_; }
  std::uint64_t drops() const noexcept { return drops_; }

  void start(std::span<transport::received_frame> into, operation next) {
    into_ = into.first(std::min(into.size(), transport::batch_max));
    if (!queue_.empty()) return operation::post(std::move(next));
    wait(std::move(next));
  }

  void resume(operation next, error_code error) {
    if (closed_) error = asio::error::operation_aborted;
    if (!error && queue_.empty()) return wait(std::move(next));
    next.complete(error, error ? 0 : take());
  }

  /// Queues a frame that consists of two parts.
  void push(std::span<const std::byte> front, std::span<const std::byte> back, bool foreign) {
    if (queue_.size() >= queue_max_) {
      ++drops_;
      return;
    }
    stored frame{{}, front.size() + back.size(), foreign};
    frame.bytes.reserve(std::min(frame.length, transport::received_bytes_max));
    for (const auto part : {front, back}) {
      const auto fitting = part.first(std::min(part.size(), transport::received_bytes_max - frame.bytes.size()));
      frame.bytes.insert(frame.bytes.end(), fitting.begin(), fitting.end());
    }
    queue_.push_back(std::move(frame));
    wait_.complete({});
  }

  void close() {
    closed_ = true;
    wait_.complete(asio::error::operation_aborted);
  }

 private:
  struct stored {
    std::vector<std::byte> bytes;
    std::size_t length{};
    bool foreign{};
  };

  void wait(operation next) {
    if (next.cancelled()) return operation::post(std::move(next), asio::error::operation_aborted);
    wait_.store(std::move(next), [this] { wait_.complete(asio::error::operation_aborted); });
  }

  std::size_t take() {
    taken_.clear();
    while (!queue_.empty() && taken_.size() < into_.size()) {
      taken_.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    for (std::size_t i = 0; i < taken_.size(); ++i) into_[i] = {taken_[i].bytes, taken_[i].length, taken_[i].foreign};
    return taken_.size();
  }

  asio::any_io_executor executor_;
  pending_operation<void(error_code)> wait_;
  transport::link_identity identity_;
  std::size_t queue_max_;
  std::uint64_t drops_{};
  bool closed_{};
  std::span<transport::received_frame> into_;
  std::deque<stored> queue_;
  std::vector<stored> taken_;  // what the last receive handed out
};

/// The wire between endpoints.
class memory_segment {
 public:
  void attach(std::shared_ptr<memory_endpoint> endpoint) { endpoints_.push_back(std::move(endpoint)); }
  void detach(const memory_endpoint* endpoint) noexcept {
    std::erase_if(endpoints_, [endpoint](const auto& attached) { return attached.get() == endpoint; });
  }

  /// Brings a frame to everyone but its sender, as the kernel would bring it to an ARP packet socket.
  void deliver(std::span<const std::byte> frame, const memory_endpoint* sender) {
    const auto untagged = transport::strip_tags(frame);
    if (!untagged || octet_reader{untagged->rest.data()}.u16() != static_cast<std::uint16_t>(wire::ether_type::arp)) {
      return;
    }
    const mac_address destination = octet_reader{frame.data()}.mac();
    for (const auto& endpoint : endpoints_) {
      if (endpoint.get() == sender) continue;
      const bool other_host = !destination.is_group() && destination != endpoint->identity().mac;
      endpoint->push(untagged->addresses, untagged->rest, untagged->other_vlan || other_host);
    }
  }

  void inject(std::span<const std::byte> frame, bool foreign) {
    for (const auto& endpoint : endpoints_) endpoint->push(frame, {}, foreign);
  }

 private:
  std::vector<std::shared_ptr<memory_endpoint>> endpoints_;
};

}  // namespace isat::inline v0::detail

namespace isat::inline v0::transport {

/// An interface on a segment in memory. Sending to a segment never blocks and never runs a handler inline.
class memory_transport final : public frame_transport {
 public:
  memory_transport(asio::any_io_executor executor, std::shared_ptr<detail::memory_segment> segment,
                   link_identity identity, std::size_t queue_max)
      : segment_{std::move(segment)},
        endpoint_{std::make_shared<detail::memory_endpoint>(std::move(executor), std::move(identity), queue_max)} {
    segment_->attach(endpoint_);
  }
  ~memory_transport() override {
    segment_->detach(endpoint_.get());
    endpoint_->close();
  }

  asio::any_io_executor get_executor() noexcept override { return endpoint_->get_executor(); }

  /// A frame of fewer than 14 octets ends the batch with `invalid_argument`, as a packet socket does.
  std::size_t try_send(std::span<const std::span<const std::byte>> frames, error_code& error) noexcept override {
    assert(frames.size() <= batch_max);
    error = {};
    for (std::size_t i = 0; i < frames.size(); ++i) {
      if (frames[i].size() < wire::ethernet_header_size) {
        error = i == 0 ? asio::error::invalid_argument : asio::error::would_block;
        return i;
      }
      segment_->deliver(frames[i], endpoint_.get());
    }
    return frames.size();
  }

  link_identity link() const override { return endpoint_->identity(); }
  transport_statistics statistics() noexcept override { return {endpoint_->drops()}; }

  /// Gives the interface another address: from now on frames to the old one are foreign.
  void set_mac(mac_address mac) noexcept { endpoint_->identity().mac = mac; }

 private:
  void do_receive(std::span<received_frame> into, handler<receive_signature> done) override {
    assert(!into.empty());
    endpoint_->start(into, {endpoint_, std::move(done)});
  }

  std::shared_ptr<detail::memory_segment> segment_;
  std::shared_ptr<detail::memory_endpoint> endpoint_;
};

}  // namespace isat::inline v0::transport
