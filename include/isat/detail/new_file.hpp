// SPDX-License-Identifier: BSL-1.0

// A file that appears under its name all at once, with all that it holds, or not at all: it is made under a name that
// nobody else uses, and linked. Of several who link one name exactly one succeeds. It refuses to replace anything, and
// to sync: what a crash of the host leaves may be empty.
#pragma once

#include "isat/detail/file_descriptor.hpp"
#include "isat/detail/last_error.hpp"
#include "isat/detail/random_number.hpp"
#include "isat/error.hpp"

#include <boost/system/error_code.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace isat::inline v0::detail {

/// A file on its way; its own name is removed when this object dies.
class new_file {
 public:
  new_file() = default;
  new_file(const new_file&) = delete;
  new_file& operator=(const new_file&) = delete;
  ~new_file() {
    if (descriptor_) ::unlink(path_.c_str());
  }

  /// Makes the file, mode 0600, in the directory `workshop`, named `owner` and something random. @pre not made yet
  error_code make(const std::string& workshop, std::string_view owner) {
    const std::uint64_t number = random_number();
    if (number == 0) return {EAGAIN, boost::system::system_category()};
    path_ = workshop + '/' + std::string{owner} + '-' + hex_text(number);
    descriptor_ = file_descriptor{::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
    return descriptor_ ? error_code{} : last_error();
  }

  /// Writes all of `text`. @pre made
  error_code write(std::string_view text) {
    while (!text.empty()) {
      const ::ssize_t size = ::write(descriptor_.get(), text.data(), text.size());
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return size < 0 ? last_error() : error_code{EIO, boost::system::system_category()};
      text.remove_prefix(static_cast<std::size_t>(size));
    }
    return {};
  }

  /// Gives the file the name `name` below the open directory `directory` too (AT_FDCWD: a path). EEXIST: it is taken.
  error_code link_as(int directory, const std::string& name) const {
    return ::linkat(AT_FDCWD, path_.c_str(), directory, name.c_str(), 0) == 0 ? error_code{} : last_error();
  }

  int descriptor() const noexcept { return descriptor_.get(); }

  /// Moves the file to `path` and gives it away, open: whoever watches the new directory hears of its close.
  file_descriptor move_to(const std::string& path, error_code& error) {
    error = ::rename(path_.c_str(), path.c_str()) == 0 ? error_code{} : last_error();
    return error ? file_descriptor{} : std::move(descriptor_);
  }

 private:
  std::string path_;
  file_descriptor descriptor_;
};

}  // namespace isat::inline v0::detail
