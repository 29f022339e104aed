// SPDX-License-Identifier: BSL-1.0

// The bodies of tracer.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/transport/tracer.hpp"
#include "isat/transport/wait_operation.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace isat::inline v0::detail {

/// What a tracer and its pending receive share.
class tracer_state {
 public:
  using operation = wait_operation<tracer_state, transport::frame_transport::receive_signature>;

  explicit tracer_state(std::unique_ptr<transport::frame_transport> below);

  asio::any_io_executor get_executor() noexcept { return executor_; }
  transport::frame_transport& below() noexcept { return *below_; }
  transport::trace_callback& callback() noexcept { return callback_; }
  void close() noexcept { below_.reset(); }

  void start(std::span<transport::received_frame> into, operation next);

  void resume(operation next, error_code error, std::size_t count);

  void trace_sent(std::span<const std::span<const std::byte>> frames);

 private:
  asio::any_io_executor executor_;
  std::unique_ptr<transport::frame_transport> below_;
  transport::trace_callback callback_;
  std::span<transport::received_frame> into_;
};

}  // namespace isat::inline v0::detail

namespace isat::inline v0::detail {

ISAT_INLINE tracer_state::tracer_state(std::unique_ptr<transport::frame_transport> below)
    : executor_{below->get_executor()}, below_{std::move(below)} {}

ISAT_INLINE void tracer_state::start(std::span<transport::received_frame> into, operation next) {
  into_ = into;
  below_->async_receive(into, std::move(next));
}

ISAT_INLINE void tracer_state::resume(operation next, error_code error, std::size_t count) {
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

ISAT_INLINE void tracer_state::trace_sent(std::span<const std::span<const std::byte>> frames) {
  if (!callback_ || frames.empty()) return;
  const auto time = std::chrono::system_clock::now();
  for (const auto& frame : frames) callback_({transport::direction::sent, frame, frame.size(), false, time});
}

}  // namespace isat::inline v0::detail

namespace isat::inline v0::transport {

ISAT_INLINE tracer::tracer(std::unique_ptr<frame_transport> below, trace_callback callback)
    : state_{std::make_shared<detail::tracer_state>(std::move(below))} {
  listen(std::move(callback));
}

ISAT_INLINE std::size_t tracer::try_send(std::span<const std::span<const std::byte>> frames,
                                         error_code& error) noexcept {
  const std::size_t sent = state_->below().try_send(frames, error);
  state_->trace_sent(frames.first(sent));
  return sent;
}

ISAT_INLINE void tracer::do_receive(std::span<received_frame> into, handler<receive_signature> done) {
  if (!state_->callback()) {
    state_->below().async_receive(into, std::move(done));
    return;
  }
  state_->start(into, {state_, std::move(done)});
}

ISAT_INLINE trace_callback write_to(std::shared_ptr<pcap_file> file, std::function<void(error_code)> failed) {
  return [file = std::move(file), failed = std::move(failed)](const traced_frame& frame) mutable {
    if (!file) return;
    error_code error;
    file->write(frame.time, frame.bytes, frame.length, error);
    if (!error) return;
    file.reset();
    if (failed) failed(error);
  };
}

ISAT_INLINE tracer::~tracer() { state_->close(); }

ISAT_INLINE void tracer::listen(trace_callback callback) { state_->callback() = std::move(callback); }

ISAT_INLINE asio::any_io_executor tracer::get_executor() noexcept { return state_->get_executor(); }

ISAT_INLINE link_identity tracer::link() const { return state_->below().link(); }

ISAT_INLINE transport_statistics tracer::statistics() noexcept { return state_->below().statistics(); }

}  // namespace isat::inline v0::transport
