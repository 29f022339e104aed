// SPDX-License-Identifier: BSL-1.0

// A lease store in the memory of one process, for tests, examples and programs whose candidates share a process: the
// records are one object, each candidate has a handle of its own. Every write takes effect within the call that starts
// it. It refuses to lose, delay or reorder anything, and to know when a candidate is gone: nothing is ever orphaned.
#pragma once

#include "isat/complete_later.hpp"
#include "isat/election/change_feed.hpp"
#include "isat/election/lease_store.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isat::inline v0::election {

/// The records that any number of memory_store handles share. Not thread-safe: one thread of control for all of them.
class memory_records {
 public:
  /// What is under `name`.
  entry load(const std::string& name) const {
    const auto found = entries_.find(name);
    return found != entries_.end() ? found->second : entry{name, {}, {}, false};
  }

  /// All records, without removed ones, whose names begin with `prefix`.
  std::vector<entry> list(std::string_view prefix) const {
    std::vector<entry> found;
    for (const auto& [name, at] : entries_) {
      if (at.value && name.starts_with(prefix)) found.push_back(at);
    }
    return found;
  }

  /// Writes `next`, gives it its new version and tells it to all handles; false if another version is there.
  bool write(entry& next) {
    entry& now = entries_.try_emplace(next.name, load(next.name)).first->second;
    if (now.at != next.at) return false;
    if (now.at.incarnation == 0) next.at.incarnation = ++incarnations_;
    ++next.at.number;
    next.orphaned = false;
    now = next;
    tell(next);
    return true;
  }

  /// Loses a record without a trace, as if somebody had removed it by hand: when it is made again, that is another
  /// incarnation.
  void forget(const std::string& name) {
    if (entries_.erase(name) != 0) tell({name, {}, {}, false});
  }

 private:
  friend class memory_store;

  void tell(const entry& changed) {
    for (const auto& [handle, feed] : feeds_) feed->tell(changed);
  }

  std::map<std::string, entry> entries_;  // removed ones stay, so that their versions never repeat
  std::uint64_t incarnations_ = 0;
  std::map<std::uint64_t, change_feed*> feeds_;  // by number, so that they are told in order of their making
  std::uint64_t handles_ = 0;
};

/// One candidate's handle on common records. Its operations are never refused, and a cancellation comes too late for
/// all of them but async_changes. Destroying it aborts its async_changes.
class memory_store final : public lease_store {
 public:
  memory_store(asio::any_io_executor executor, std::shared_ptr<memory_records> records)
      : executor_{std::move(executor)}, records_{std::move(records)}, feed_{executor_}, handle_{++records_->handles_} {
    records_->feeds_.emplace(handle_, &feed_);
  }
  ~memory_store() override { records_->feeds_.erase(handle_); }

  asio::any_io_executor get_executor() noexcept override { return executor_; }

 private:
  void do_load(std::string name, handler<one_signature> done) override {
    complete_later(executor_, std::move(done), error_code{}, records_->load(name));
  }

  void do_cas(entry next, handler<one_signature> done) override {
    const error_code outcome = records_->write(next) ? error_code{} : error::version_conflict;
    complete_later(executor_, std::move(done), outcome, std::move(next));
  }

  void do_list(std::string prefix, handler<many_signature> done) override {
    complete_later(executor_, std::move(done), error_code{}, records_->list(prefix));
  }

  void do_changes(std::string prefix, handler<many_signature> done) override {
    feed_.wait(std::move(prefix), std::move(done));
  }

  asio::any_io_executor executor_;
  std::shared_ptr<memory_records> records_;
  change_feed feed_;
  std::uint64_t handle_;
};

}  // namespace isat::inline v0::election
