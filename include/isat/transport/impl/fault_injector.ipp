// SPDX-License-Identifier: BSL-1.0

// The bodies of fault_injector.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/transport/fault_injector.hpp"
#include "isat/transport/wait_operation.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cassert>
#include <deque>
#include <limits>
#include <random>
#include <utility>
#include <vector>

namespace isat::inline v0::detail {

/// What a fault injector and its pending receive share.
class fault_injector_state {
 public:
  using operation = wait_operation<fault_injector_state, transport::frame_transport::receive_signature>;
  using bytes = std::vector<std::byte>;

  fault_injector_state(std::unique_ptr<transport::frame_transport> below, std::uint64_t seed);

  asio::any_io_executor get_executor() noexcept { return executor_; }
  transport::frame_transport& below() noexcept { return *below_; }
  void close() noexcept { below_.reset(); }

  void start(std::span<transport::received_frame> into, operation next);

  void resume(operation next, error_code error, std::size_t count = 0);

  std::size_t send(std::span<const std::span<const std::byte>> frames, error_code& error) noexcept;

  void refuse(std::size_t count, error_code error) noexcept;
  void fail(std::size_t count, error_code error) noexcept;
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

  void wait(operation next);

  /// Copies what arrived to `held_`, with faults.
  void distort(std::span<const transport::received_frame> frames);

  std::size_t hand_out();

  // Written out, because the standard's distributions differ between libraries.
  bool happens(double rate) noexcept;

  void flip_bit(bytes& content) noexcept;

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

namespace isat::inline v0::detail {

ISAT_INLINE fault_injector_state::fault_injector_state(std::unique_ptr<transport::frame_transport> below,
                                                       std::uint64_t seed)
    : executor_{below->get_executor()}, below_{std::move(below)}, random_{seed} {}

ISAT_INLINE void fault_injector_state::start(std::span<transport::received_frame> into, operation next) {
  into_ = into.first(std::min(into.size(), transport::batch_max));
  taken_.clear();
  if (failures_ > 0 || !held_.empty()) return operation::post(std::move(next));
  wait(std::move(next));
}

ISAT_INLINE void fault_injector_state::resume(operation next, error_code error, std::size_t count) {
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

ISAT_INLINE std::size_t fault_injector_state::send(std::span<const std::span<const std::byte>> frames,
                                                   error_code& error) noexcept {
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

ISAT_INLINE void fault_injector_state::refuse(std::size_t count, error_code error) noexcept {
  refusals_ = count;
  refusal_ = error;
}

ISAT_INLINE void fault_injector_state::fail(std::size_t count, error_code error) noexcept {
  failures_ = count;
  failure_ = error;
}

ISAT_INLINE void fault_injector_state::wait(operation next) {
  if (next.cancelled()) return operation::post(std::move(next), asio::error::operation_aborted);
  below_->async_receive(into_, std::move(next));
}

ISAT_INLINE void fault_injector_state::distort(std::span<const transport::received_frame> frames) {
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (happens(receiving.drop)) continue;
    stored copy{{frames[i].bytes.begin(), frames[i].bytes.end()}, frames[i].length, frames[i].foreign};
    if (happens(receiving.corrupt)) flip_bit(copy.content);
    if (happens(receiving.duplicate)) held_.push_back(copy);
    held_.push_back(std::move(copy));
    if (held_.size() > 1 && happens(receiving.swap)) std::swap(held_[held_.size() - 1], held_[held_.size() - 2]);
  }
}

ISAT_INLINE std::size_t fault_injector_state::hand_out() {
  while (!held_.empty() && taken_.size() < into_.size()) {
    taken_.push_back(std::move(held_.front()));
    held_.pop_front();
  }
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    into_[i] = {taken_[i].content, taken_[i].length, taken_[i].foreign};
  }
  return taken_.size();
}

ISAT_INLINE bool fault_injector_state::happens(double rate) noexcept {
  constexpr double steps = 9007199254740992.0;  // 2^53
  return rate > 0 && static_cast<double>(random_() >> 11U) / steps < rate;
}

ISAT_INLINE void fault_injector_state::flip_bit(bytes& content) noexcept {
  if (content.empty()) return;
  const std::uint64_t bit = random_() % (content.size() * 8);
  content[bit / 8] ^= std::byte{1} << (bit % 8);
}

}  // namespace isat::inline v0::detail

namespace isat::inline v0::transport {

ISAT_INLINE fault_injector::fault_injector(std::unique_ptr<frame_transport> below, std::uint64_t seed)
    : state_{std::make_shared<detail::fault_injector_state>(std::move(below), seed)} {}

ISAT_INLINE void fault_injector::set_sending(const fault_rates& rates) noexcept {
  assert(rates.swap == 0);
  state_->sending = rates;
}

ISAT_INLINE std::size_t fault_injector::try_send(std::span<const std::span<const std::byte>> frames,
                                                 error_code& error) noexcept {
  if (!state_->distorts_sending()) return state_->below().try_send(frames, error);
  return state_->send(frames, error);
}

ISAT_INLINE void fault_injector::do_receive(std::span<received_frame> into, handler<receive_signature> done) {
  assert(!into.empty());
  if (!state_->distorts_receiving()) {
    state_->below().async_receive(into, std::move(done));
    return;
  }
  state_->start(into, {state_, std::move(done)});
}

ISAT_INLINE fault_injector::~fault_injector() { state_->close(); }

ISAT_INLINE void fault_injector::set_receiving(const fault_rates& rates) noexcept { state_->receiving = rates; }

ISAT_INLINE void fault_injector::refuse_sends(std::size_t count, error_code error) noexcept {
  state_->refuse(count, error);
}

ISAT_INLINE void fault_injector::refuse_all_sends(error_code error) noexcept {
  state_->refuse(std::numeric_limits<std::size_t>::max(), error);
}

ISAT_INLINE void fault_injector::fail_receives(std::size_t count, error_code error) noexcept {
  state_->fail(count, error);
}

ISAT_INLINE asio::any_io_executor fault_injector::get_executor() noexcept { return state_->get_executor(); }

ISAT_INLINE link_identity fault_injector::link() const { return state_->below().link(); }

ISAT_INLINE transport_statistics fault_injector::statistics() noexcept { return state_->below().statistics(); }

}  // namespace isat::inline v0::transport
