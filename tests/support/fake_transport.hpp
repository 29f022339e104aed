// SPDX-License-Identifier: BSL-1.0

// A transport whose kernel side is the test: it hands over the frames that the test delivers, records what is sent,
// and refuses what the test says. For faults that a real link cannot be made to have on demand.
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/pending_operation.hpp"
#include "isat/transport/frame_transport.hpp"
#include "isat/wire/frame.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace isat::testing {

class fake_transport final : public transport::frame_transport {
 public:
  explicit fake_transport(asio::any_io_executor executor,
                          transport::link_identity link = {"fake0", mac_address{{2, 0, 0, 0, 0, 0x0a}}})
      : executor_{executor}, link_{std::move(link)}, pending_{std::move(executor)} {}

  // What the test sets.
  std::size_t accepted_max = static_cast<std::size_t>(-1);  ///< frames that a send call takes
  error_code refusal = asio::error::would_block;            ///< why it takes no more

  // What the test reads.
  std::vector<wire::arp_frame> sent;
  std::size_t send_calls = 0;

  bool receiving() const noexcept { return !pending_.empty(); }

  /// Ends the pending receive with these frames. @pre receiving()
  void deliver(std::vector<std::vector<std::byte>> frames, bool foreign = false) {
    delivered_ = std::move(frames);
    for (std::size_t i = 0; i < delivered_.size(); ++i) into_[i] = {delivered_[i], delivered_[i].size(), foreign};
    pending_.complete(error_code{}, delivered_.size());
  }
  void deliver(const wire::arp_frame& frame) {
    const auto bytes = wire::emit(frame);
    deliver({std::vector<std::byte>(bytes.begin(), bytes.end())});
  }

  /// Ends the pending receive with an error.
  void fail(error_code error) { pending_.complete(error, 0); }

  asio::any_io_executor get_executor() noexcept override { return executor_; }
  transport::link_identity link() const override { return link_; }

  std::size_t try_send(std::span<const std::span<const std::byte>> frames, error_code& error) noexcept override {
    ++send_calls;
    const std::size_t taken = std::min(frames.size(), accepted_max);
    for (std::size_t i = 0; i < taken; ++i) {
      wire::arp_frame frame;
      if (wire::parse(frames[i], frame) == wire::parse_error::none) sent.push_back(frame);
    }
    error = taken < frames.size() ? refusal : error_code{};
    return taken;
  }

 private:
  void do_receive(std::span<transport::received_frame> into, handler<receive_signature> done) override {
    into_ = into;
    pending_.store(std::move(done), [this] { fail(asio::error::operation_aborted); });
  }

  asio::any_io_executor executor_;
  transport::link_identity link_;
  std::span<transport::received_frame> into_;
  std::vector<std::vector<std::byte>> delivered_;
  pending_operation<receive_signature> pending_;
};

}  // namespace isat::testing
