// SPDX-License-Identifier: BSL-1.0

// The bodies of link_socket.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/transport/link_socket.hpp"

#include <boost/system/error_code.hpp>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace isat::inline v0::detail {

ISAT_INLINE file_descriptor open_link_socket(std::uint32_t groups, error_code& error) {
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

ISAT_INLINE void request_link_dump(int socket, std::uint32_t sequence, error_code& error) {
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

ISAT_INLINE std::span<const std::byte> receive_link_datagram(int socket, std::span<std::byte> buffer,
                                                             error_code& error) {
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
