// SPDX-License-Identifier: BSL-1.0

// Shows every frame that passes a transport to a callback, or writes it to a capture file: a decorator that stands
// between any transport and its user. While nobody listens it only forwards. It refuses to change, delay or lose
// frames, and to understand them.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/unreachable.hpp"
#include "isat/transport/frame_transport.hpp"
#include "isat/transport/pcap_file.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

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

class tracer_state;

}  // namespace isat::inline v0::detail

namespace isat::inline v0::transport {

/// Forwards everything to the transport that it owns, and shows what passes.
class ISAT_API tracer final : public frame_transport {
 public:
  explicit tracer(std::unique_ptr<frame_transport> below, trace_callback callback = {});
  ISAT_INLINE ~tracer() override;

  /// Replaces the callback; an empty one ends tracing. A receive that is pending may still go by the old choice.
  /// @param callback is called on the transport's executor, before the receiver sees the frame and after a sender's
  ///   frame went out; it must not throw, and not destroy the tracer
  void listen(trace_callback callback);

  ISAT_INLINE asio::any_io_executor get_executor() noexcept override;

  ISAT_INLINE std::size_t try_send(std::span<const std::span<const std::byte>> frames,
                                   error_code& error) noexcept override;

  ISAT_INLINE link_identity link() const override;
  ISAT_INLINE transport_statistics statistics() noexcept override;

 private:
  ISAT_INLINE void do_receive(std::span<received_frame> into, handler<receive_signature> done) override;

  std::shared_ptr<detail::tracer_state> state_;
};

/// A callback that writes every frame to `file`, which may be shared by several tracers.
/// @param failed is called once, with the first error; nothing is written after that
ISAT_API trace_callback write_to(std::shared_ptr<pcap_file> file, std::function<void(error_code)> failed = {});

}  // namespace isat::inline v0::transport

#if ISAT_HEADER_ONLY
#include "isat/transport/impl/tracer.ipp"
#endif
