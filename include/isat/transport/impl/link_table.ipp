// SPDX-License-Identifier: BSL-1.0

// The bodies of link_table.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/transport/link_table.hpp"

#include <iterator>
#include <optional>

namespace isat::inline v0::transport {

ISAT_INLINE void link_table::begin_dump(std::uint32_t sequence) noexcept {
  assert(sequence != 0);
  dump_ = sequence;
  dumping_ = true;
  stale_ = false;
}

ISAT_INLINE void link_table::restart() noexcept {
  dumping_ = false;
  stale_ = true;
}

ISAT_INLINE int link_table::apply(const link_message& message) {
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

ISAT_INLINE const link_state* link_table::find(std::string_view name) const noexcept {
  for (const auto& [index, known] : links_) {
    if (known.link.name == name) return &known.link;
  }
  return nullptr;
}

ISAT_INLINE std::vector<link_state> link_table::links() const {
  std::vector<link_state> all;
  all.reserve(links_.size());
  for (const auto& [index, known] : links_) all.push_back(known.link);
  return all;
}

ISAT_INLINE void link_table::set(const link_state& link) {
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

ISAT_INLINE void link_table::remove(unsigned index) {
  const auto at = links_.find(index);
  if (at == links_.end()) return;
  changes_.push_back({std::move(at->second.link), std::nullopt});
  links_.erase(at);
}

ISAT_INLINE int link_table::end_dump(int error) {
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

}  // namespace isat::inline v0::transport
