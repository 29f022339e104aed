// SPDX-License-Identifier: BSL-1.0

// The bodies of directory_listing.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/directory_listing.hpp"
#include "isat/detail/last_error.hpp"

#include <boost/system/error_code.hpp>

#include <unistd.h>

namespace isat::inline v0::detail {

ISAT_INLINE error_code directory_listing::read(int descriptor) {
  used_ = 0;
  for (std::size_t size = buffer_.empty() ? 4096 : buffer_.size(); size <= size_max; size *= 2) {
    buffer_.resize(size);
    if (::lseek(descriptor, 0, SEEK_SET) < 0) return last_error();
    const ::ssize_t first = ::getdents64(descriptor, buffer_.data(), size);
    if (first < 0) return last_error();
    char rest[512];
    const ::ssize_t second = ::getdents64(descriptor, rest, sizeof rest);
    if (second < 0) return last_error();
    used_ = static_cast<std::size_t>(first);
    if (second == 0) return {};
  }
  used_ = 0;
  return {EFBIG, boost::system::system_category()};
}

}  // namespace isat::inline v0::detail
