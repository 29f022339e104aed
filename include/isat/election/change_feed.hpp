// SPDX-License-Identifier: BSL-1.0

// What a lease store owes to those who wait for changes: for every prefix that was ever asked for, the changes since
// the last answer, at most one pending call, and whether changes may have been missed. The stores of this library keep
// one, and so may your own. It refuses to find out what has changed: its store tells it.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/election/lease_record.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/pending_operation.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace isat::inline v0::election {

/// The pending calls of lease_store::async_changes on one store object, none of which completes inline. Not
/// thread-safe. Destroying it aborts them.
class ISAT_API change_feed {
 public:
  /// @param on_idle called when a cancellation has ended the last pending call; may be empty
  explicit change_feed(asio::any_io_executor executor, std::function<void()> on_idle = {});

  /// Serves one async_changes: at once if something is waiting to be told. @pre none is pending for this prefix
  void wait(std::string prefix, handler<lease_store::many_signature> done);

  /// True while a call is pending.
  bool is_waiting() const noexcept;

  /// True if somebody ever asked for changes of this name.
  bool wants(std::string_view name) const noexcept;

  /// Tells a change to all who asked for it, now or with their next call.
  void tell(const entry& changed);

  /// Tells all who asked for `name` that changes may have been missed.
  void lose(std::string_view name, error_code error);

  /// Tells everybody that changes may have been missed.
  void lose_all(error_code error);

 private:
  struct subscription {
    explicit subscription(const asio::any_io_executor& executor);
    ~subscription();
    std::map<std::string, entry> changed;
    error_code missed;
    pending_operation<lease_store::many_signature> pending;
  };

  static void lose(subscription& own, error_code error);

  static void answer(subscription& own);

  asio::any_io_executor executor_;
  std::function<void()> on_idle_;
  std::map<std::string, subscription> subscriptions_;
};

}  // namespace isat::inline v0::election

#if ISAT_HEADER_ONLY
#include "isat/election/impl/change_feed.ipp"
#endif
