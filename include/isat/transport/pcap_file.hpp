// SPDX-License-Identifier: BSL-1.0

// Writes frames into a capture file that tcpdump and Wireshark read: the classic pcap format with nanoseconds, in this
// machine's byte order. A sink for the tracer. Every frame is in the file when the call returns, so a capture is whole
// up to the moment of a crash. It refuses to read captures and to rotate files.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/file_descriptor.hpp"
#include "isat/error.hpp"

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unistd.h>
#include <utility>

namespace isat::inline v0::detail {

/// @see draft-ietf-opsawg-pcap, section 4
struct pcap_header {
  std::uint32_t magic{0xa1b23c4d};  // nanoseconds, byte order of the writer
  std::uint16_t major{2};
  std::uint16_t minor{4};
  std::uint32_t reserved1{};
  std::uint32_t reserved2{};
  std::uint32_t snap_length{65535};
  std::uint32_t link_type{1};  // LINKTYPE_ETHERNET
};
static_assert(sizeof(pcap_header) == 24);

/// @see draft-ietf-opsawg-pcap, section 5
struct pcap_record {
  std::uint32_t seconds{};
  std::uint32_t nanoseconds{};
  std::uint32_t captured{};
  std::uint32_t original{};
};
static_assert(sizeof(pcap_record) == 16);

}  // namespace isat::inline v0::detail

namespace isat::inline v0::transport {

/// A capture that is being written. Blocks like any file does: for debugging, not for the hot path.
class ISAT_API pcap_file {
 public:
  /// Creates the file, or empties it, and writes the header.
  /// @param error what the system said; then the result is empty
  static std::optional<pcap_file> create(const std::string& path, error_code& error);

  /// Appends one frame.
  /// @param bytes the frame's first octets (at most 65,535 are written)
  /// @param length what it had on the wire
  /// @param error what the system said; a record that was cut short is taken off again where the file allows that
  void write(std::chrono::system_clock::time_point time, std::span<const std::byte> bytes, std::size_t length,
             error_code& error);

 private:
  explicit pcap_file(detail::file_descriptor descriptor) noexcept : descriptor_{std::move(descriptor)} {}

  void append(std::span<const std::byte> head, std::span<const std::byte> body, error_code& error);

  detail::file_descriptor descriptor_;
  off_t size_{};
};

}  // namespace isat::inline v0::transport

#if ISAT_HEADER_ONLY
#include "isat/transport/impl/pcap_file.ipp"
#endif
