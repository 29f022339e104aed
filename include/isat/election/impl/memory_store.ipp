// SPDX-License-Identifier: BSL-1.0

// The bodies of memory_store.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/complete_later.hpp"
#include "isat/election/memory_store.hpp"

#include <utility>

namespace isat::inline v0::election {

ISAT_INLINE memory_store::~memory_store() { records_->feeds_.erase(handle_); }

ISAT_INLINE entry memory_records::load(const std::string& name) const {
  const auto found = entries_.find(name);
  return found != entries_.end() ? found->second : entry{name, {}, {}, false};
}

ISAT_INLINE std::vector<entry> memory_records::list(std::string_view prefix) const {
  std::vector<entry> found;
  for (const auto& [name, at] : entries_) {
    if (at.value && name.starts_with(prefix)) found.push_back(at);
  }
  return found;
}

ISAT_INLINE bool memory_records::write(entry& next) {
  entry& now = entries_.try_emplace(next.name, load(next.name)).first->second;
  if (now.at != next.at) return false;
  if (now.at.incarnation == 0) next.at.incarnation = ++incarnations_;
  ++next.at.number;
  next.orphaned = false;
  now = next;
  tell(next);
  return true;
}

ISAT_INLINE void memory_records::forget(const std::string& name) {
  if (entries_.erase(name) != 0) tell({name, {}, {}, false});
}

ISAT_INLINE void memory_records::tell(const entry& changed) {
  for (const auto& [handle, feed] : feeds_) feed->tell(changed);
}

ISAT_INLINE memory_store::memory_store(asio::any_io_executor executor, std::shared_ptr<memory_records> records)
    : executor_{std::move(executor)}, records_{std::move(records)}, feed_{executor_}, handle_{++records_->handles_} {
  records_->feeds_.emplace(handle_, &feed_);
}

ISAT_INLINE void memory_store::do_load(std::string name, handler<one_signature> done) {
  complete_later(executor_, std::move(done), error_code{}, records_->load(name));
}

ISAT_INLINE void memory_store::do_cas(entry next, handler<one_signature> done) {
  const error_code outcome = records_->write(next) ? error_code{} : error::version_conflict;
  complete_later(executor_, std::move(done), outcome, std::move(next));
}

ISAT_INLINE void memory_store::do_list(std::string prefix, handler<many_signature> done) {
  complete_later(executor_, std::move(done), error_code{}, records_->list(prefix));
}

ISAT_INLINE void memory_store::do_changes(std::string prefix, handler<many_signature> done) {
  feed_.wait(std::move(prefix), std::move(done));
}

}  // namespace isat::inline v0::election
