// SPDX-License-Identifier: BSL-1.0

// The bodies of watch_set.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/file_descriptor.hpp"
#include "isat/detail/last_error.hpp"
#include "isat/election/watch_set.hpp"

#include <array>
#include <cstddef>
#include <sys/inotify.h>
#include <unistd.h>

namespace isat::inline v0::election {

ISAT_INLINE watch_set::watch_set(const asio::any_io_executor& executor) : stream_{executor} {}

ISAT_INLINE error_code watch_set::open() {
  detail::file_descriptor descriptor{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
  if (!descriptor) return detail::last_error();
  error_code error;
  stream_.assign(descriptor.get(), error);
  if (!error) descriptor.release();
  return error;
}

ISAT_INLINE int watch_set::add(const std::string& path, error_code& error) {
  // EXCL_UNLINK: what happens to a file that has no name any more concerns nobody.
  constexpr std::uint32_t mask = IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_CLOSE_WRITE | IN_DELETE_SELF |
                                 IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;
  const int number = ::inotify_add_watch(stream_.native_handle(), path.c_str(), mask);
  error = number < 0 ? detail::last_error() : error_code{};
  return number;
}

ISAT_INLINE void watch_set::close() noexcept {
  error_code ignored;
  stream_.close(ignored);
}

ISAT_INLINE void watch_set::cancel() noexcept {
  error_code ignored;
  stream_.cancel(ignored);
}

ISAT_INLINE std::vector<watch_event> watch_set::take() {
  std::vector<watch_event> events;
  alignas(::inotify_event) std::array<char, 4096> buffer;
  const ::ssize_t size = ::read(stream_.native_handle(), buffer.data(), buffer.size());
  for (std::size_t at = 0; size > 0 && at < static_cast<std::size_t>(size);) {
    ::inotify_event event;
    std::memcpy(&event, buffer.data() + at, sizeof event);
    const char* name = buffer.data() + at + sizeof event;  // padded with zeros
    at += sizeof event + event.len;
    watch_event next{event.wd, meaning_of(event.mask), event.len > 0 ? std::string{name} : std::string{}};
    if (next.change == watch_change::none) continue;
    if ((event.mask & IN_MOVE_SELF) != 0) ::inotify_rm_watch(stream_.native_handle(), event.wd);
    if (events.empty() || events.back() != next) events.push_back(std::move(next));
  }
  return events;
}

ISAT_INLINE watch_change watch_set::meaning_of(std::uint32_t mask) noexcept {
  if ((mask & IN_Q_OVERFLOW) != 0) return watch_change::overflow;
  if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0) return watch_change::lost;
  if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0) return watch_change::appeared;
  if ((mask & (IN_DELETE | IN_MOVED_FROM)) != 0) return watch_change::vanished;
  return (mask & IN_CLOSE_WRITE) != 0 ? watch_change::closed : watch_change::none;
}

}  // namespace isat::inline v0::election
