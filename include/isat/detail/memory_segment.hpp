// SPDX-License-Identifier: BSL-1.0

// The wire of a memory_link and its ends, shared by all who hold one: what is in transit outlives the link and the
// transports. It refuses to be used by itself: memory_link and memory_transport are its faces, and their bodies the
// only ones that include this.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/pending_operation.hpp"
#include "isat/transport/frame_transport.hpp"
#include "isat/transport/wait_operation.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace isat::inline v0::detail {

/// What a memory transport, its pending receive and its segment share.
class memory_endpoint {
 public:
  using operation = wait_operation<memory_endpoint, transport::frame_transport::receive_signature>;

  memory_endpoint(asio::any_io_executor executor, transport::link_identity identity, std::size_t queue_max);

  asio::any_io_executor get_executor() noexcept { return executor_; }
  transport::link_identity& identity() noexcept { return identity_; }
  std::uint64_t drops() const noexcept { return drops_; }

  void start(std::span<transport::received_frame> into, operation next);

  void resume(operation next, error_code error);

  /// Queues a frame that consists of two parts.
  void push(std::span<const std::byte> front, std::span<const std::byte> back, bool foreign);

  void close();

 private:
  struct stored {
    std::vector<std::byte> bytes;
    std::size_t length{};
    bool foreign{};
  };

  void wait(operation next);

  std::size_t take();

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
  void detach(const memory_endpoint* endpoint) noexcept;

  /// Brings a frame to everyone but its sender, as the kernel would bring it to an ARP packet socket.
  void deliver(std::span<const std::byte> frame, const memory_endpoint* sender);

  void inject(std::span<const std::byte> frame, bool foreign);

 private:
  std::vector<std::shared_ptr<memory_endpoint>> endpoints_;
};

}  // namespace isat::inline v0::detail

#if ISAT_HEADER_ONLY
#include "isat/impl/memory_segment.ipp"
#endif
