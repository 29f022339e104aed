// SPDX-License-Identifier: BSL-1.0

#include "address_watch.hpp"
#include "isat/detail/backoff.hpp"
#include "isat/detail/random_number.hpp"
#include "isat/transport/link_socket.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <linux/rtnetlink.h>
#include <utility>

namespace speakerd {

address_watch::address_watch(boost::asio::any_io_executor executor,
                             std::vector<isat::transport::interface_pattern> interfaces, address_listener listener,
                             address_reader read)
    : socket_{executor},
      timer_{std::move(executor)},
      interfaces_{std::move(interfaces)},
      listener_{std::move(listener)},
      read_{std::move(read)} {}

void address_watch::start() {
  running_ = std::make_shared<int>();
  carried_.reset();
  look();
}

void address_watch::stop() {
  running_.reset();
  timer_.cancel();
  isat::error_code ignored;
  socket_.close(ignored);
}

// The socket first, so that nothing is missed in between; and without its news the addresses are read all the same.
void address_watch::look() {
  isat::error_code deaf;
  socket_.is_open() ? drain(deaf) : connect(deaf);
  isat::error_code blind;
  tell(blind);
  report(deaf ? deaf : blind);
  if (!running_) return;
  if (failures_ == 0) return wait();
  using isat::detail::doubled;
  look_after(isat::detail::spread(doubled(retry_min, failures_ - 1, retry_max), isat::detail::random_number()));
}

void address_watch::connect(isat::error_code& error) {
  auto opened = isat::detail::open_link_socket(RTMGRP_IPV4_IFADDR, error);
  if (error) return;
  socket_.assign(opened.get(), error);
  if (!error) opened.release();
}

// Whatever it is that the kernel tells: something has changed. That news were lost is news, too.
void address_watch::drain(isat::error_code& error) {
  namespace errc = boost::system::errc;
  constexpr int datagrams_max = 4096;  // in a storm the rest waits for the next time
  std::array<std::byte, 512> ignored{};
  for (int count = 0; count < datagrams_max && !error; ++count) {
    isat::detail::receive_link_datagram(socket_.native_handle(), ignored, error);
    if (error == errc::no_buffer_space || error == errc::message_size) error = {};
  }
  if (error == boost::asio::error::would_block) error = {};
  if (!error) return;
  isat::error_code closed;
  socket_.close(closed);
}

void address_watch::tell(isat::error_code& error) {
  const std::vector<local_address> all = read_(error);
  if (error) return;
  std::vector<isat::ipv4_address> carried;
  for (const local_address& each : all) {
    const auto selects = [&each](const auto& pattern) { return pattern.matches(each.interface); };
    if (std::ranges::any_of(interfaces_, selects)) carried.push_back(each.address);
  }
  std::ranges::sort(carried);
  if (carried_ == carried) return;
  carried_ = carried;
  listener_.on_addresses(std::move(carried));
}

void address_watch::report(isat::error_code error) {
  const unsigned before = std::exchange(failures_, error ? failures_ + 1 : 0);
  if ((before == 0) != (failures_ == 0)) listener_.on_trouble(error);
}

void address_watch::wait() {
  using boost::asio::posix::stream_descriptor;
  socket_.async_wait(stream_descriptor::wait_read, [this, running = std::weak_ptr{running_}](isat::error_code) {
    if (!running.expired()) look_after(collecting);  // an error of the socket is found when it is read
  });
}

void address_watch::look_after(std::chrono::nanoseconds pause) {
  timer_.expires_after(std::chrono::ceil<std::chrono::steady_clock::duration>(pause));
  timer_.async_wait([this, running = std::weak_ptr{running_}](isat::error_code) {
    if (!running.expired()) look();
  });
}

}  // namespace speakerd
