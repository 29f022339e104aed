// SPDX-License-Identifier: BSL-1.0

// The rtnetlink socket below link_monitor and list_links: open it, ask for a dump of all interfaces, read a datagram.
// Every call is non-blocking. It refuses to understand what it reads (link_message.hpp does) and to change anything
// in the kernel; no privilege is needed.
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/detail/file_descriptor.hpp"

#include <boost/system/error_code.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <span>
#include <sys/socket.h>
#include <sys/uio.h>

namespace isat::inline v0::detail {

/// More than the kernel ever puts into one datagram about interfaces (32 KiB in a dump).
inline constexpr std::size_t link_datagram_max = 65536;

/// Opens a socket. @param groups of which the kernel shall also tell every change from now on: RTMGRP_…, or 0
inline file_descriptor open_link_socket(std::uint32_t groups, error_code& error) {
  error = {};
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  file_descriptor socket{::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE)};
  if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    error.assign(errno, boost::system::system_category());
    return {};
  }
  return socket;
}

/// Asks for a dump of all interfaces; its messages will carry `sequence`.
inline void request_link_dump(int socket, std::uint32_t sequence, error_code& error) {
  struct {
    nlmsghdr head;
    ifinfomsg body;
  } request{};
  static_assert(sizeof request == NLMSG_LENGTH(sizeof(ifinfomsg)));
  request.head.nlmsg_len = sizeof request;
  request.head.nlmsg_type = RTM_GETLINK;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.head.nlmsg_seq = sequence;
  error = {};
  if (::send(socket, &request, sizeof request, 0) < 0) error.assign(errno, boost::system::system_category());
}

/// Reads one datagram into `buffer` and returns its bytes, none if it was not the kernel's.
/// @param error `would_block`: nothing there; `no_buffer_space`: datagrams were lost, go on reading; `message_size`:
///   one was longer than `buffer`
inline std::span<const std::byte> receive_link_datagram(int socket, std::span<std::byte> buffer, error_code& error) {
  sockaddr_nl sender{};
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_name = &sender;
  message.msg_namelen = sizeof sender;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  error = {};
  const auto length = ::recvmsg(socket, &message, MSG_DONTWAIT);
  if (length < 0) {
    error.assign(errno, boost::system::system_category());
  } else if ((message.msg_flags & MSG_TRUNC) != 0) {
    error.assign(EMSGSIZE, boost::system::system_category());
  }
  if (error || sender.nl_pid != 0) return {};
  return buffer.first(static_cast<std::size_t>(length));
}

}  // namespace isat::inline v0::detail
