// SPDX-License-Identifier: BSL-1.0

// What a file_lock_elector reports to people beside the leadership_table: each change with its reason, and the failure
// that ended it, in a sentence that names the path and the remedy where one is known. It refuses to log: the host does.
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/detail/unreachable.hpp"
#include "isat/election/leadership.hpp"

#include <boost/system/error_code.hpp>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

namespace isat::inline v0::election {

/// Why the lock on a group's file changed. The values are API: append only.
enum class lock_change : std::uint8_t {
  none = 0,
  acquired = 1,         ///< the lock is ours: leading
  released = 2,         ///< given up because the run ended or the group is not wanted any more
  file_replaced = 3,    ///< lost: the lock file was removed or another one took its name
  directory_lost = 4,   ///< lost: the directory was removed, moved or unmounted
  term_not_stored = 5,  ///< leading, but the file could not be written: a successor may repeat the term
};

/// The enumerator's name, as used in logs.
constexpr std::string_view to_string(lock_change change) noexcept {
  switch (change) {
    case lock_change::none:
      return "none";
    case lock_change::acquired:
      return "acquired";
    case lock_change::released:
      return "released";
    case lock_change::file_replaced:
      return "file_replaced";
    case lock_change::directory_lost:
      return "directory_lost";
    case lock_change::term_not_stored:
      return "term_not_stored";
  }
  detail::unreachable();
}

/// One change, told after the leadership_table was lowered and before it is raised.
struct lock_notice {
  group_id group{};
  lock_change what{};
  std::uint64_t term{};  ///< of the leadership that began or ended
  error_code error;      ///< of term_not_stored
};

/// Which step failed on which path.
struct lock_failure {
  std::string_view action;  ///< "make the directory", "watch the directory", "open" or "lock"; empty for none
  std::string path;
  error_code error;

  /// One sentence without a full stop, with the remedy where one is known; empty when nothing failed.
  std::string message() const {
    if (action.empty()) return {};
    return "cannot " + std::string{action} + ' ' + path + ": " + error.message() + remedy();
  }

 private:
  std::string remedy() const {
    switch (error.value()) {
      case EACCES:
      case EPERM:
        return " (it must be writable for the user that runs this program; without CAP_DAC_OVERRIDE that holds for "
               "root too)";
      case ENOENT:
        return " (only the last directory of the path is made)";
      case EMFILE:
        return " (raise the limit of open files, or fs.inotify.max_user_instances)";
      case ENOSPC:
        return action == "watch the directory" ? " (raise fs.inotify.max_user_watches)" : "";
      case EINVAL:
        return action == "open" ? " (it is not a regular file)" : "";
      case ELOOP:
        return action == "open" ? " (a lock file must not be a symbolic link)" : "";
      default:
        return {};
    }
  }
};

}  // namespace isat::inline v0::election
