// SPDX-License-Identifier: BSL-1.0

// Shows every frame that passes a transport to a callback, or writes it to a capture file: a decorator that stands
// between any transport and its user. While nobody listens it only forwards. It refuses to change, delay or lose
// frames, and to understand them.
#pragma once

#include "isat/detail/unreachable.hpp"
#include "isat/transport/frame_transport.hpp"
#include "isat/transport/pcap_file.hpp"
#include "isat/transport/wait_operation.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace isat::inline v0::transport {

/// Which way a frame went.
enum class direction : std::uint8_t {
  none = 0,      ///< invalid
  received = 1,  ///< from the wire to us
  sent = 2,      ///< from us to the wire
};

/// `received`, `sent`, or `none`.
constexpr std::string_view to_string(direction value) noexcept {
  switch (value) {
    case direction::none:
      return "none";
    case direction::received:
      return "received";
    case direction::sent:
      return "sent";
  }
  detail::unreachable();
}

/// One frame as it passed. The bytes belong to the transport or its user, and are valid during the callback only.
struct traced_frame {
  direction way{};
  std::span<const std::byte> bytes;            ///< the frame's first octets
  std::size_t length{};                        ///< octets on the wire
  bool foreign{};                              ///< received, but not meant for this interface
  std::chrono::system_clock::time_point time;  ///< one per batch: when it was read, or when the send call returned
};

using trace_callback = std::function<void(const traced_frame&)>;

}  // namespace isat::inline v0::transport

namespace isat::inline v0::detail {

/// What a tracer and its pending receive share.
class tracer_state {
 public:
  using operation = wait_operation<tracer_state, transport::frame_transport::receive_signature>;

  explicit tracer_state(std::unique_ptr<transport::frame_transport> below)
      : executor_{below->get_executor()}, below_{std::move(below)} {}

  asio::any_io_executor get_executor() noexcept { return executor_; }
  transport::frame_transport& below() noexcept { return *below_; }
  transport::trace_callback& callback() noexcept { return callback_; }
  void close() noexcept { below_.reset(); }

  void start(std::span<transport::received_frame> into, operation next) {
    into_ = into;
    below_->async_receive(into, std::move(next));
  }

  void resume(operation next, error_code error, std::size_t count) {
    if (!below_) {
      error = asio::error::operation_aborted;
      count = 0;
    }
    if (callback_ && count > 0) {
      const auto time = std::chrono::system_clock::now();
      for (const auto& frame : into_.first(count)) {
        callback_({transport::direction::received, frame.bytes, frame.length, frame.foreign, time});
      }
    }
    next.complete(error, count);
  }

  void trace_sent(std::span<const std::span<const std::byte>> frames) {
    if (!callback_ || frames.empty()) return;
    const auto time = std::chrono::system_clock::now();
    for (const auto& frame : frames) callback_({transport::direction::sent, frame, frame.size(), false, time});
  }

 private:
  asio::any_io_executor executor_;
  std::unique_ptr<transport::frame_transport> below_;
  transport::trace_callback callback_;
  std::span<transport::received_frame> into_;
};

}  // namespace isat::inline v0::detail

namespace isat::inline v0::transport {

/// Forwards everything to the transport that it owns, and shows what passes.
class tracer final : public frame_transport {
 public:
  explicit tracer(std::unique_ptr<frame_transport> below, trace_callback callback = {})
      : state_{std::make_shared<detail::tracer_state>(std::move(below))} {
    listen(std::move(callback));
  }
  ~tracer() override { state_->close(); }

  /// Replaces the callback; an empty one ends tracing. A receive that is pending may still go by the old choice.
  /// @param callback is called on the transport's executor, before the receiver sees the frame and after a sender's
  ///   frame went out; it must not throw, and not destroy the tracer
  void listen(trace_callback callback) { state_->callback() = std::move(callback); }

  asio::any_io_executor get_executor() noexcept override { return state_->get_executor(); }

  std::size_t try_send(std::span<const std::span<const std::byte>> frames, error_code& error) noexcept override {
    const std::size_t sent = state_->below().try_send(frames, error);
    state_->trace_sent(frames.first(sent));
    return sent;
  }

  link_identity link() const override { return state_->below().link(); }
  transport_statistics statistics() noexcept override { return state_->below().statistics(); }

 private:
  void do_receive(std::span<received_frame> into, handler<receive_signature> done) override {
    if (!state_->callback()) {
      state_->below().async_receive(into, std::move(done));
      return;
    }
    state_->start(into, {state_, std::move(done)});
  }

  std::shared_ptr<detail::tracer_state> state_;
};

/// A callback that writes every frame to `file`, which may be shared by several tracers.
/// @param failed is called once, with the first error; nothing is written after that
inline trace_callback write_to(std::shared_ptr<pcap_file> file, std::function<void(error_code)> failed = {}) {
  return [file = std::move(file), failed = std::move(failed)](const traced_frame& frame) mutable {
    if (!file) return;
    error_code error;
    file->write(frame.time, frame.bytes, frame.length, error);
    if (!error) return;
    file.reset();
    if (failed) failed(error);
  };
}

}  // namespace isat::inline v0::transport
