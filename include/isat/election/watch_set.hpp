// SPDX-License-Identifier: BSL-1.0

// Tells what happens in any number of directories, for a file_store: one inotify instance that is waited for through
// the executor's reactor, without a thread and without polling. A directory that is removed or moved away says so and
// is watched no more. It refuses to know what lies in the directories, and to follow what takes a lost one's name.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace isat::inline v0::election {

/// What happened in or to a watched directory.
enum class watch_change : std::uint8_t {
  none = 0,
  appeared = 1,  ///< a name was made, linked or moved here
  vanished = 2,  ///< a name was removed or moved away
  closed = 3,    ///< a file that was open for writing was closed: a lock on it may be gone
  lost = 4,      ///< the directory itself was removed, moved or unmounted: it is watched no more
  overflow = 5,  ///< changes were lost, in whichever directory
};

/// One change, with the number that add() gave for the directory; the name is empty for `lost` and `overflow`.
struct watch_event {
  int directory{};
  watch_change change{};
  std::string name;

  friend bool operator==(const watch_event&, const watch_event&) = default;
};

/// Watches directories by number. Not thread-safe.
class ISAT_API watch_set {
 public:
  explicit watch_set(const asio::any_io_executor& executor);

  bool is_open() const noexcept { return stream_.is_open(); }

  /// Begins, with no directory. Errors: those of inotify_init1(2). @pre !is_open()
  error_code open();

  /// Watches what `path` names now: its number, the same if it is watched already; -1 on an error, which is one of
  /// inotify_add_watch(2). Numbers are not used again until close(). @pre is_open()
  int add(const std::string& path, error_code& error);

  /// Watches nothing any more; what was not taken is lost.
  void close() noexcept;

  /// Completes as soon as take() would find something, with `void(error_code)`. Can be cancelled.
  template <class Token>
  auto async_wait(Token&& token) {
    return stream_.async_wait(asio::posix::stream_descriptor::wait_read, std::forward<Token>(token));
  }

  /// Ends async_wait with operation_aborted.
  void cancel() noexcept;

  /// What has happened since, in order; at most one buffer full, so that a storm cannot keep the caller. @pre is_open()
  std::vector<watch_event> take();

 private:
  static watch_change meaning_of(std::uint32_t mask) noexcept;

  asio::posix::stream_descriptor stream_;
};

}  // namespace isat::inline v0::election

#if ISAT_HEADER_ONLY
#include "isat/election/impl/watch_set.ipp"
#endif
