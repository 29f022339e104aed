// SPDX-License-Identifier: BSL-1.0

// Tells what happens to the files of one directory (inotify), for the file_lock_elector: who closed a file that was
// open for writing, which names no longer mean the file that they meant, and when the directory itself is lost. It
// waits through the executor's reactor, without a thread and without polling. It refuses to know what the files are.
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/detail/file_descriptor.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <sys/inotify.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace isat::inline v0::election {

/// What happened in or to a watched directory.
enum class directory_change : std::uint8_t {
  none = 0,
  closed = 1,          ///< a file that was open for writing was closed: a lock on it may be gone
  replaced = 2,        ///< a name was removed, moved away or moved here
  overflow = 3,        ///< changes were lost: anything may have happened
  directory_lost = 4,  ///< the directory was removed, moved or unmounted: nothing more is told
};

/// One change, with the name of the file for `closed` and `replaced`.
struct directory_event {
  directory_change change{};
  std::string name;

  friend bool operator==(const directory_event&, const directory_event&) = default;
};

/// Watches one directory at a time. Not thread-safe.
class directory_watch {
 public:
  explicit directory_watch(const asio::any_io_executor& executor) : stream_{executor} {}

  bool is_open() const noexcept { return stream_.is_open(); }

  /// Starts to watch what `path` names now. Errors: those of inotify_init1(2) and inotify_add_watch(2); on one it is
  /// closed. @pre !is_open()
  error_code open(const std::string& path) {
    detail::file_descriptor descriptor{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
    if (!descriptor) return {errno, boost::system::system_category()};
    // EXCL_UNLINK: what happens to a file that has no name any more concerns nobody.
    constexpr std::uint32_t mask = IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF |
                                   IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;
    if (::inotify_add_watch(descriptor.get(), path.c_str(), mask) < 0) {
      return {errno, boost::system::system_category()};
    }
    error_code error;
    stream_.assign(descriptor.get(), error);
    if (!error) descriptor.release();
    return error;
  }

  /// Stops watching; a pending wait completes with operation_aborted, what was not taken is lost.
  void close() noexcept {
    error_code ignored;
    stream_.close(ignored);
  }

  /// Completes as soon as take() would find something, with `void(error_code)`. Can be cancelled.
  template <class Token>
  auto async_wait(Token&& token) {
    return stream_.async_wait(asio::posix::stream_descriptor::wait_read, std::forward<Token>(token));
  }

  /// What has happened since, in order; at most one buffer full, so that a storm cannot keep the caller. @pre is_open()
  std::vector<directory_event> take() {
    std::vector<directory_event> events;
    alignas(::inotify_event) std::array<char, 4096> buffer;
    const ::ssize_t size = ::read(stream_.native_handle(), buffer.data(), buffer.size());
    for (std::size_t at = 0; size > 0 && at < static_cast<std::size_t>(size);) {
      ::inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;  // padded with zeros
      at += sizeof event + event.len;
      const directory_change change = meaning_of(event.mask);
      if (change == directory_change::none) continue;
      directory_event next{change, event.len > 0 ? std::string{name} : std::string{}};
      if (events.empty() || events.back() != next) events.push_back(std::move(next));
    }
    return events;
  }

 private:
  static directory_change meaning_of(std::uint32_t mask) noexcept {
    if ((mask & IN_Q_OVERFLOW) != 0) return directory_change::overflow;
    if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0) {
      return directory_change::directory_lost;
    }
    if ((mask & (IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)) != 0) return directory_change::replaced;
    if ((mask & IN_CLOSE_WRITE) != 0) return directory_change::closed;
    return directory_change::none;
  }

  asio::posix::stream_descriptor stream_;
};

}  // namespace isat::inline v0::election
