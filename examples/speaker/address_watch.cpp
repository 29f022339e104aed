// SPDX-License-Identifier: BSL-1.0

#include "address_watch.hpp"
#include "host.hpp"
#include "isat/detail/file_descriptor.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <utility>

namespace speakerd {

namespace {

/// A socket that hears of every IPv4 address that comes or goes, or none.
isat::detail::file_descriptor open_socket() {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_IPV4_IFADDR;
  isat::detail::file_descriptor socket{::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE)};
  if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return socket;
}

}  // namespace

address_watch::address_watch(boost::asio::any_io_executor executor,
                             std::vector<isat::transport::interface_pattern> interfaces, told_function told)
    : socket_{std::move(executor)}, interfaces_{std::move(interfaces)}, told_{std::move(told)} {}

void address_watch::start() {
  auto opened = open_socket();
  if (opened) socket_.assign(opened.release());
  tell();  // behind the socket, so that nothing is missed in between
  if (socket_.is_open()) wait();
}

void address_watch::stop() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void address_watch::tell() const {
  std::vector<isat::ipv4_address> carried;
  for (const local_address& each : local_addresses()) {
    const auto selects = [&each](const auto& pattern) { return pattern.matches(each.interface); };
    if (std::ranges::any_of(interfaces_, selects)) carried.push_back(each.address);
  }
  told_(std::move(carried));
}

void address_watch::wait() {
  socket_.async_read_some(boost::asio::buffer(ignored_), [this](boost::system::error_code error, std::size_t) {
    // News that were lost are news all the same.
    if (error && error != boost::system::errc::no_buffer_space) return;
    tell();
    if (socket_.is_open()) wait();
  });
}

}  // namespace speakerd
