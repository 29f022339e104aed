// SPDX-License-Identifier: BSL-1.0

// The bodies of record_directory.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/last_error.hpp"
#include "isat/detail/new_file.hpp"
#include "isat/detail/random_number.hpp"
#include "isat/election/record_directory.hpp"

#include <boost/system/error_code.hpp>

#include <charconv>
#include <fcntl.h>
#include <limits>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace isat::inline v0::election {

ISAT_INLINE record_directory::record_directory(std::string path, std::string workshop, std::string owner)
    : path_{std::move(path)}, workshop_{std::move(workshop)}, owner_{std::move(owner)} {}

ISAT_INLINE error_code record_directory::open() {
  directory_ = detail::file_descriptor{::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
  if (!directory_) return detail::last_error();
  incarnation_ = read_incarnation();
  return {};
}

ISAT_INLINE std::optional<std::uint64_t> record_directory::parsed(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [stop, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  const bool whole = failed == std::errc{} && stop == digits.data() + digits.size();
  return whole && detail::hex_text(number) == digits ? std::optional{number} : std::nullopt;
}

ISAT_INLINE std::uint64_t record_directory::read_incarnation() const {
  std::string text;
  return !read_file(incarnation_name, text) && text.size() == 17 && text.back() == '\n'
             ? parsed(std::string_view{text}.substr(0, 16)).value_or(0)
             : 0;
}

ISAT_INLINE error_code record_directory::make() {
  if (::mkdir(path_.c_str(), 0755) != 0 && errno != EEXIST) return detail::last_error();
  error_code error = open();
  // Twice: another maker may be faster, and an unreadable incarnation (the host has crashed) is thrown away first.
  for (int attempt = 0; attempt < 2 && !error && incarnation_ == 0; ++attempt) error = make_incarnation();
  if (!error && incarnation_ == 0) error = {EIO, boost::system::system_category()};
  return error;
}

ISAT_INLINE error_code record_directory::make_incarnation() {
  const std::uint64_t number = detail::random_number();
  if (number == 0) return {EAGAIN, boost::system::system_category()};
  detail::new_file fresh;
  error_code error = fresh.make(workshop_, owner_);
  if (!error) error = fresh.write(detail::hex_text(number) + '\n');
  if (!error) error = fresh.link_as(directory_.get(), incarnation_name);
  if (error && error.value() != EEXIST) return error;
  incarnation_ = read_incarnation();
  if (incarnation_ == 0) ::unlinkat(directory_.get(), incarnation_name, 0);
  return {};
}

ISAT_INLINE error_code record_directory::latest(version& at) {
  at = {incarnation_, 0};
  if (incarnation_ == 0) return {};
  const error_code error = listing_.read(directory_.get());
  if (error) return error;
  listing_.for_each([&at](std::string_view name) {
    const auto number = parsed(name);
    if (number && *number > at.number) at.number = *number;
  });
  return {};
}

ISAT_INLINE error_code record_directory::read(version& at, std::optional<std::string>& text) {
  // Each repetition is somebody's progress: the version was superseded and deleted before it could be read.
  for (int attempt = 0; attempt < 1000; ++attempt) {
    text.reset();
    error_code error = latest(at);
    if (error || at.number == 0) return error;
    error = read_file(detail::hex_text(at.number), text.emplace());
    if (!error) return {};
    text.reset();
    // What cannot be read for its own sake (no regular file, too long) is there all the same, and says nothing.
    if (error.value() != ENOENT) return error.value() == EFBIG || error.value() == ELOOP ? error_code{} : error;
  }
  return {EAGAIN, boost::system::system_category()};
}

ISAT_INLINE error_code record_directory::read_file(const std::string& name, std::string& text) const {
  constexpr int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  const detail::file_descriptor opened{::openat(directory_.get(), name.c_str(), flags)};
  struct ::stat status{};
  if (!opened || ::fstat(opened.get(), &status) != 0) return detail::last_error();
  if (!S_ISREG(status.st_mode) || status.st_size < 0 || static_cast<std::size_t>(status.st_size) > size_max) {
    return {EFBIG, boost::system::system_category()};
  }
  text.resize(static_cast<std::size_t>(status.st_size));
  const ::ssize_t size = ::pread(opened.get(), text.data(), text.size(), 0);
  if (size < 0) return detail::last_error();
  text.resize(static_cast<std::size_t>(size));
  return {};
}

ISAT_INLINE error_code record_directory::link(std::uint64_t number, std::string_view text) {
  if (text.size() > size_max) return {EFBIG, boost::system::system_category()};
  detail::new_file fresh;
  error_code error = fresh.make(workshop_, owner_);
  if (!error) error = fresh.write(text);
  if (!error) error = fresh.link_as(directory_.get(), detail::hex_text(number));
  return error;
}

ISAT_INLINE error_code record_directory::confirm(version written) {
  version now;
  // What happened to the directory itself meanwhile is asked too: its name may mean another one by now.
  if (latest(now) || now != written || read_incarnation() != written.incarnation || !still_named()) {
    return error::outcome_unknown;
  }
  return {};
}

ISAT_INLINE void record_directory::clean(std::uint64_t highest) {
  if (listing_.read(directory_.get())) return;
  std::vector<std::string> old;
  listing_.for_each([&](std::string_view name) {
    const auto number = parsed(name);
    if (number && *number < highest) old.emplace_back(name);
  });
  for (const auto& name : old) ::unlinkat(directory_.get(), name.c_str(), 0);
}

ISAT_INLINE bool record_directory::still_named() const {
  struct ::stat named{};
  struct ::stat opened{};
  return ::lstat(path_.c_str(), &named) == 0 && ::fstat(directory_.get(), &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

ISAT_INLINE error_code record_directory::compare_and_swap(version expected, std::string_view text, version& written) {
  error_code error = open();
  if (error && error.value() != ENOENT) return error;
  if (error || incarnation_ == 0) {
    if (expected != version{}) return error::version_conflict;
    error = make();
    if (error) return error;
  }
  version now;
  error = latest(now);
  if (error) return error;
  // Who saw no directory has seen that there is no record, in whichever directory is there now.
  const bool both_absent = expected == version{} && now.number == 0;
  if (now != expected && !both_absent) return error::version_conflict;
  if (now.number == std::numeric_limits<std::uint64_t>::max()) return {EOVERFLOW, boost::system::system_category()};
  ++now.number;
  error = link(now.number, text);
  if (error) return error.value() == EEXIST ? error_code{error::version_conflict} : error;
  error = confirm(now);
  if (!error) {
    written = now;
    clean(now.number);
  }
  return error;
}

}  // namespace isat::inline v0::election
