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
class link_table {
 public:
  /// True when a dump has to be asked for: at the start, and whenever messages may have been lost. First all that is
  /// queued has to be applied: an old message that comes after begin_dump() counts as newer than the dump.
  bool wants_dump() const noexcept { return stale_ && !dumping_; }

  /// True once one whole dump has been taken in, for ever after: an interface not found then does not exist.
  bool synced() const noexcept { return synced_; }

  /// True when nothing is known to be missing: no dump is wanted or running.
  bool current() const noexcept { return !stale_ && !dumping_; }

  /// A dump with this sequence number has been asked for. @param sequence not 0, other than the last one's
  void begin_dump(std::uint32_t sequence) noexcept {
    assert(sequence != 0);
    dump_ = sequence;
    dumping_ = true;
    stale_ = false;
  }

  /// Messages were lost, so that a fresh dump is due as soon as none is running.
  void overrun() noexcept { stale_ = true; }

  /// The socket was lost, and with it any running dump. What is known stays, to be compared with the next dump.
  void restart() noexcept {
    dumping_ = false;
    stale_ = true;
  }

  /// Takes in one message.
  /// @return the errno value with which the kernel refused or ended the dump, after which one is wanted again; else 0
  [[nodiscard]] int apply(const link_message& message) {
    const bool of_dump = dumping_ && message.sequence == dump_;
    if (of_dump && message.interrupted) stale_ = true;
    switch (message.kind) {
      case link_message_kind::none:
        return 0;
      case link_message_kind::present:
        // A dump that was given up may still be arriving; it is older than what we know.
        if (!message.of_dump || of_dump) set(message.link);
        return 0;
      case link_message_kind::gone:
        remove(message.link.index);
        return 0;
      case link_message_kind::overrun:
        overrun();
        return 0;
      case link_message_kind::dump_done:
      case link_message_kind::refused:
        if (of_dump) return end_dump(message.error);
        return 0;
    }
    return 0;
  }

  bool has_changes() const noexcept { return !changes_.empty(); }

  /// The changes since the last call, in order. Every state between two of them was once the kernel's.
  std::vector<link_change> take_changes() { return std::exchange(changes_, {}); }

  /// The interface with this name, or null; valid until the next message.
  const link_state* find(std::string_view name) const noexcept {
    for (const auto& [index, known] : links_) {
      if (known.link.name == name) return &known.link;
    }
    return nullptr;
  }

  /// Every interface, by ascending index.
  std::vector<link_state> links() const {
    std::vector<link_state> all;
    all.reserve(links_.size());
    for (const auto& [index, known] : links_) all.push_back(known.link);
    return all;
  }

 private:
  struct entry {
    link_state link;
    std::uint32_t seen{};  // the dump during or after which it was last heard of
  };

  void set(const link_state& link) {
    auto [at, added] = links_.try_emplace(link.index, entry{link, dump_});
    if (added) {
      changes_.push_back({std::nullopt, link});
      return;
    }
    auto& known = at->second;
    known.seen = dump_;
    if (known.link == link) return;
    if (known.link.name != link.name) {
      changes_.push_back({std::move(known.link), std::nullopt});
      changes_.push_back({std::nullopt, link});
    } else {
      changes_.push_back({std::move(known.link), link});
    }
    known.link = link;
  }

  void remove(unsigned index) {
    const auto at = links_.find(index);
    if (at == links_.end()) return;
    changes_.push_back({std::move(at->second.link), std::nullopt});
    links_.erase(at);
  }

  int end_dump(int error) {
    dumping_ = false;
    if (error != 0) stale_ = true;
    if (stale_) return error;
    synced_ = true;
    for (auto at = links_.begin(); at != links_.end();) {
      const bool missing = at->second.seen != dump_;
      if (missing) changes_.push_back({std::move(at->second.link), std::nullopt});
      at = missing ? links_.erase(at) : std::next(at);
    }
    return 0;
  }

  std::map<unsigned, entry> links_;
  std::vector<link_change> changes_;
  std::uint32_t dump_{};
  bool dumping_{};
  bool stale_{true};
  bool synced_{};
};

}  // namespace isat::inline v0::transport
