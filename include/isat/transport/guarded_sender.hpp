// SPDX-License-Identifier: BSL-1.0

// The gate that every frame with a VIP as its sender address leaves through. It collects at most one batch; flush()
// reads the clock once, throws out the frames whose group is not led at that instant, and hands the rest to the
// transport in the very next call. The responder and the announcer each own one; there is no other way to send.
// What it cannot do: a process frozen between the reading and the system call still sends that one batch.
#pragma once

#include "isat/address.hpp"
#include "isat/detail/build.hpp"
#include "isat/election/leadership.hpp"
#include "isat/transport/frame_transport.hpp"
#include "isat/wire/frame.hpp"

#include <array>
#include <cassert>
#include <cstddef>

namespace isat::inline v0::transport {

/// A batch of frames that may leave only while their group is led.
class ISAT_API guarded_sender {
 public:
  /// What became of a batch.
  struct outcome {
    std::size_t sent{};
    std::size_t lapsed{};  ///< thrown out: their group is not led any more
    error_code error;      ///< why the frames that remain were not taken
  };

  bool empty() const noexcept { return size_ == 0; }
  bool full() const noexcept { return size_ == batch_max; }
  std::size_t size() const noexcept { return size_; }

  /// Adds a frame whose sender address belongs to `group`. @pre not full()
  void push(const wire::frame_bytes& frame, group_id group) noexcept {
    assert(!full());
    frames_[size_] = frame;
    groups_[size_] = group;
    ++size_;
  }

  /// Sends what may be sent. Frames that `out` did not take stay, in order, for the next flush() or clear().
  outcome flush(frame_transport& out, const election::leadership_table& leaderships) noexcept;

  /// Throws away the frames whose sender is `address`.
  void withdraw(ipv4_address address) noexcept;

  /// Throws away what is left.
  void clear() noexcept { size_ = 0; }

 private:
  void move(std::size_t from, std::size_t to) noexcept;

  std::array<wire::frame_bytes, batch_max> frames_;
  std::array<group_id, batch_max> groups_;
  std::size_t size_{};
};

}  // namespace isat::inline v0::transport

#if ISAT_HEADER_ONLY
#include "isat/transport/impl/guarded_sender.ipp"
#endif
