// SPDX-License-Identifier: BSL-1.0

// What went wrong when a file_store could not do its work: which step, on which path, and what helps where that is
// known. For people only: programs go by the error_code. It refuses to log.
#pragma once

#include "isat/error.hpp"

#include <boost/system/error_code.hpp>

#include <cerrno>
#include <string>
#include <string_view>

namespace isat::inline v0::election {

/// Which step failed on which path.
struct store_failure {
  std::string_view
      action;  ///< "make the directory", "watch the directory", "read", "write" or "keep leases in"; empty: none
  std::string path;
  error_code error;

  /// One sentence without a full stop, with the remedy where one is known; empty when nothing failed.
  std::string message() const {
    if (action.empty()) return {};
    return "cannot " + std::string{action} + ' ' + path + ": " + error.message() + remedy();
  }

 private:
  std::string remedy() const {
    if (error == isat::error::shared_file_system) return " (choose one of this host alone: a tmpfs, such as /run)";
    if (error.category() != boost::system::system_category()) return {};
    switch (error.value()) {
      case EACCES:
      case EPERM:
        return " (it must be writable for the user that runs this program; without CAP_DAC_OVERRIDE that holds for "
               "root too)";
      case ENOENT:
        return action == "make the directory" ? " (only the last directory of the path is made)" : "";
      case EMFILE:
        return " (raise the limit of open files, or fs.inotify.max_user_instances)";
      case ENOSPC:
        return action == "watch the directory" ? " (raise fs.inotify.max_user_watches)" : "";
      case ENAMETOOLONG:
        return " (the name of the record or the path of the directory is too long)";
      case ENOTDIR:
      case ELOOP:
        return " (it must be a directory, and no symbolic link)";
      default:
        return {};
    }
  }
};

}  // namespace isat::inline v0::election
