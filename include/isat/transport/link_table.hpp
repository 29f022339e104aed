// SPDX-License-Identifier: BSL-1.0

// The set of interfaces that follows a stream of link messages: messages in, observable changes out. It also says when
// the stream has a hole, so that a fresh dump is due, and compares that dump with what it holds: what the dump does
// not name is gone. Standing between link_message_reader and link_monitor, it owns no socket, no clock and no timer.
//
//   state        begin_dump   dump_done              dump_done, interrupted or after an overrun   overrun    restart
//   wants_dump   dumping      -                      -                                            (stays)    (stays)
//   dumping      -            current, missing gone  wants_dump                                   (noted)    wants_dump
//   current      -            -                      -                                            wants_dump wants_dump
#pragma once

#include "isat/detail/build.hpp"
#include "isat/transport/link_message.hpp"
#include "isat/transport/link_state.hpp"

#include <cassert>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace isat::inline v0::transport {

/// All interfaces by index, as far as the messages so far tell.
class ISAT_API link_table {
 public:
  /// True when a dump has to be asked for: at the start, and whenever messages may have been lost. First all that is
  /// queued has to be applied: an old message that comes after begin_dump() counts as newer than the dump.
  bool wants_dump() const noexcept { return stale_ && !dumping_; }

  /// True once one whole dump has been taken in, for ever after: an interface not found then does not exist.
  bool synced() const noexcept { return synced_; }

  /// True when nothing is known to be missing: no dump is wanted or running.
  bool current() const noexcept { return !stale_ && !dumping_; }

  /// A dump with this sequence number has been asked for. @param sequence not 0, other than the last one's
  void begin_dump(std::uint32_t sequence) noexcept;

  /// Messages were lost, so that a fresh dump is due as soon as none is running.
  void overrun() noexcept { stale_ = true; }

  /// The socket was lost, and with it any running dump. What is known stays, to be compared with the next dump.
  void restart() noexcept;

  /// Takes in one message.
  /// @return the errno value with which the kernel refused or ended the dump, after which one is wanted again; else 0
  [[nodiscard]] int apply(const link_message& message);

  bool has_changes() const noexcept { return !changes_.empty(); }

  /// The changes since the last call, in order. Every state between two of them was once the kernel's.
  std::vector<link_change> take_changes() { return std::exchange(changes_, {}); }

  /// The interface with this name, or null; valid until the next message.
  const link_state* find(std::string_view name) const noexcept;

  /// Every interface, by ascending index.
  std::vector<link_state> links() const;

 private:
  struct entry {
    link_state link;
    std::uint32_t seen{};  // the dump during or after which it was last heard of
  };

  void set(const link_state& link);

  void remove(unsigned index);

  int end_dump(int error);

  std::map<unsigned, entry> links_;
  std::vector<link_change> changes_;
  std::uint32_t dump_{};
  bool dumping_{};
  bool stale_{true};
  bool synced_{};
};

}  // namespace isat::inline v0::transport

#if ISAT_HEADER_ONLY
#include "isat/transport/impl/link_table.ipp"
#endif
