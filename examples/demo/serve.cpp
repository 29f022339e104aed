// SPDX-License-Identifier: BSL-1.0
// The service behind the VIP on one node. It binds the VIP itself, so that its answers leave with the VIP as source,
// and it says in every answer which node it runs on.
#include "instrument.hpp"

#include <algorithm>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

namespace demo {
namespace {

enum tag : std::uint64_t { tag_stop, tag_udp, tag_tcp };

descriptor bound_socket(int type, const sockaddr_in& address) {
  descriptor result = checked(::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
  const int on = 1;
  ::setsockopt(result.value(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(result.value(), IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
  if (::bind(result.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) die("bind");
  return result;
}

void echo(int fd, const std::string& name) {
  std::array<char, 256> packet{};
  for (;;) {
    sockaddr_in peer{};
    socklen_t peer_size = sizeof peer;
    const auto size = ::recvfrom(fd, packet.data(), 8, 0, reinterpret_cast<sockaddr*>(&peer), &peer_size);
    if (size < 0) return;
    if (size != 8) continue;
    std::memcpy(packet.data() + 8, name.data(), name.size());
    ::sendto(fd, packet.data(), 8 + name.size(), 0, reinterpret_cast<const sockaddr*>(&peer), peer_size);
  }
}

void greet(int fd, const std::string& name) {
  for (;;) {
    const int accepted = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) return;
    const descriptor connection(accepted);
    static_cast<void>(::send(accepted, name.data(), name.size(), MSG_NOSIGNAL));
  }
}

}  // namespace

int serve(const arguments& options) {
  std::string name = options.required("name");
  name.resize(std::min<std::size_t>(name.size(), 64));
  const sockaddr_in address = address_of(options.required("address"), options.value_or("port", "7007"));
  const descriptor stop = stop_signals();
  const descriptor udp = bound_socket(SOCK_DGRAM, address);
  const descriptor tcp = bound_socket(SOCK_STREAM, address);
  if (::listen(tcp.value(), 1024) != 0) die("listen");
  deepen_queue(udp.value());
  be_punctual();
  event_loop loop;
  loop.add(stop.value(), tag_stop);
  loop.add(udp.value(), tag_udp);
  loop.add(tcp.value(), tag_tcp);
  std::puts("ready");
  for (;;) {
    for (const epoll_event& event : loop.wait(-1)) {
      if (event.data.u64 == tag_stop) return 0;
      if (event.data.u64 == tag_udp) echo(udp.value(), name);
      if (event.data.u64 == tag_tcp) greet(tcp.value(), name);
    }
  }
}

}  // namespace demo
