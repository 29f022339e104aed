// SPDX-License-Identifier: BSL-1.0

// The bodies of liveness_lock.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/directory_listing.hpp"
#include "isat/detail/last_error.hpp"
#include "isat/detail/new_file.hpp"
#include "isat/detail/random_number.hpp"
#include "isat/election/liveness_lock.hpp"

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace isat::inline v0::election {

ISAT_INLINE liveness_lock::liveness_lock(std::string folder, std::string workshop)
    : folder_{std::move(folder)}, workshop_{std::move(workshop)} {}

ISAT_INLINE liveness_lock::~liveness_lock() {
  if (still_named()) ::unlink(path_of(mark_.file).c_str());
}

ISAT_INLINE error_code liveness_lock::hold() {
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

ISAT_INLINE bool liveness_lock::has_died(const std::string& folder, const writer_mark& mark) {
  if (mark.file.empty() || mark.file.front() == '.' || mark.file.find('/') != std::string::npos) return false;
  const std::string path = folder + '/' + mark.file;
  const auto opened = open_to_look(path);
  struct ::stat status{};
  if (!opened || ::fstat(opened.get(), &status) != 0 || status.st_ino != mark.inode) return false;
  // The name is looked at after the lock is had: who signs off removes the name before dropping the lock.
  return can_lock(opened.get()) && names(path, status);
}

ISAT_INLINE std::vector<writer_mark> liveness_lock::dead_in(const std::string& folder) {
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

ISAT_INLINE error_code liveness_lock::make() {
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

ISAT_INLINE void liveness_lock::close_first() {
  constexpr int above_others = 512;
  const int high = ::fcntl(lock_.get(), F_DUPFD_CLOEXEC, above_others);
  if (high >= 0) lock_ = detail::file_descriptor{high};
}

ISAT_INLINE bool liveness_lock::still_named() const {
  struct ::stat status{};
  return lock_ && ::fstat(lock_.get(), &status) == 0 && names(path_of(mark_.file), status);
}

ISAT_INLINE bool liveness_lock::names(const std::string& path, const struct ::stat& status) {
  struct ::stat named{};
  return ::lstat(path.c_str(), &named) == 0 && named.st_dev == status.st_dev && named.st_ino == status.st_ino;
}

ISAT_INLINE detail::file_descriptor liveness_lock::open_to_look(const std::string& path) {
  return detail::file_descriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)};
}

ISAT_INLINE bool liveness_lock::can_lock(int descriptor) {
  // Shared, so that those who look do not hinder each other. Closing the descriptor drops it.
  int result = 0;
  do {
    result = ::flock(descriptor, LOCK_SH | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

}  // namespace isat::inline v0::election
