// SPDX-License-Identifier: BSL-1.0

// Makes a transport misbehave on demand: a decorator that drops, doubles, damages or swaps frames with given
// probabilities, refuses sends and fails receives. For tests and for trying out a set-up; the same seed and the same
// traffic give the same faults. It refuses to delay frames, because it owns no timer.
#pragma once

#include "isat/transport/frame_transport.hpp"
#include "isat/transport/wait_operation.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace isat::inline v0::transport {

/// Probabilities from 0 to 1, each asked for every frame on its own.
struct fault_rates {
  double drop{};       ///< lost without a trace
  double duplicate{};  ///< arrives twice
  double corrupt{};    ///< one bit is wrong
  double swap{};       ///< overtaken by the next frame of its batch; not for sending

  bool any() const noexcept { return drop > 0 || duplicate > 0 || corrupt > 0 || swap > 0; }
};

}  // namespace isat::inline v0::transport

namespace isat::inline v0::detail {

/// What a fault injector and its pending receive share.
class fault_injector_state {
 public:
  using operation = wait_operation<fault_injector_state, transport::frame_transport::receive_signature>;
  using bytes = std::vector<std::byte>;

  fault_injector_state(std::unique_ptr<transport::frame_transport> below, std::uint64_t seed)
      : executor_{below->get_executor()}, below_{std::move(below)}, random_{seed} {}

  asio::any_io_executor get_executor() noexcept { return executor_; }
  transport::frame_transport& below() noexcept { return *below_; }
  void close() noexcept { below_.reset(); }

  void start(std::span<transport::received_frame> into, operation next) {
    into_ = into.first(std::min(into.size(), transport::batch_max));
    taken_.clear();
    if (failures_ > 0 || !held_.empty()) return operation::post(std::move(next));
    wait(std::move(next));
  }

  void resume(operation next, error_code error, std::size_t count = 0) {
    if (!below_) error = asio::error::operation_aborted;
    if (!error) distort(into_.first(count));
    if (!error && failures_ > 0) {
      --failures_;
      error = failure_;
    }
    if (error) return next.complete(error, 0);
    if (held_.empty()) return wait(std::move(next));
    next.complete(error, hand_out());
  }

  std::size_t send(std::span<const std::span<const std::byte>> frames, error_code& error) noexcept {
    error = {};
    for (std::size_t i = 0; i < frames.size(); ++i) {
      if (refusals_ > 0) {
        --refusals_;
        error = i == 0 ? refusal_ : asio::error::would_block;
        return i;
      }
      if (happens(sending.drop)) continue;
      bytes copy{frames[i].begin(), frames[i].end()};
      if (happens(sending.corrupt)) flip_bit(copy);
      const std::span<const std::byte> frame{copy};
      if (below_->try_send({&frame, 1}, error) == 0) {
        if (i > 0) error = asio::error::would_block;
        return i;
      }
      error_code ignored;
      if (happens(sending.duplicate)) below_->try_send({&frame, 1}, ignored);
    }
    return frames.size();
  }

  void refuse(std::size_t count, error_code error) noexcept {
    refusals_ = count;
    refusal_ = error;
  }
  void fail(std::size_t count, error_code error) noexcept {
    failures_ = count;
    failure_ = error;
  }
  bool distorts_receiving() const noexcept { return receiving.any() || failures_ > 0 || !held_.empty(); }
  bool distorts_sending() const noexcept { return sending.any() || refusals_ > 0; }

  transport::fault_rates receiving;
  transport::fault_rates sending;

 private:
  struct stored {
    bytes content;
    std::size_t length{};
    bool foreign{};
  };

  void wait(operation next) {
    if (next.cancelled()) return operation::post(std::move(next), asio::error::operation_aborted);
    below_->async_receive(into_, std::move(next));
  }

  /// Copies what arrived to `held_`, with faults.
  void distort(std::span<const transport::received_frame> frames) {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      if (happens(receiving.drop)) continue;
      stored copy{{frames[i].bytes.begin(), frames[i].bytes.end()}, frames[i].length, frames[i].foreign};
      if (happens(receiving.corrupt)) flip_bit(copy.content);
      if (happens(receiving.duplicate)) held_.push_back(copy);
      held_.push_back(std::move(copy));
      if (held_.size() > 1 && happens(receiving.swap)) std::swap(held_[held_.size() - 1], held_[held_.size() - 2]);
    }
  }

  std::size_t hand_out() {
    while (!held_.empty() && taken_.size() < into_.size()) {
      taken_.push_back(std::move(held_.front()));
      held_.pop_front();
    }
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      into_[i] = {taken_[i].content, taken_[i].length, taken_[i].foreign};
    }
    return taken_.size();
  }

  // Written out, because the standard's distributions differ between libraries.
  bool happens(double rate) noexcept {
    constexpr double steps = 9007199254740992.0;  // 2^53
    return rate > 0 && static_cast<double>(random_() >> 11U) / steps < rate;
  }

  void flip_bit(bytes& content) noexcept {
    if (content.empty()) return;
    const std::uint64_t bit = random_() % (content.size() * 8);
    content[bit / 8] ^= std::byte{1} << (bit % 8);
  }

  asio::any_io_executor executor_;
  std::unique_ptr<transport::frame_transport> below_;
  std::mt19937_64 random_;
  std::size_t refusals_{};
  error_code refusal_;
  std::size_t failures_{};
  error_code failure_;
  std::span<transport::received_frame> into_;
  std::deque<stored> held_;    // arrived, not handed out yet
  std::vector<stored> taken_;  // what the last receive handed out
};

}  // namespace isat::inline v0::detail

namespace isat::inline v0::transport {

/// Forwards to the transport that it owns, with faults. Without faults set it only forwards. Faults that are set while
/// a receive is pending may not show before the next one.
class fault_injector final : public frame_transport {
 public:
  /// @param seed the same seed and traffic give the same faults, on every machine
  explicit fault_injector(std::unique_ptr<frame_transport> below, std::uint64_t seed = 1)
      : state_{std::make_shared<detail::fault_injector_state>(std::move(below), seed)} {}
  ~fault_injector() override { state_->close(); }

  void set_receiving(const fault_rates& rates) noexcept { state_->receiving = rates; }

  /// A frame that is dropped counts as sent, for the caller could not know better.
  void set_sending(const fault_rates& rates) noexcept {
    assert(rates.swap == 0);
    state_->sending = rates;
  }

  /// The next `count` frames that are offered for sending are refused with `error`, each ending its batch.
  void refuse_sends(std::size_t count, error_code error) noexcept { state_->refuse(count, error); }

  /// Every frame is refused with `error`, until refuse_sends(0, {}).
  void refuse_all_sends(error_code error) noexcept { state_->refuse(std::numeric_limits<std::size_t>::max(), error); }

  /// The next `count` receives fail with `error`; frames that arrive meanwhile are kept for later ones.
  void fail_receives(std::size_t count, error_code error) noexcept { state_->fail(count, error); }

  asio::any_io_executor get_executor() noexcept override { return state_->get_executor(); }

  std::size_t try_send(std::span<const std::span<const std::byte>> frames, error_code& error) noexcept override {
    if (!state_->distorts_sending()) return state_->below().try_send(frames, error);
    return state_->send(frames, error);
  }

  link_identity link() const override { return state_->below().link(); }
  transport_statistics statistics() noexcept override { return state_->below().statistics(); }

 private:
  void do_receive(std::span<received_frame> into, handler<receive_signature> done) override {
    assert(!into.empty());
    if (!state_->distorts_receiving()) {
      state_->below().async_receive(into, std::move(done));
      return;
    }
    state_->start(into, {state_, std::move(done)});
  }

  std::shared_ptr<detail::fault_injector_state> state_;
};

}  // namespace isat::inline v0::transport
