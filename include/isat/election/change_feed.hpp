// SPDX-License-Identifier: BSL-1.0

// What a lease store owes to those who wait for changes: for every prefix that was ever asked for, the changes since
// the last answer, at most one pending call, and whether changes may have been missed. The stores of this library keep
// one, and so may your own. It refuses to find out what has changed: its store tells it.
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/election/lease_record.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/pending_operation.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isat::inline v0::election {

/// The pending calls of lease_store::async_changes on one store object, none of which completes inline. Not
/// thread-safe. Destroying it aborts them.
class change_feed {
 public:
  /// @param on_idle called when a cancellation has ended the last pending call; may be empty
  explicit change_feed(asio::any_io_executor executor, std::function<void()> on_idle = {})
      : executor_{std::move(executor)}, on_idle_{std::move(on_idle)} {}

  /// Serves one async_changes: at once if something is waiting to be told. @pre none is pending for this prefix
  void wait(std::string prefix, handler<lease_store::many_signature> done) {
    auto& own = subscriptions_.try_emplace(std::move(prefix), executor_).first->second;
    own.pending.store(std::move(done), [this, &own] {
      own.pending.complete(asio::error::operation_aborted, {});
      if (on_idle_ && !is_waiting()) on_idle_();
    });
    answer(own);
  }

  /// True while a call is pending.
  bool is_waiting() const noexcept {
    for (const auto& [prefix, own] : subscriptions_) {
      if (!own.pending.empty()) return true;
    }
    return false;
  }

  /// True if somebody ever asked for changes of this name.
  bool wants(std::string_view name) const noexcept {
    for (const auto& [prefix, own] : subscriptions_) {
      if (name.starts_with(prefix)) return true;
    }
    return false;
  }

  /// Tells a change to all who asked for it, now or with their next call.
  void tell(const entry& changed) {
    for (auto& [prefix, own] : subscriptions_) {
      if (!changed.name.starts_with(prefix)) continue;
      own.changed.insert_or_assign(changed.name, changed);
      answer(own);
    }
  }

  /// Tells all who asked for `name` that changes may have been missed.
  void lose(std::string_view name, error_code error) {
    for (auto& [prefix, own] : subscriptions_) {
      if (name.starts_with(prefix)) lose(own, error);
    }
  }

  /// Tells everybody that changes may have been missed.
  void lose_all(error_code error) {
    for (auto& [prefix, own] : subscriptions_) lose(own, error);
  }

 private:
  struct subscription {
    explicit subscription(const asio::any_io_executor& executor) : pending{executor} {}
    std::map<std::string, entry> changed;
    error_code missed;
    pending_operation<lease_store::many_signature> pending;
  };

  static void lose(subscription& own, error_code error) {
    own.missed = error;
    answer(own);
  }

  static void answer(subscription& own) {
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

  asio::any_io_executor executor_;
  std::function<void()> on_idle_;
  std::map<std::string, subscription> subscriptions_;
};

}  // namespace isat::inline v0::election
