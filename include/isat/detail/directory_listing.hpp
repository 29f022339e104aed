// SPDX-License-Identifier: BSL-1.0

// All names of a directory as they were at one instant. Read in several calls, a directory that changes meanwhile may
// hide a name that was there all the time; the kernel excludes changes only within one call. So there is one call with
// a buffer that holds everything, repeated with a larger buffer if it did not. It refuses to look into the files.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/error.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <dirent.h>
#include <string_view>
#include <vector>

namespace isat::inline v0::detail {

/// A reusable listing.
class directory_listing {
 public:
  static constexpr std::size_t size_max = std::size_t{1} << 24U;  ///< octets; larger directories are refused

  /// Reads the open directory `descriptor`. Errors: those of getdents64(2), ENOENT for a directory that was removed,
  /// EFBIG for one that is too large or whose file system does not list it in one call.
  error_code read(int descriptor);

  /// Calls `each(std::string_view name)` for every name that was read, but for "." and "..".
  template <class Each>
  void for_each(Each each) const {
    for (std::size_t at = 0; at + name_offset < used_;) {
      std::uint16_t length = 0;
      std::memcpy(&length, buffer_.data() + at + length_offset, sizeof length);
      const std::string_view name{buffer_.data() + at + name_offset};  // ends with a zero
      at += length;
      if (name != "." && name != "..") each(name);
    }
  }

 private:
  static constexpr std::size_t length_offset = offsetof(::dirent64, d_reclen);
  static constexpr std::size_t name_offset = offsetof(::dirent64, d_name);

  std::vector<char> buffer_;
  std::size_t used_ = 0;
};

}  // namespace isat::inline v0::detail

#if ISAT_HEADER_ONLY
#include "isat/impl/directory_listing.ipp"
#endif
