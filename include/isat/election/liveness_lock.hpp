// SPDX-License-Identifier: BSL-1.0

// How one process on a host proves to the others that it has died: it keeps a file of its own open and locked (flock),
// and the kernel drops the lock however the process ends, while one that is only stopped keeps it. Proof is to lock the
// very inode that it named under the name that it gave; a file that is missing or another one proves nothing. Looking
// opens for reading only, which wakes nobody who waits for the close. It refuses to wait, and to work between hosts.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/file_descriptor.hpp"
#include "isat/election/record_text.hpp"
#include "isat/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <vector>

namespace isat::inline v0::election {

/// The locked file of one living store. Not inherited through exec; a child made by a bare fork keeps the lock, so that
/// the death of its parent cannot be seen before its own.
class ISAT_API liveness_lock {
 public:
  /// @param folder holds the locked files of all stores  @param workshop holds files on their way; both must exist
  liveness_lock(std::string folder, std::string workshop);
  liveness_lock(const liveness_lock&) = delete;
  liveness_lock& operator=(const liveness_lock&) = delete;
  /// Signs off: the name goes first, so that the lock, when it is dropped, proves no death.
  ~liveness_lock();

  /// Makes sure that the own file is locked and has its name: a new one, if it was removed. Errors: the system's.
  error_code hold();

  /// What this store's records name; empty before the first hold().
  const writer_mark& mark() const noexcept { return mark_; }

  /// True if the process that holds or held the marked file in `folder` has certainly ended.
  static bool has_died(const std::string& folder, const writer_mark& mark);

  /// The marks of all files in `folder` whose processes have certainly ended.
  static std::vector<writer_mark> dead_in(const std::string& folder);

 private:
  std::string path_of(const std::string& file) const { return folder_ + '/' + file; }

  error_code make();

  // A process that ends gives up its descriptors from the last one down, and a packet socket among them can hold up the
  // others by ten milliseconds: the proof of death is to come before it.
  void close_first();

  bool still_named() const;

  static bool names(const std::string& path, const struct ::stat& status);

  static detail::file_descriptor open_to_look(const std::string& path);

  static bool can_lock(int descriptor);

  std::string folder_;
  std::string workshop_;
  detail::file_descriptor lock_;
  std::vector<detail::file_descriptor> former_;
  writer_mark mark_;
};

}  // namespace isat::inline v0::election

#if ISAT_HEADER_ONLY
#include "isat/election/impl/liveness_lock.ipp"
#endif
