// SPDX-License-Identifier: BSL-1.0

// A lease store in a directory, for the processes of one host: every version of a record is a file of its own
// (record_directory.hpp), inotify tells when there is a new one, and a locked file per process proves its death
// (liveness_lock.hpp). No process can hinder another, stopped or dead, and nothing is polled. File operations are made
// within the call that starts them; they are short, for nothing is synced: a host that crashes has no leaders either.
// It refuses to work between hosts, and so a directory on a file system that machines share.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/election/change_feed.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/election/record_files.hpp"
#include "isat/election/store_failure.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cerrno>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <sys/stat.h>
#include <utility>

namespace isat::inline v0::election {

class watch_set;
struct watch_event;

/// What a file_store is told at its start.
struct file_store_options {
  std::string directory;  ///< holds the records; made (mode 0755) when missing, but not its parents
};

/// A store over one directory. Not thread-safe. Record names may hold any octets, about 80 at the least and 255 at the
/// most: else the error is ENAMETOOLONG. A directory that was removed is made again by the next operation. A
/// cancellation comes too late for all operations but async_changes. Destroying it aborts async_changes and signs off:
/// its records are not orphaned by that.
class ISAT_API file_store final : public lease_store {
 public:
  file_store(asio::any_io_executor executor, file_store_options options);
  ISAT_INLINE ~file_store() override;

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

  ISAT_INLINE void do_load(std::string name, handler<one_signature> done) override;
  ISAT_INLINE void do_cas(entry next, handler<one_signature> done) override;
  ISAT_INLINE void do_list(std::string prefix, handler<many_signature> done) override;
  ISAT_INLINE void do_changes(std::string prefix, handler<many_signature> done) override;

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
  std::unique_ptr<watch_set> watch_;
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

}  // namespace isat::inline v0::election

#if ISAT_HEADER_ONLY
#include "isat/election/impl/file_store.ipp"
#endif
