// SPDX-License-Identifier: BSL-1.0

// The bodies of always_leader.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/election/always_leader.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>

#include <utility>

namespace isat::inline v0::election {

ISAT_INLINE always_leader::always_leader(asio::any_io_executor executor)
    : executor_{std::move(executor)}, run_{executor_} {}

ISAT_INLINE void always_leader::set_candidate(group_id group, bool willing) {
  const auto at = static_cast<std::size_t>(group);
  if (at >= groups_.size()) groups_.resize(at + 1);
  if (groups_[at].willing == willing) return;
  groups_[at].willing = willing;
  if (table_ == nullptr) return;
  willing ? raise(at) : table_->revoke(group);
}

ISAT_INLINE void always_leader::do_run(leadership_table& table, handler<run_signature> done) {
  run_.store(std::move(done), [this] { stop(); });
  auto start = run_.while_pending([this, &table] {
    table_ = &table;
    for (std::size_t at = 0; at < groups_.size() && table_ != nullptr; ++at) {
      if (groups_[at].willing) raise(at);
    }
  });
  asio::dispatch(executor_, std::move(start));
}

ISAT_INLINE void always_leader::raise(std::size_t at) {
  const leadership next = leadership::until_revoked(++groups_[at].term);
  table_->set(static_cast<group_id>(at), next);
}

ISAT_INLINE void always_leader::stop() {
  // Observers may call set_candidate(): from here on that is only remembered.
  if (leadership_table* table = std::exchange(table_, nullptr)) {
    for (std::size_t at = 0; at < groups_.size(); ++at) table->revoke(static_cast<group_id>(at));
  }
  run_.complete(asio::error::operation_aborted);
}

}  // namespace isat::inline v0::election
