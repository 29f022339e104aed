// SPDX-License-Identifier: BSL-1.0

// All records of a directory, read and written by system calls that return at once: what file_store does, without the
// waiting. DIRECTORY/NAME/ holds the versions of a record, DIRECTORY/.alive/ one locked file per living store,
// DIRECTORY/.tmp/ files on their way. For the processes of one host: it refuses file systems that machines share.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/directory_listing.hpp"
#include "isat/detail/file_descriptor.hpp"
#include "isat/detail/last_error.hpp"
#include "isat/election/lease_record.hpp"
#include "isat/election/liveness_lock.hpp"
#include "isat/election/record_directory.hpp"
#include "isat/election/record_text.hpp"
#include "isat/election/store_failure.hpp"
#include "isat/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <vector>

namespace isat::inline v0::election {

/// A record as it was found, and who wrote it.
struct found_record {
  entry what;
  writer_mark writer;
};

/// The records of one directory, for one writer. Not thread-safe. Destroying it signs off its liveness file.
class ISAT_API record_files {
 public:
  static constexpr const char* alive_name = ".alive";

  explicit record_files(std::string directory);

  const std::string& root() const noexcept { return root_; }
  const std::string& alive() const noexcept { return alive_; }
  std::string path_of(const std::string& name) const { return root_ + '/' + record_text::to_file_name(name); }

  /// Makes the directories that are missing (mode 0755; not the parents) and signs on. Errors: the system's, and
  /// error::shared_file_system.
  error_code prepare();

  /// Removes what dead writers left behind: unfinished files, and liveness files that no record names.
  void sweep();

  /// What is under `name`; nothing at version {0, 0} if the directories are missing.
  error_code load(const std::string& name, found_record& found);

  /// Replaces what is under `next.name` at `next.at`, and gives it its new version: success, version_conflict, or
  /// unknown (anything else).
  error_code cas(entry& next);

  /// The names of all records that are or were there, sorted. Errors: the system's.
  error_code names(std::vector<std::string>& found);

  /// True if the process that held the liveness file of this name has ended. False proves nothing.
  bool has_died(const std::string& file) const;

  /// What failed most recently, for people.
  const store_failure& failure() const noexcept { return failure_; }

  /// Remembers a failure and returns its error.
  error_code fail(std::string_view action, std::string path, error_code error);

 private:
  error_code make(const std::string& path);

  error_code check_file_system();

  record_directory directory_of(const std::string& name) const { return {path_of(name), workshop_, lock_.mark().file}; }

  template <class Each>
  error_code names_in(const std::string& path, Each each) {
    const detail::file_descriptor opened{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    detail::directory_listing listing;
    const error_code error = opened ? listing.read(opened.get()) : detail::last_error();
    if (error) return fail("read", path, error);
    listing.for_each(each);
    return {};
  }

  std::string root_;
  std::string alive_;
  std::string workshop_;
  liveness_lock lock_;
  store_failure failure_;
};

}  // namespace isat::inline v0::election

#if ISAT_HEADER_ONLY
#include "isat/election/impl/record_files.ipp"
#endif
