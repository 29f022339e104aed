// SPDX-License-Identifier: BSL-1.0

// A file that appears under its name all at once, with all that it holds, or not at all: it is made under a name that
// nobody else uses, and linked. Of several who link one name exactly one succeeds. It refuses to replace anything, and
// to sync: what a crash of the host leaves may be empty.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/file_descriptor.hpp"
#include "isat/error.hpp"

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>

namespace isat::inline v0::detail {

/// A file on its way; its own name is removed when this object dies.
class new_file {
 public:
  new_file() = default;
  new_file(const new_file&) = delete;
  new_file& operator=(const new_file&) = delete;
  ~new_file();

  /// Makes the file, mode 0600, in the directory `workshop`, named `owner` and something random. @pre not made yet
  error_code make(const std::string& workshop, std::string_view owner);

  /// Writes all of `text`. @pre made
  error_code write(std::string_view text);

  /// Gives the file the name `name` below the open directory `directory` too (AT_FDCWD: a path). EEXIST: it is taken.
  error_code link_as(int directory, const std::string& name) const;

  int descriptor() const noexcept { return descriptor_.get(); }

  /// Moves the file to `path` and gives it away, open: whoever watches the new directory hears of its close.
  file_descriptor move_to(const std::string& path, error_code& error);

 private:
  std::string path_;
  file_descriptor descriptor_;
};

}  // namespace isat::inline v0::detail

#if ISAT_HEADER_ONLY
#include "isat/impl/new_file.ipp"
#endif
