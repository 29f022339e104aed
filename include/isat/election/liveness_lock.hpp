// SPDX-License-Identifier: BSL-1.0

// How one process on a host proves to the others that it has died: it keeps a file of its own open and locked (flock),
// and the kernel drops the lock however the process ends, while one that is only stopped keeps it. Proof is to lock the
// very inode that it named under the name that it gave; a file that is missing or another one proves nothing. Looking
// opens for reading only, which wakes nobody who waits for the close. It refuses to wait, and to work between hosts.
#pragma once

#include "isat/detail/directory_listing.hpp"
#include "isat/detail/file_descriptor.hpp"
#include "isat/detail/last_error.hpp"
#include "isat/detail/new_file.hpp"
#include "isat/detail/random_number.hpp"
#include "isat/election/record_text.hpp"
#include "isat/error.hpp"

#include <boost/system/error_code.hpp>

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace isat::inline v0::election {

/// The locked file of one living store. Not inherited through exec; a child made by a bare fork keeps the lock, so that
/// the death of its parent cannot be seen before its own.
class liveness_lock {
 public:
  /// @param folder holds the locked files of all stores  @param workshop holds files on their way; both must exist
  liveness_lock(std::string folder, std::string workshop)
      : folder_{std::move(folder)}, workshop_{std::move(workshop)} {}
  liveness_lock(const liveness_lock&) = delete;
  liveness_lock& operator=(const liveness_lock&) = delete;
  /// Signs off: the name goes first, so that the lock, when it is dropped, proves no death.
  ~liveness_lock() {
    if (still_named()) ::unlink(path_of(mark_.file).c_str());
  }

  /// Makes sure that the own file is locked and has its name: a new one, if it was removed. Errors: the system's.
  error_code hold() {
    if (still_named()) return {};
    // A lock that is dropped while the file lives on, in a directory that was moved, would look like a death.
    struct ::stat status{};
    if (lock_ && ::fstat(lock_.get(), &status) == 0 && status.st_nlink > 0) former_.push_back(std::move(lock_));
    lock_ = {};
    mark_ = {};
    error_code error;
    for (int attempt = 0; attempt < 8; ++attempt) {
      error = make();
      // Who cleans up may take a file on its way for that of a dead process.
      if (error.value() != ENOENT) break;
    }
    return error;
  }

  /// What this store's records name; empty before the first hold().
  const writer_mark& mark() const noexcept { return mark_; }

  /// True if the process that holds or held the marked file in `folder` has certainly ended.
  static bool has_died(const std::string& folder, const writer_mark& mark) {
    if (mark.file.empty() || mark.file.front() == '.' || mark.file.find('/') != std::string::npos) return false;
    const std::string path = folder + '/' + mark.file;
    const auto opened = open_to_look(path);
    struct ::stat status{};
    if (!opened || ::fstat(opened.get(), &status) != 0 || status.st_ino != mark.inode) return false;
    // The name is looked at after the lock is had: who signs off removes the name before dropping the lock.
    return can_lock(opened.get()) && names(path, status);
  }

  /// The marks of all files in `folder` whose processes have certainly ended.
  static std::vector<writer_mark> dead_in(const std::string& folder) {
    std::vector<writer_mark> dead;
    const detail::file_descriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    detail::directory_listing listing;
    if (!opened || listing.read(opened.get())) return dead;
    listing.for_each([&](std::string_view name) {
      struct ::stat status{};
      writer_mark mark{std::string{name}, 0};
      if (::lstat((folder + '/' + mark.file).c_str(), &status) != 0) return;
      mark.inode = status.st_ino;
      if (has_died(folder, mark)) dead.push_back(std::move(mark));
    });
    return dead;
  }

 private:
  std::string path_of(const std::string& file) const { return folder_ + '/' + file; }

  error_code make() {
    const std::uint64_t number = detail::random_number();
    if (number == 0) return {EAGAIN, boost::system::system_category()};
    const std::string file = detail::hex_text(number);
    // Locked before it gets its name: nobody ever finds it unlocked.
    detail::new_file fresh;
    error_code error = fresh.make(workshop_, file);
    if (error) return error;
    struct ::stat status{};
    if (::flock(fresh.descriptor(), LOCK_EX | LOCK_NB) != 0 || ::fstat(fresh.descriptor(), &status) != 0) {
      return detail::last_error();
    }
    lock_ = fresh.move_to(path_of(file), error);
    if (error) return error;
    mark_ = {file, status.st_ino};
    close_first();
    return error;
  }

  // A process that ends gives up its descriptors from the last one down, and a packet socket among them can hold up the
  // others by ten milliseconds: the proof of death is to come before it.
  void close_first() {
    constexpr int above_others = 512;
    const int high = ::fcntl(lock_.get(), F_DUPFD_CLOEXEC, above_others);
    if (high >= 0) lock_ = detail::file_descriptor{high};
  }

  bool still_named() const {
    struct ::stat status{};
    return lock_ && ::fstat(lock_.get(), &status) == 0 && names(path_of(mark_.file), status);
  }

  static bool names(const std::string& path, const struct ::stat& status) {
    struct ::stat named{};
    return ::lstat(path.c_str(), &named) == 0 && named.st_dev == status.st_dev && named.st_ino == status.st_ino;
  }

  static detail::file_descriptor open_to_look(const std::string& path) {
    return detail::file_descriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)};
  }

  static bool can_lock(int descriptor) {
    // Shared, so that those who look do not hinder each other. Closing the descriptor drops it.
    int result = 0;
    do {
      result = ::flock(descriptor, LOCK_SH | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    return result == 0;
  }

  std::string folder_;
  std::string workshop_;
  detail::file_descriptor lock_;
  std::vector<detail::file_descriptor> former_;
  writer_mark mark_;
};

}  // namespace isat::inline v0::election
