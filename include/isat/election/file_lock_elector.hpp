// SPDX-License-Identifier: BSL-1.0

// Decides between the speakers of one host: who holds the lock on a group's file in a common directory leads the group.
// The kernel drops the lock of a process that ends, however it ends, and closing the file wakes the others: no polling.
// A lock is not a lease: a holder that is stopped (SIGSTOP) keeps it, and removing lock files by hand can make two
// leaders until the first has heard of it. It refuses to work between hosts: no network file system.
//
//   event                           of a leader                          of a candidate that waits
//   cancelled, or not willing       lower, write "free", close           close
//   a lock file was closed          -                                    try to lock, now and a few times more
//   lock file removed or replaced   lower, close, open the new one, try  close, open the new one, try
//   directory removed or replaced   the same, in a new directory         the same
//   events were lost                look whether it is still its file    the same, try to lock
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/election/directory_watch.hpp"
#include "isat/election/elector.hpp"
#include "isat/election/leadership.hpp"
#include "isat/election/lock_file.hpp"
#include "isat/election/lock_report.hpp"
#include "isat/pending_operation.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace isat::inline v0::election {

/// What a file_lock_elector is told at its start.
struct file_lock_options {
  std::string directory;  ///< holds the lock files; made (mode 0755) when missing, but not its parents
  std::string node_name;  ///< written into the file while leading, for people
  /// Called for every change that a log should tell, on the executor; must not call the elector or end its run.
  std::function<void(const lock_notice&)> on_notice;
};

/// Leads a group while it holds the lock on `DIRECTORY/group-N.lock`. Terms rise with every acquisition as long as the
/// file lives: the term is kept in it. Not thread-safe: use it on its executor, as an Asio object.
/// Destroying it while it runs drops its locks without lowering an entry (the table may be gone): cancel it instead.
class file_lock_elector final : public elector {
 public:
  file_lock_elector(asio::any_io_executor executor, file_lock_options options)
      : executor_{std::move(executor)},
        options_{std::move(options)},
        watch_{executor_},
        retry_{executor_},
        run_{executor_} {}

  asio::any_io_executor get_executor() noexcept override { return executor_; }

  /// Makes the directory and begins to watch it, to find out early whether that works; async_run does it otherwise.
  /// On an error, failure() says more.
  error_code open() { return watch_.is_open() ? error_code{} : open_directory(); }

  /// Unwilling lowers and releases at once; willing contends soon, or as soon as it runs.
  void set_candidate(group_id group, bool willing) override {
    auto& own = groups_.try_emplace(group, path_of(group)).first->second;
    if (own.willing == willing) return;
    own.willing = willing;
    if (table_ == nullptr) return;
    if (willing) {
      want(own);
      asio::post(executor_, run_.while_pending([this] { contend(); }));
    } else {
      give_up(*table_, group, own, lock_change::released);
    }
  }

  /// Who holds `group`, as the lock file says now; no value for nobody, or if it cannot be read. A holder that was
  /// killed is named until another one leads.
  std::optional<lock_record> holder(group_id group) const {
    auto record = lock_file::read_at(path_of(group));
    if (record && record->node.empty()) record.reset();
    return record;
  }

  /// The lock file of `group`.
  std::string path_of(group_id group) const {
    return options_.directory + "/group-" + std::to_string(static_cast<std::uint32_t>(group)) + ".lock";
  }

  /// What failed when open() or the latest run ended with an error of the file system.
  const lock_failure& failure() const noexcept { return failure_; }

 private:
  struct contender {
    explicit contender(std::string path) : file{std::move(path)} {}
    lock_file file;  // open while willing and running, locked while leading
    bool willing = false;
    bool due = false;            // to be tried at the next contend()
    std::uint64_t term_max = 0;  // the highest term seen
  };

  // The kernel tells of a close before it drops the lock: a try may come too early. Tries after 0, 1, 3, 7 … 1023 ms.
  static constexpr int retries_max = 10;
  static constexpr auto retry_first = std::chrono::milliseconds{1};
  // How often something may be replaced under our hands before that counts as a failure.
  static constexpr int replacements_max = 16;

  void do_run(leadership_table& table, handler<run_signature> done) override;
  void on_events();
  void on_event(const directory_event& event);
  void look_again();

  // Opens, tries and leads: forwards.
  error_code open_directory();
  void want(contender& own) noexcept;
  void contend();
  error_code contend_for(group_id group, contender& own);
  void lead(group_id group, contender& own);
  void wait_for_events();
  void retry_later();

  // Lowers and closes: backwards.
  void give_up(leadership_table& table, group_id group, contender& own, lock_change why);
  void start_over();
  void close_watch() noexcept;
  void finish(error_code error);

  contender* find(std::string_view file_name, group_id& group);
  error_code fail(std::string_view action, std::string path, error_code error);
  void tell(group_id group, lock_change what, std::uint64_t term, error_code error = {}) const {
    if (options_.on_notice) options_.on_notice({group, what, term, error});
  }

  asio::any_io_executor executor_;
  file_lock_options options_;
  leadership_table* table_ = nullptr;     // null unless running
  std::map<group_id, contender> groups_;  // nodes stay where they are while observers add groups
  directory_watch watch_;
  unsigned watch_number_ = 0;  // tells the waits of an earlier watch apart
  bool waiting_ = false;
  asio::steady_timer retry_;
  int retries_ = 0;
  lock_failure failure_;
  pending_operation<run_signature> run_;  // destroyed first: from then on no callback comes
};

// ---- Running ----

inline void file_lock_elector::do_run(leadership_table& table, handler<run_signature> done) {
  run_.store(std::move(done), [this] { finish(asio::error::operation_aborted); });
  auto start = run_.while_pending([this, &table] {
    failure_ = {};
    table_ = &table;
    for (auto& [group, own] : groups_) want(own);
    contend();
  });
  asio::dispatch(executor_, std::move(start));
}

inline void file_lock_elector::wait_for_events() {
  if (waiting_) return;
  waiting_ = true;
  watch_.async_wait(run_.while_pending([this, number = watch_number_](error_code error) {
    if (number != watch_number_) return;
    waiting_ = false;
    if (error) return finish(fail("watch the directory", options_.directory, error));
    on_events();
  }));
}

inline void file_lock_elector::on_events() {
  // Whatever an observer does here, the run may have ended or the watch may be another one after each event.
  const unsigned number = watch_number_;
  for (const auto& event : watch_.take()) {
    if (table_ == nullptr || number != watch_number_) break;
    on_event(event);
  }
  contend();
}

inline void file_lock_elector::on_event(const directory_event& event) {
  group_id group{};
  contender* own = find(event.name, group);
  switch (event.change) {
    case directory_change::none:
      break;
    case directory_change::closed:
      if (own != nullptr) want(*own);
      break;
    case directory_change::replaced:
      // An old event about a file that we have left already is told apart here.
      if (own != nullptr && own->file.is_open() && !own->file.still_named()) look_again();
      break;
    case directory_change::overflow:
      look_again();
      break;
    case directory_change::directory_lost:
      start_over();
      break;
  }
}

inline void file_lock_elector::look_again() {
  // The directory itself may be another one, and a file that somebody keeps open delays the news of it: so first watch
  // what has the name now, then compare. What the old watch still had to tell is covered by trying all.
  close_watch();
  if (open_directory()) return start_over();  // contend() tries once more, and tells
  for (auto& [group, own] : groups_) {
    if (table_ == nullptr) return;
    if (own.file.is_open() && !own.file.still_named()) give_up(*table_, group, own, lock_change::file_replaced);
    want(own);
  }
}

// ---- Forwards: opens, tries and leads ----

inline error_code file_lock_elector::open_directory() {
  const std::string& path = options_.directory;
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    return fail("make the directory", path, {errno, boost::system::system_category()});
  }
  const error_code error = watch_.open(path);
  return error ? fail("watch the directory", path, error) : error;
}

inline void file_lock_elector::want(contender& own) noexcept {
  if (!own.willing || own.file.is_locked()) return;
  own.due = true;
  retries_ = 0;
}

inline void file_lock_elector::contend() {
  for (int round = 0; table_ != nullptr; ++round) {
    // The watch comes first: what happens to a file after it was opened cannot be missed then.
    error_code error = watch_.is_open() ? error_code{} : open_directory();
    for (auto at = groups_.begin(); at != groups_.end() && table_ != nullptr && !error; ++at) {
      if (at->second.due) error = contend_for(at->first, at->second);
    }
    if (table_ == nullptr) return;
    if (!error) {
      wait_for_events();
      return retry_later();
    }
    if (round == replacements_max) return finish(error);
    if (error.value() == ESTALE) {
      look_again();
    } else if (error.value() == ENOENT) {
      start_over();
    } else {
      return finish(error);
    }
  }
}

inline error_code file_lock_elector::contend_for(group_id group, contender& own) {
  error_code error;
  if (!own.file.is_open()) error = own.file.open();
  if (error) return fail("open", own.file.path(), error);
  const bool locked = own.file.try_lock(error);
  if (error) return fail("lock", own.file.path(), error);
  if (!locked) return {};
  if (own.file.still_named()) {
    lead(group, own);
    return {};
  }
  // Locked what has lost its name. The event is yet to come, or will not: nobody tells that a parent was moved.
  own.term_max = std::max(own.term_max, own.file.read().term);
  own.file.close();
  return fail("lock", own.file.path(), {ESTALE, boost::system::system_category()});
}

inline void file_lock_elector::lead(group_id group, contender& own) {
  own.due = false;
  own.term_max = std::max(own.term_max, own.file.read().term) + 1;
  const error_code error = own.file.write({own.term_max, options_.node_name, ::getpid()});
  tell(group, lock_change::acquired, own.term_max);
  if (error) tell(group, lock_change::term_not_stored, own.term_max, error);
  table_->set(group, leadership::until_revoked(own.term_max));
}

inline void file_lock_elector::retry_later() {
  bool due = false;
  for (auto& [group, own] : groups_) {
    own.due = own.due && retries_ < retries_max;
    due = due || own.due;
  }
  if (!due) return;
  retry_.expires_after(retry_first * (1 << retries_));
  retry_.async_wait(run_.while_pending([this](error_code error) {
    if (error) return;
    ++retries_;
    contend();
  }));
}

// ---- Backwards: lowers and closes ----

inline void file_lock_elector::give_up(leadership_table& table, group_id group, contender& own, lock_change why) {
  if (own.file.is_locked()) {
    table.revoke(group);                // heard by all observers before anybody else can lock
    if (!own.file.is_locked()) return;  // an observer was faster
    if (why == lock_change::released) own.file.write({own.term_max, {}, 0});
    tell(group, why, own.term_max);
  } else if (own.file.is_open()) {
    own.term_max = std::max(own.term_max, own.file.read().term);
  }
  own.file.close();
  own.due = false;
  want(own);
}

inline void file_lock_elector::start_over() {
  close_watch();
  for (auto& [group, own] : groups_) {
    if (table_ == nullptr) return;
    give_up(*table_, group, own, lock_change::directory_lost);
  }
}

inline void file_lock_elector::close_watch() noexcept {
  watch_.close();
  ++watch_number_;
  waiting_ = false;
}

inline void file_lock_elector::finish(error_code error) {
  // Observers may call set_candidate(): from here on that is only remembered.
  if (leadership_table* table = std::exchange(table_, nullptr)) {
    for (auto& [group, own] : groups_) {
      give_up(*table, group, own, lock_change::released);
      own.due = false;
    }
  }
  close_watch();
  retry_.cancel();
  run_.complete(error);
}

// ---- Helpers ----

inline file_lock_elector::contender* file_lock_elector::find(std::string_view file_name, group_id& group) {
  constexpr std::string_view prefix = "group-";
  if (!file_name.starts_with(prefix)) return nullptr;
  std::uint32_t number = 0;
  std::from_chars(file_name.data() + prefix.size(), file_name.data() + file_name.size(), number);
  group = static_cast<group_id>(number);
  const auto found = groups_.find(group);
  // The whole name is compared, so that "group-1.lock~" or "group-01.lock" is nobody's.
  return found != groups_.end() && found->second.file.path().ends_with('/' + std::string{file_name}) ? &found->second
                                                                                                     : nullptr;
}

inline error_code file_lock_elector::fail(std::string_view action, std::string path, error_code error) {
  failure_ = {action, std::move(path), error};
  return error;
}

}  // namespace isat::inline v0::election
