// SPDX-License-Identifier: BSL-1.0

// The bodies of list_links.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/transport/link_message.hpp"
#include "isat/transport/link_socket.hpp"
#include "isat/transport/link_table.hpp"
#include "isat/transport/list_links.hpp"

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>

namespace isat::inline v0::transport {

ISAT_INLINE std::vector<link_state> list_links(error_code& error) {
  const auto socket = detail::open_link_socket(0, error);
  std::vector<std::byte> buffer(detail::link_datagram_max);
  link_table table;
  std::uint32_t sequence = 0;
  while (!error && !table.synced()) {
    if (table.wants_dump()) {
      if (sequence == 16) error.assign(EINTR, boost::system::system_category());
      if (!error) detail::request_link_dump(socket.get(), ++sequence, error);
      table.begin_dump(sequence);
    }
    pollfd readable{socket.get(), POLLIN, 0};
    if (!error && ::poll(&readable, 1, 1000) == 0) error.assign(ETIMEDOUT, boost::system::system_category());
    if (error) break;
    link_message_reader messages{detail::receive_link_datagram(socket.get(), buffer, error)};
    // Woken by a signal, or by a datagram that was lost: the dump itself goes on.
    if (error.value() == EAGAIN || error.value() == ENOBUFS || error.value() == EINTR) error = {};
    while (auto message = messages.next()) {
      if (const int code = table.apply(*message); code != 0) error.assign(code, boost::system::system_category());
    }
  }
  if (error) return {};
  return table.links();
}

}  // namespace isat::inline v0::transport
