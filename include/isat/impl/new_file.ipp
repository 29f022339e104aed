// SPDX-License-Identifier: BSL-1.0

// The bodies of new_file.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/last_error.hpp"
#include "isat/detail/new_file.hpp"
#include "isat/detail/random_number.hpp"

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace isat::inline v0::detail {

ISAT_INLINE new_file::~new_file() {
  if (descriptor_) ::unlink(path_.c_str());
}

ISAT_INLINE error_code new_file::make(const std::string& workshop, std::string_view owner) {
  const std::uint64_t number = random_number();
  if (number == 0) return {EAGAIN, boost::system::system_category()};
  path_ = workshop + '/' + std::string{owner} + '-' + hex_text(number);
  descriptor_ = file_descriptor{::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  return descriptor_ ? error_code{} : last_error();
}

ISAT_INLINE error_code new_file::write(std::string_view text) {
  while (!text.empty()) {
    const ::ssize_t size = ::write(descriptor_.get(), text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return size < 0 ? last_error() : error_code{EIO, boost::system::system_category()};
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return {};
}

ISAT_INLINE error_code new_file::link_as(int directory, const std::string& name) const {
  return ::linkat(AT_FDCWD, path_.c_str(), directory, name.c_str(), 0) == 0 ? error_code{} : last_error();
}

ISAT_INLINE file_descriptor new_file::move_to(const std::string& path, error_code& error) {
  error = ::rename(path_.c_str(), path.c_str()) == 0 ? error_code{} : last_error();
  return error ? file_descriptor{} : std::move(descriptor_);
}

}  // namespace isat::inline v0::detail
