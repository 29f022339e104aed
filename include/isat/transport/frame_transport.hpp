// SPDX-License-Identifier: BSL-1.0

// The seam to one Ethernet interface: receive and send batches of raw frames. Receiving is asynchronous; sending is
// synchronous and never blocks, because the right to send is checked just before it (see guarded_sender.hpp).
// Shipped: packet_socket (Linux), memory_link (tests, examples) and the decorators tracer and fault_injector.
// A transport refuses to look into frames: what they mean is decided elsewhere.
#pragma once

#include "isat/address.hpp"
#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace isat::inline v0::transport {

/// The largest number of frames that one send call may carry (guarantee G1 bounds a thawed process to one batch).
inline constexpr std::size_t batch_max = 64;

/// How many octets of a frame a receiver gets to see; beyond them only the length is told. An ARP message needs 42, a
/// minimal Ethernet frame has 60.
inline constexpr std::size_t received_bytes_max = 128;

/// One frame as it came in, VLAN tags taken off. `bytes` may be cut short: `length` is what the wire carried.
struct received_frame {
  std::span<const std::byte>
      bytes;             ///< starts at the Ethernet destination; owned by the transport until the next receive
  std::size_t length{};  ///< octets on the wire, >= bytes.size()
  bool foreign{};        ///< not addressed to this interface: another host's, or another VLAN's
};

/// Identity of the interface behind a transport, as it was when that was opened: link_monitor knows what became of it.
struct link_identity {
  std::string name;  ///< Linux interface name, for people
  mac_address mac;   ///< the address that our frames carry as source
};

/// What a transport could not deliver, counted since it was opened.
struct transport_statistics {
  std::uint64_t receive_drops{};  ///< frames lost before we could read them (full queue)
};

/// One interface. Not thread-safe; every operation runs on its executor.
class ISAT_API frame_transport {
 public:
  using receive_signature = void(error_code, std::size_t);

  frame_transport() = default;
  frame_transport(const frame_transport&) = delete;
  frame_transport& operator=(const frame_transport&) = delete;
  virtual ~frame_transport() = default;

  virtual asio::any_io_executor get_executor() noexcept = 0;

  /// Waits for at least one frame, then fills `into` from the front with all that can be had without waiting.
  /// @param into at most `batch_max` are used; must stay alive until completion
  /// @return through the token: `error_code`, number of frames (>= 1 on success). Their bytes stay valid until the next
  ///   call. Errors: `operation_aborted` when cancelled (any cancellation type; nothing is lost) or when the transport
  ///   is destroyed; `network_down`, told once per outage, may pass by itself; any other ends this transport for good.
  template <asio::completion_token_for<receive_signature> Token>
  auto async_receive(std::span<received_frame> into, Token&& token) {
    return detail::erase<receive_signature>(
        std::forward<Token>(token),
        [this](std::span<received_frame> i, handler<receive_signature> done) { do_receive(i, std::move(done)); }, into);
  }

  /// Sends frames in order without blocking, by one attempt, and returns how many went out.
  /// @param frames at most `batch_max`, each a whole frame from the Ethernet destination on, without FCS
  /// @param error why the first frame did not go out, if it did not; `would_block` if a later one did not: only another
  ///   attempt can tell why, and whether that one is still allowed is for the caller to ask again
  virtual std::size_t try_send(std::span<const std::span<const std::byte>> frames, error_code& error) noexcept = 0;

  virtual link_identity link() const = 0;
  virtual transport_statistics statistics() noexcept { return {}; }

 private:
  virtual void do_receive(std::span<received_frame> into, handler<receive_signature> done) = 0;
};

}  // namespace isat::inline v0::transport
