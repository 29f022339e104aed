// SPDX-License-Identifier: BSL-1.0

// A lease store in the memory of one process, for tests, examples and programs whose candidates share a process: the
// records are one object, each candidate has a handle of its own. Every write takes effect within the call that starts
// it. It refuses to lose, delay or reorder anything, and to know when a candidate is gone: nothing is ever orphaned.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/election/change_feed.hpp"
#include "isat/election/lease_store.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace isat::inline v0::election {

/// The records that any number of memory_store handles share. Not thread-safe: one thread of control for all of them.
class ISAT_API memory_records {
 public:
  /// What is under `name`.
  entry load(const std::string& name) const;

  /// All records, without removed ones, whose names begin with `prefix`.
  std::vector<entry> list(std::string_view prefix) const;

  /// Writes `next`, gives it its new version and tells it to all handles; false if another version is there.
  bool write(entry& next);

  /// Loses a record without a trace, as if somebody had removed it by hand: when it is made again, that is another
  /// incarnation.
  void forget(const std::string& name);

 private:
  friend class memory_store;

  void tell(const entry& changed);

  std::map<std::string, entry> entries_;  // removed ones stay, so that their versions never repeat
  std::uint64_t incarnations_ = 0;
  std::map<std::uint64_t, change_feed*> feeds_;  // by number, so that they are told in order of their making
  std::uint64_t handles_ = 0;
};

/// One candidate's handle on common records. Its operations are never refused, and a cancellation comes too late for
/// all of them but async_changes. Destroying it aborts its async_changes.
class ISAT_API memory_store final : public lease_store {
 public:
  memory_store(asio::any_io_executor executor, std::shared_ptr<memory_records> records);
  ISAT_INLINE ~memory_store() override;

  asio::any_io_executor get_executor() noexcept override { return executor_; }

 private:
  ISAT_INLINE void do_load(std::string name, handler<one_signature> done) override;

  ISAT_INLINE void do_cas(entry next, handler<one_signature> done) override;

  ISAT_INLINE void do_list(std::string prefix, handler<many_signature> done) override;

  ISAT_INLINE void do_changes(std::string prefix, handler<many_signature> done) override;

  asio::any_io_executor executor_;
  std::shared_ptr<memory_records> records_;
  change_feed feed_;
  std::uint64_t handle_;
};

}  // namespace isat::inline v0::election

#if ISAT_HEADER_ONLY
#include "isat/election/impl/memory_store.ipp"
#endif
