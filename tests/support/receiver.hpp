// SPDX-License-Identifier: BSL-1.0

// Keeps what one receive of a transport brought, by value: tests start it, let the context run, and look.
#pragma once

#include "isat/transport/frame_transport.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace isat::test {

/// One received frame, copied.
struct copied_frame {
  std::vector<std::byte> bytes;
  std::size_t length{};
  bool foreign{};

  friend bool operator==(const copied_frame&, const copied_frame&) = default;
};

/// A receive, its result and the means to cancel it. Must outlive the receive.
class receiver {
 public:
  explicit receiver(transport::frame_transport& from, std::size_t room = transport::batch_max)
      : from_{from}, room_{room} {}

  void start() {
    done = false;
    from_.async_receive(std::span{slots_}.first(room_),
                        asio::bind_cancellation_slot(signal_.slot(), [this](error_code e, std::size_t count) {
                          done = true;
                          error = e;
                          last = count;
                          for (const auto& slot : std::span{slots_}.first(count)) {
                            frames.push_back({{slot.bytes.begin(), slot.bytes.end()}, slot.length, slot.foreign});
                          }
                        }));
  }

  void cancel(asio::cancellation_type type) { signal_.emit(type); }

  bool done{};                       ///< the last receive has completed
  error_code error;                  ///< of the last receive
  std::size_t last{};                ///< frames of the last receive
  std::vector<copied_frame> frames;  ///< of all receives

 private:
  transport::frame_transport& from_;
  std::size_t room_;
  std::array<transport::received_frame, transport::batch_max> slots_{};
  asio::cancellation_signal signal_;
};

/// Sends one frame; returns the transport's error.
inline error_code send_one(transport::frame_transport& to, std::span<const std::byte> frame) {
  error_code error;
  const std::size_t sent = to.try_send({&frame, 1}, error);
  if (!error && sent != 1) error = asio::error::fault;
  return error;
}

}  // namespace isat::test
