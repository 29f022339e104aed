// SPDX-License-Identifier: BSL-1.0

// The rtnetlink socket below link_monitor and list_links: open it, ask for a dump of all interfaces, read a datagram.
// Every call is non-blocking. It refuses to understand what it reads (link_message.hpp does) and to change anything
// in the kernel; no privilege is needed.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/file_descriptor.hpp"
#include "isat/error.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

namespace isat::inline v0::detail {

/// More than the kernel ever puts into one datagram about interfaces (32 KiB in a dump).
inline constexpr std::size_t link_datagram_max = 65536;

/// Opens a socket. @param groups of which the kernel shall also tell every change from now on: RTMGRP_…, or 0
ISAT_API file_descriptor open_link_socket(std::uint32_t groups, error_code& error);

/// Asks for a dump of all interfaces; its messages will carry `sequence`.
void request_link_dump(int socket, std::uint32_t sequence, error_code& error);

/// Reads one datagram into `buffer` and returns its bytes, none if it was not the kernel's.
/// @param error `would_block`: nothing there; `no_buffer_space`: datagrams were lost, go on reading; `message_size`:
///   one was longer than `buffer`
ISAT_API std::span<const std::byte> receive_link_datagram(int socket, std::span<std::byte> buffer, error_code& error);

}  // namespace isat::inline v0::detail

#if ISAT_HEADER_ONLY
#include "isat/transport/impl/link_socket.ipp"
#endif
