// SPDX-License-Identifier: BSL-1.0

// A small file that somebody else may replace or rewrite at any time (a certificate, a key, a CA): its text as it was
// last read well, and a cheap question whether it has changed. Nothing is watched; whoever needs the text asks first.
// It refuses to judge the text, and to hold a descriptor between questions.
#pragma once

#include "isat/detail/file_descriptor.hpp"
#include "isat/detail/last_error.hpp"
#include "isat/error.hpp"

#include <boost/system/error_code.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

/// How long such a file may be at the most, in octets.
inline constexpr std::size_t small_file_max = std::size_t{1} << 20U;

/// Reads all of a file; `into` is written on success only. EFBIG: it is longer than `size_max`.
/// @param status if given: what the file was when reading began
inline error_code read_whole_file(const std::string& path, std::string& into, std::size_t size_max = small_file_max,
                                  struct ::stat* status = nullptr) {
  // A pipe without a writer would stop the program: what is no plain file answers at once or not at all.
  const isat::detail::file_descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (!file) return isat::detail::last_error();
  if (status != nullptr && ::fstat(file.get(), status) != 0) return isat::detail::last_error();
  constexpr int wait_ms = 1000;
  constexpr int waits_max = 5;
  int waits = 0;
  std::string text;
  std::array<char, 4096> piece;
  for (;;) {
    const ::ssize_t size = ::read(file.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN && ++waits <= waits_max) {  // a pipe that is being written to
      ::pollfd readable{file.get(), POLLIN, 0};
      ::poll(&readable, 1, wait_ms);
      continue;
    }
    if (size < 0) return isat::detail::last_error();
    if (size == 0) break;
    text.append(piece.data(), static_cast<std::size_t>(size));
    if (text.size() > size_max) return {EFBIG, boost::system::system_category()};
  }
  into = std::move(text);
  return {};
}

/// What tells a file from what it was before.
struct file_mark {
  ::dev_t device{};
  ::ino_t number{};
  ::off_t size{-1};
  std::timespec written{};
  std::timespec changed{};

  static file_mark of(const struct ::stat& status) noexcept {
    return {status.st_dev, status.st_ino, status.st_size, status.st_mtim, status.st_ctim};
  }
  friend bool operator==(const file_mark& one, const file_mark& other) noexcept {
    const auto same = [](const std::timespec& a, const std::timespec& b) {
      return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
    };
    return one.device == other.device && one.number == other.number && one.size == other.size &&
           same(one.written, other.written) && same(one.changed, other.changed);
  }
};

/// One such file.
class watched_file {
 public:
  /// @param path may be empty: a file that is never there and never missed
  explicit watched_file(std::string path = {}) : path_{std::move(path)} {}

  const std::string& path() const noexcept { return path_; }
  /// As it was last read well; empty before.
  const std::string& text() const noexcept { return text_; }

  /// Reads the file if it may have changed since it was read. After an error text() is what it was.
  error_code refresh() {
    struct ::stat status{};
    if (path_.empty()) return {};
    if (::stat(path_.c_str(), &status) != 0) return forget(isat::detail::last_error());
    if (known_ && file_mark::of(status) == mark_) return {};
    if (const error_code error = read_whole_file(path_, text_, small_file_max, &status)) return forget(error);
    mark_ = file_mark::of(status);
    // Timestamps have grains of some milliseconds: a file this young may change again without a trace in them.
    known_ = status.st_mtim.tv_sec + 2 < std::time(nullptr);
    return {};
  }

  /// The next refresh() reads it, whatever it looks like.
  void doubt() noexcept { known_ = false; }

 private:
  error_code forget(error_code error) noexcept {
    known_ = false;
    return error;
  }

  std::string path_;
  std::string text_;
  file_mark mark_;
  bool known_ = false;
};

}  // namespace isat::inline v0::kubernetes::detail
