// SPDX-License-Identifier: BSL-1.0

// The bodies of pcap_file.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/transport/pcap_file.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/uio.h>

namespace isat::inline v0::transport {

ISAT_INLINE std::optional<pcap_file> pcap_file::create(const std::string& path, error_code& error) {
  error = {};
  pcap_file file{detail::file_descriptor{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)}};
  if (!file.descriptor_) {
    error.assign(errno, boost::system::system_category());
    return std::nullopt;
  }
  const detail::pcap_header header;
  file.append(std::as_bytes(std::span{&header, 1}), {}, error);
  if (error) return std::nullopt;
  return file;
}

ISAT_INLINE void pcap_file::write(std::chrono::system_clock::time_point time, std::span<const std::byte> bytes,
                                  std::size_t length, error_code& error) {
  using std::chrono::nanoseconds;
  using std::chrono::seconds;
  const auto since = std::chrono::duration_cast<nanoseconds>(time.time_since_epoch());
  const auto whole = std::chrono::floor<seconds>(since);
  const auto captured = bytes.first(std::min<std::size_t>(bytes.size(), UINT16_MAX));
  const detail::pcap_record record{
      static_cast<std::uint32_t>(whole.count()), static_cast<std::uint32_t>((since - whole).count()),
      static_cast<std::uint32_t>(captured.size()),
      static_cast<std::uint32_t>(std::min<std::size_t>(std::max(length, captured.size()), UINT32_MAX))};
  append(std::as_bytes(std::span{&record, 1}), captured, error);
}

ISAT_INLINE void pcap_file::append(std::span<const std::byte> head, std::span<const std::byte> body,
                                   error_code& error) {
  error = {};
  std::array<iovec, 2> parts{
      {{const_cast<std::byte*>(head.data()), head.size()}, {const_cast<std::byte*>(body.data()), body.size()}}};
  ssize_t written = 0;
  do {
    written = ::writev(descriptor_.get(), parts.data(), static_cast<int>(parts.size()));
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(head.size() + body.size())) {
    size_ += written;
    return;
  }
  // A short write means that the disk is full; half a record would make the rest unreadable.
  error.assign(written < 0 ? errno : ENOSPC, boost::system::system_category());
  if (written > 0 && ::ftruncate(descriptor_.get(), size_) == 0) ::lseek(descriptor_.get(), size_, SEEK_SET);
}

}  // namespace isat::inline v0::transport
