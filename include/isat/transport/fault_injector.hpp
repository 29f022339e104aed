// SPDX-License-Identifier: BSL-1.0

// Makes a transport misbehave on demand: a decorator that drops, doubles, damages or swaps frames with given
// probabilities, refuses sends and fails receives. For tests and for trying out a set-up; the same seed and the same
// traffic give the same faults. It refuses to delay frames, because it owns no timer.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/transport/frame_transport.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

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

class fault_injector_state;

}  // namespace isat::inline v0::detail

namespace isat::inline v0::transport {

/// Forwards to the transport that it owns, with faults. Without faults set it only forwards. Faults that are set while
/// a receive is pending may not show before the next one.
class ISAT_API fault_injector final : public frame_transport {
 public:
  /// @param seed the same seed and traffic give the same faults, on every machine
  explicit fault_injector(std::unique_ptr<frame_transport> below, std::uint64_t seed = 1);
  ISAT_INLINE ~fault_injector() override;

  void set_receiving(const fault_rates& rates) noexcept;

  /// A frame that is dropped counts as sent, for the caller could not know better.
  void set_sending(const fault_rates& rates) noexcept;

  /// The next `count` frames that are offered for sending are refused with `error`, each ending its batch.
  void refuse_sends(std::size_t count, error_code error) noexcept;

  /// Every frame is refused with `error`, until refuse_sends(0, {}).
  void refuse_all_sends(error_code error) noexcept;

  /// The next `count` receives fail with `error`; frames that arrive meanwhile are kept for later ones.
  void fail_receives(std::size_t count, error_code error) noexcept;

  ISAT_INLINE asio::any_io_executor get_executor() noexcept override;

  ISAT_INLINE std::size_t try_send(std::span<const std::span<const std::byte>> frames,
                                   error_code& error) noexcept override;

  ISAT_INLINE link_identity link() const override;
  ISAT_INLINE transport_statistics statistics() noexcept override;

 private:
  ISAT_INLINE void do_receive(std::span<received_frame> into, handler<receive_signature> done) override;

  std::shared_ptr<detail::fault_injector_state> state_;
};

}  // namespace isat::inline v0::transport

#if ISAT_HEADER_ONLY
#include "isat/transport/impl/fault_injector.ipp"
#endif
