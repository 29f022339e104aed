// SPDX-License-Identifier: BSL-1.0

// The seam to what lease electors stand on: linearizable compare-and-swap records, with hints when one changes. Safety
// needs nothing but that a cas takes effect at one instant between its call and its completion (or later, when its
// outcome was told as unknown), and that versions never repeat. Shipped: memory_store, file_store. A store refuses to
// know what records mean, who may write them, and how long anything lasts.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/election/lease_record.hpp"
#include "isat/error.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace isat::inline v0::election {

/// Records by name. Not thread-safe; every operation runs on its executor. Operations may overlap and may complete out
/// of order. Each completes in the end, but a wait for changes: what has failed is repeated, a list without an answer
/// is waited for. Each can be cancelled (`operation_aborted`: for a cas that is an unknown outcome).
class ISAT_API lease_store {
 public:
  using one_signature = void(error_code, entry);
  using many_signature = void(error_code, std::vector<entry>);

  lease_store() = default;
  lease_store(const lease_store&) = delete;
  lease_store& operator=(const lease_store&) = delete;
  virtual ~lease_store() = default;

  virtual asio::any_io_executor get_executor() noexcept = 0;

  /// For how long from now on the store asks not to be asked, as a busy server does: zero by default. Elections obey it
  /// with lists and reads of leases, for a few seconds at most; leaders do not, and changes are waited for all the
  /// time.
  virtual std::chrono::nanoseconds asked_pause() const noexcept { return {}; }

  /// Reads what is under `name` now: never older than any operation that completed before this call.
  /// @return through the token: the entry, without a value when there is nothing; its version is what a create must
  ///   name then. Any error: nothing was learnt.
  template <asio::completion_token_for<one_signature> Token>
  auto async_load(std::string name, Token&& token) {
    return detail::erase<one_signature>(
        std::forward<Token>(token),
        [this](std::string n, handler<one_signature> done) { do_load(std::move(n), std::move(done)); },
        std::move(name));
  }

  /// Puts `next.value` (none: removes the record) under `next.name` if the version there is still `next.at`.
  /// @return through the token: the entry at its new version. error::version_conflict: it was not written by this call.
  ///   condition::write_refused: likewise, for another reason than the version. Any other error: unknown, it may have
  ///   been written or may yet be.
  template <asio::completion_token_for<one_signature> Token>
  auto async_cas(entry next, Token&& token) {
    return detail::erase<one_signature>(
        std::forward<Token>(token),
        [this](entry e, handler<one_signature> done) { do_cas(std::move(e), std::move(done)); }, std::move(next));
  }

  /// Reads all records whose names begin with `prefix`, without removed ones, each as async_load would; not a snapshot
  /// of all at one instant.
  template <asio::completion_token_for<many_signature> Token>
  auto async_list(std::string prefix, Token&& token) {
    return detail::erase<many_signature>(
        std::forward<Token>(token),
        [this](std::string p, handler<many_signature> done) { do_list(std::move(p), std::move(done)); },
        std::move(prefix));
  }

  /// Completes as soon as a record under `prefix` has changed since the last such call completed (the first: since it
  /// was made). Hints: they may lag, repeat and skip versions.
  /// @return through the token: what changed, as it was then; removed records without a value. Any error: changes may
  ///   have been missed; call again, then read. A call that follows a failure at once need not be tried at once: when
  ///   to look again is the store's business. @pre no call with this prefix is pending on this object
  template <asio::completion_token_for<many_signature> Token>
  auto async_changes(std::string prefix, Token&& token) {
    return detail::erase<many_signature>(
        std::forward<Token>(token),
        [this](std::string p, handler<many_signature> done) { do_changes(std::move(p), std::move(done)); },
        std::move(prefix));
  }

 private:
  virtual void do_load(std::string name, handler<one_signature> done) = 0;
  virtual void do_cas(entry next, handler<one_signature> done) = 0;
  virtual void do_list(std::string prefix, handler<many_signature> done) = 0;
  virtual void do_changes(std::string prefix, handler<many_signature> done) = 0;
};

}  // namespace isat::inline v0::election
