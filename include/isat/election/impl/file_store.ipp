// SPDX-License-Identifier: BSL-1.0

// The bodies of file_store.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/complete_later.hpp"
#include "isat/detail/last_error.hpp"
#include "isat/election/file_store.hpp"
#include "isat/election/watch_set.hpp"

#include <boost/system/error_code.hpp>

#include <vector>

namespace isat::inline v0::election {

ISAT_INLINE file_store::file_store(asio::any_io_executor executor, file_store_options options)
    : executor_{std::move(executor)},
      files_{std::move(options.directory)},
      watch_{std::make_unique<watch_set>(executor_)},
      retry_{executor_},
      feed_{executor_, [this] { rest(); }} {}

ISAT_INLINE file_store::~file_store() = default;

// ---- Operations ----

ISAT_INLINE void file_store::do_load(std::string name, handler<one_signature> done) {
  found_record found;
  found.what.name = name;
  error_code error = open();
  if (!error) error = files_.load(name, found);
  complete_later(executor_, std::move(done), error, std::move(found.what));
}

ISAT_INLINE void file_store::do_cas(entry next, handler<one_signature> done) {
  error_code error = open();
  if (!error) error = files_.cas(next);
  complete_later(executor_, std::move(done), error, std::move(next));
}

ISAT_INLINE void file_store::do_list(std::string prefix, handler<many_signature> done) {
  std::vector<entry> list;
  std::vector<std::string> names;
  error_code error = open();
  if (!error) error = files_.names(names);
  for (const std::string& name : names) {
    found_record found;
    if (error || !name.starts_with(prefix)) continue;
    error = files_.load(name, found);
    if (!error && found.what.value) list.push_back(std::move(found.what));
  }
  if (error) list.clear();
  complete_later(executor_, std::move(done), error, std::move(list));
}

ISAT_INLINE void file_store::do_changes(std::string prefix, handler<many_signature> done) {
  error_code error = open();
  // What happened before is told to those only who had asked before.
  constexpr int rounds_max = 16;
  for (int round = 0; !error && round < rounds_max && take_events(); ++round) error = open();
  if (error) return complete_later(executor_, std::move(done), error, {});
  feed_.wait(std::move(prefix), std::move(done));
  wait_for_events();
  look_for_deaths();
}

// ---- Beginning to watch, and beginning again ----

ISAT_INLINE error_code file_store::open() {
  if (watch_->is_open() && is_still_watched()) return {};
  if (watch_->is_open()) start_over({ESTALE, boost::system::system_category()});
  const error_code error = begin();
  if (error) watch_->close();
  return error;
}

ISAT_INLINE error_code file_store::begin() {
  error_code error = files_.prepare();
  if (error) return error;
  const auto fail = [this](error_code why) { return files_.fail("watch the directory", files_.root(), why); };
  error = watch_->open();
  if (error) return fail(error);
  root_ = watch_->add(files_.root(), error);
  if (error) return fail(error);
  alive_ = watch_->add(files_.alive(), error);
  if (error) return fail(error);
  if (::stat(files_.root().c_str(), &watched_) != 0) return fail(detail::last_error());
  std::vector<std::string> names;
  error = files_.names(names);
  for (const std::string& name : names) {
    if (!error) error = watch_record(name);
  }
  if (!error) files_.sweep();
  return error;
}

ISAT_INLINE bool file_store::is_still_watched() const {
  struct ::stat named{};
  return ::stat(files_.root().c_str(), &named) == 0 && named.st_dev == watched_.st_dev &&
         named.st_ino == watched_.st_ino;
}

ISAT_INLINE bool file_store::is_loss(const watch_event& event) const {
  // Liveness files are kept open, which delays the news that their directory was removed: its parent tells at once.
  return event.directory == root_ ? event.change == watch_change::lost || event.name == record_files::alive_name
                                  : event.directory == alive_ && event.change == watch_change::lost;
}

ISAT_INLINE error_code file_store::watch_record(const std::string& name) {
  error_code error;
  const int number = watch_->add(files_.path_of(name), error);
  if (!error) records_.insert_or_assign(number, name);
  // What has gone again, or never was a directory, needs no watch.
  if (!error || error.value() == ENOENT || error.value() == ENOTDIR) return {};
  return files_.fail("watch the directory", files_.path_of(name), error);
}

ISAT_INLINE void file_store::start_over(error_code error) {
  rest();
  watch_->close();
  records_.clear();
  told_.clear();
  dying_.clear();
  feed_.lose_all(error);
}

// ---- Events ----

ISAT_INLINE void file_store::wait_for_events() {
  if (waiting_ || !feed_.is_waiting() || !watch_->is_open()) return;
  waiting_ = true;
  watch_->async_wait(while_alive([this, number = wait_number_](error_code error) {
    if (number != wait_number_) return;
    waiting_ = false;
    if (error) return start_over(error);
    take_events();
    wait_for_events();
    look_for_deaths();
  }));
}

ISAT_INLINE void file_store::rest() noexcept {
  ++wait_number_;
  waiting_ = false;
  if (watch_->is_open()) watch_->cancel();
  retry_.cancel();
}

ISAT_INLINE bool file_store::take_events() {
  std::set<std::string> changed;
  const std::vector<watch_event> events = watch_->take();
  for (const watch_event& event : events) {
    if (event.change == watch_change::overflow || is_loss(event)) {
      start_over({event.change == watch_change::overflow ? ENOBUFS : ESTALE, boost::system::system_category()});
      return true;
    }
    if (event.directory == alive_) {
      if (event.change != watch_change::closed) continue;
      dying_.insert(event.name);
      retries_ = 0;
    } else {
      on_record_directory(event, changed);
    }
  }
  for (const std::string& name : changed) tell(name);
  return !events.empty();
}

ISAT_INLINE void file_store::on_record_directory(const watch_event& event, std::set<std::string>& changed) {
  if (event.directory != root_) {
    const auto found = records_.find(event.directory);
    if (found == records_.end()) return;
    if (event.change == watch_change::lost) return lose_record(std::string{found->second});
    changed.insert(found->second);
    return;
  }
  const auto name = record_text::from_file_name(event.name);
  if (!name) return;
  if (event.change == watch_change::vanished) return lose_record(*name);
  if (event.change != watch_change::appeared) return;
  changed.insert(*name);
  if (const error_code error = watch_record(*name)) feed_.lose(*name, error);
}

ISAT_INLINE void file_store::lose_record(const std::string& name) {
  // Both the directory and its parent tell of the loss, and only the first counts.
  if (std::erase_if(records_, [&name](const auto& watched) { return watched.second == name; }) == 0) return;
  told_.erase(name);
  error_code error = watch_record(name);  // another one may have its name already
  if (!error) error = {ESTALE, boost::system::system_category()};
  feed_.lose(name, error);
}

ISAT_INLINE void file_store::tell(const std::string& name, const std::string& only_of) {
  if (!feed_.wants(name)) return;
  found_record found;
  if (const error_code error = files_.load(name, found)) return feed_.lose(name, error);
  if (!only_of.empty() && found.writer.file != only_of) return;
  entry& before = told_.try_emplace(name).first->second;
  if (before == found.what) return;
  before = found.what;
  feed_.tell(found.what);
}

ISAT_INLINE void file_store::look_for_deaths() {
  if (dying_.empty() || !feed_.is_waiting()) return;
  std::erase_if(dying_, [this](const std::string& file) {
    if (!files_.has_died(file)) return retries_ >= retries_max;
    std::vector<std::string> names;
    if (const error_code error = files_.names(names)) feed_.lose_all(error);
    for (const std::string& name : names) tell(name, file);
    return true;
  });
  if (dying_.empty() || !feed_.is_waiting()) return;
  retry_.expires_after(retry_first * (1 << retries_));
  retry_.async_wait(while_alive([this](error_code error) {
    if (error) return;
    ++retries_;
    look_for_deaths();
  }));
}

}  // namespace isat::inline v0::election
