// SPDX-License-Identifier: BSL-1.0

// The bodies of change_feed.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/election/change_feed.hpp"

#include <boost/asio/error.hpp>

#include <utility>
#include <vector>

namespace isat::inline v0::election {

ISAT_INLINE change_feed::subscription::subscription(const asio::any_io_executor& executor) : pending{executor} {}

ISAT_INLINE change_feed::subscription::~subscription() = default;

ISAT_INLINE change_feed::change_feed(asio::any_io_executor executor, std::function<void()> on_idle)
    : executor_{std::move(executor)}, on_idle_{std::move(on_idle)} {}

ISAT_INLINE void change_feed::wait(std::string prefix, handler<lease_store::many_signature> done) {
  auto& own = subscriptions_.try_emplace(std::move(prefix), executor_).first->second;
  own.pending.store(std::move(done), [this, &own] {
    own.pending.complete(asio::error::operation_aborted, {});
    if (on_idle_ && !is_waiting()) on_idle_();
  });
  answer(own);
}

ISAT_INLINE bool change_feed::is_waiting() const noexcept {
  for (const auto& [prefix, own] : subscriptions_) {
    if (!own.pending.empty()) return true;
  }
  return false;
}

ISAT_INLINE bool change_feed::wants(std::string_view name) const noexcept {
  for (const auto& [prefix, own] : subscriptions_) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

ISAT_INLINE void change_feed::tell(const entry& changed) {
  for (auto& [prefix, own] : subscriptions_) {
    if (!changed.name.starts_with(prefix)) continue;
    own.changed.insert_or_assign(changed.name, changed);
    answer(own);
  }
}

ISAT_INLINE void change_feed::lose(std::string_view name, error_code error) {
  for (auto& [prefix, own] : subscriptions_) {
    if (name.starts_with(prefix)) lose(own, error);
  }
}

ISAT_INLINE void change_feed::lose_all(error_code error) {
  for (auto& [prefix, own] : subscriptions_) lose(own, error);
}

ISAT_INLINE void change_feed::lose(subscription& own, error_code error) {
  own.missed = error;
  answer(own);
}

ISAT_INLINE void change_feed::answer(subscription& own) {
  if (own.pending.empty() || (own.changed.empty() && !own.missed)) return;
  // Whoever missed something reads everything again, so that what is known besides need not be told.
  std::vector<entry> told;
  if (!own.missed) {
    told.reserve(own.changed.size());
    for (auto& [name, changed] : own.changed) told.push_back(std::move(changed));
  }
  own.changed.clear();
  own.pending.complete(std::exchange(own.missed, {}), std::move(told));
}

}  // namespace isat::inline v0::election
