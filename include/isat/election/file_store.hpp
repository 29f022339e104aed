// SPDX-License-Identifier: BSL-1.0

// A lease store in a directory, for the processes of one host: every version of a record is a file of its own
// (record_directory.hpp), inotify tells when there is a new one, and a locked file per process proves its death
// (liveness_lock.hpp). No process can hinder another, stopped or dead, and nothing is polled. File operations are made
// within the call that starts them; they are short, for nothing is synced: a host that crashes has no leaders either.
// It refuses to work between hosts, and so a directory on a file system that machines share.
#pragma once

#include "isat/complete_later.hpp"
#include "isat/detail/erase.hpp"
#include "isat/detail/last_error.hpp"
#include "isat/election/change_feed.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/election/record_files.hpp"
#include "isat/election/store_failure.hpp"
#include "isat/election/watch_set.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <cerrno>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <sys/stat.h>
#include <utility>
#include <vector>

namespace isat::inline v0::election {

/// What a file_store is told at its start.
struct file_store_options {
  std::string directory;  ///< holds the records; made (mode 0755) when missing, but not its parents
};

/// A store over one directory. Not thread-safe. Record names may hold any octets, about 80 at the least and 255 at the
/// most: else the error is ENAMETOOLONG. A directory that was removed is made again by the next operation. A
/// cancellation comes too late for all operations but async_changes. Destroying it aborts async_changes and signs off:
/// its records are not orphaned by that.
class file_store final : public lease_store {
 public:
  file_store(asio::any_io_executor executor, file_store_options options)
      : executor_{std::move(executor)},
        files_{std::move(options.directory)},
        watch_{executor_},
        retry_{executor_},
        feed_{executor_, [this] { rest(); }} {}

  asio::any_io_executor get_executor() noexcept override { return executor_; }

  /// Makes the directory and begins to watch it, to find out early whether that works; every operation does it
  /// otherwise. On an error, failure() says more.
  error_code open();

  /// What failed when open() or an operation most recently ended with an error of the system.
  const store_failure& failure() const noexcept { return files_.failure(); }

 private:
  // The kernel tells of a close before it drops the lock: a try may come too early. Tries after 0, 1, 3, 7 … 1023 ms.
  static constexpr int retries_max = 10;
  static constexpr auto retry_first = std::chrono::milliseconds{1};

  // `inline` here already: else each unit would get the virtual table, and all that hangs on it.
  inline void do_load(std::string name, handler<one_signature> done) override;
  inline void do_cas(entry next, handler<one_signature> done) override;
  inline void do_list(std::string prefix, handler<many_signature> done) override;
  inline void do_changes(std::string prefix, handler<many_signature> done) override;

  bool is_still_watched() const;
  bool is_loss(const watch_event& event) const;
  error_code begin();
  error_code watch_record(const std::string& name);
  void start_over(error_code error);

  void wait_for_events();
  void rest() noexcept;
  bool take_events();
  void on_record_directory(const watch_event& event, std::set<std::string>& changed);
  void lose_record(const std::string& name);
  void tell(const std::string& name, const std::string& only_of = {});
  void look_for_deaths();

  /// `function`, made to do nothing once this store is gone.
  template <class Function>
  auto while_alive(Function function) const {
    return [life = std::weak_ptr<char>{life_}, function = std::move(function)](error_code error) mutable {
      if (!life.expired()) function(error);
    };
  }

  asio::any_io_executor executor_;
  record_files files_;
  watch_set watch_;
  struct ::stat watched_{};             // the directory that is watched, which may have lost its name
  int root_ = -1;                       // its number
  int alive_ = -1;                      // number of the directory of liveness files
  std::map<int, std::string> records_;  // by the number of their directories
  std::map<std::string, entry> told_;   // what was told last, so that it is not told twice
  std::set<std::string> dying_;         // liveness files that were closed, to be tried
  int retries_ = 0;
  asio::steady_timer retry_;
  bool waiting_ = false;
  unsigned wait_number_ = 0;  // tells waits apart that were given up
  change_feed feed_;
  std::shared_ptr<char> life_ = std::make_shared<char>();  // destroyed first: from then on no callback comes
};

// ---- Operations ----

inline void file_store::do_load(std::string name, handler<one_signature> done) {
  found_record found;
  found.what.name = name;
  error_code error = open();
  if (!error) error = files_.load(name, found);
  complete_later(executor_, std::move(done), error, std::move(found.what));
}

inline void file_store::do_cas(entry next, handler<one_signature> done) {
  error_code error = open();
  if (!error) error = files_.cas(next);
  complete_later(executor_, std::move(done), error, std::move(next));
}

inline void file_store::do_list(std::string prefix, handler<many_signature> done) {
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

inline void file_store::do_changes(std::string prefix, handler<many_signature> done) {
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

inline error_code file_store::open() {
  if (watch_.is_open() && is_still_watched()) return {};
  if (watch_.is_open()) start_over({ESTALE, boost::system::system_category()});
  const error_code error = begin();
  if (error) watch_.close();
  return error;
}

inline error_code file_store::begin() {
  error_code error = files_.prepare();
  if (error) return error;
  const auto fail = [this](error_code why) { return files_.fail("watch the directory", files_.root(), why); };
  error = watch_.open();
  if (error) return fail(error);
  root_ = watch_.add(files_.root(), error);
  if (error) return fail(error);
  alive_ = watch_.add(files_.alive(), error);
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

inline bool file_store::is_still_watched() const {
  struct ::stat named{};
  return ::stat(files_.root().c_str(), &named) == 0 && named.st_dev == watched_.st_dev &&
         named.st_ino == watched_.st_ino;
}

inline bool file_store::is_loss(const watch_event& event) const {
  // Liveness files are kept open, which delays the news that their directory was removed: its parent tells at once.
  return event.directory == root_ ? event.change == watch_change::lost || event.name == record_files::alive_name
                                  : event.directory == alive_ && event.change == watch_change::lost;
}

inline error_code file_store::watch_record(const std::string& name) {
  error_code error;
  const int number = watch_.add(files_.path_of(name), error);
  if (!error) records_.insert_or_assign(number, name);
  // What has gone again, or never was a directory, needs no watch.
  if (!error || error.value() == ENOENT || error.value() == ENOTDIR) return {};
  return files_.fail("watch the directory", files_.path_of(name), error);
}

inline void file_store::start_over(error_code error) {
  rest();
  watch_.close();
  records_.clear();
  told_.clear();
  dying_.clear();
  feed_.lose_all(error);
}

// ---- Events ----

inline void file_store::wait_for_events() {
  if (waiting_ || !feed_.is_waiting() || !watch_.is_open()) return;
  waiting_ = true;
  watch_.async_wait(while_alive([this, number = wait_number_](error_code error) {
    if (number != wait_number_) return;
    waiting_ = false;
    if (error) return start_over(error);
    take_events();
    wait_for_events();
    look_for_deaths();
  }));
}

inline void file_store::rest() noexcept {
  ++wait_number_;
  waiting_ = false;
  if (watch_.is_open()) watch_.cancel();
  retry_.cancel();
}

inline bool file_store::take_events() {
  std::set<std::string> changed;
  const std::vector<watch_event> events = watch_.take();
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

inline void file_store::on_record_directory(const watch_event& event, std::set<std::string>& changed) {
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

inline void file_store::lose_record(const std::string& name) {
  // Both the directory and its parent tell of the loss, and only the first counts.
  if (std::erase_if(records_, [&name](const auto& watched) { return watched.second == name; }) == 0) return;
  told_.erase(name);
  error_code error = watch_record(name);  // another one may have its name already
  if (!error) error = {ESTALE, boost::system::system_category()};
  feed_.lose(name, error);
}

inline void file_store::tell(const std::string& name, const std::string& only_of) {
  if (!feed_.wants(name)) return;
  found_record found;
  if (const error_code error = files_.load(name, found)) return feed_.lose(name, error);
  if (!only_of.empty() && found.writer.file != only_of) return;
  entry& before = told_.try_emplace(name).first->second;
  if (before == found.what) return;
  before = found.what;
  feed_.tell(found.what);
}

inline void file_store::look_for_deaths() {
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
