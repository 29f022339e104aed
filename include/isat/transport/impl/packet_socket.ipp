// SPDX-License-Identifier: BSL-1.0

// The bodies of packet_socket.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/file_descriptor.hpp"
#include "isat/transport/arp_filter.hpp"
#include "isat/transport/packet_socket.hpp"
#include "isat/transport/wait_operation.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstdint>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

namespace isat::inline v0::detail {

/// What a packet socket and its pending receive share.
class packet_socket_state {
 public:
  using operation = wait_operation<packet_socket_state, transport::frame_transport::receive_signature>;

  explicit packet_socket_state(asio::any_io_executor executor);
  packet_socket_state(const packet_socket_state&) = delete;
  packet_socket_state& operator=(const packet_socket_state&) = delete;

  asio::any_io_executor get_executor() noexcept { return descriptor_.get_executor(); }

  void assign(file_descriptor socket, int index, error_code& error);

  void close() noexcept;

  void start(std::span<transport::received_frame> into, operation next);

  void resume(operation next, error_code error);

  std::size_t send(std::span<const std::span<const std::byte>> frames, error_code& error) noexcept;

  std::uint64_t drops() noexcept;

 private:
  void wait(operation next);

  std::size_t receive(error_code& error) noexcept;

  /// The error of a failed call in the words of frame_transport.
  error_code translate(int code) noexcept;

  /// True when the interface that we were bound to was deleted; no error of its own tells that.
  bool is_unbound() noexcept;

  asio::posix::stream_descriptor descriptor_;
  int index_{};
  std::uint64_t drops_{};
  std::span<transport::received_frame> into_;
  std::array<std::array<std::byte, transport::received_bytes_max>, transport::batch_max> buffers_{};
  std::array<sockaddr_ll, transport::batch_max> senders_{};
  std::array<iovec, transport::batch_max> receive_parts_{};
  std::array<iovec, transport::batch_max> send_parts_{};
  std::array<mmsghdr, transport::batch_max> receive_headers_{};
  std::array<mmsghdr, transport::batch_max> send_headers_{};
};

/// Opens the socket of one interface, bound and filtered.
file_descriptor open_packet_socket(int index, error_code& error);

}  // namespace isat::inline v0::detail

namespace isat::inline v0::detail {

ISAT_INLINE packet_socket_state::packet_socket_state(asio::any_io_executor executor)
    : descriptor_{std::move(executor)} {
  for (std::size_t i = 0; i < transport::batch_max; ++i) {
    receive_parts_[i] = {buffers_[i].data(), buffers_[i].size()};
    receive_headers_[i].msg_hdr.msg_iov = &receive_parts_[i];
    receive_headers_[i].msg_hdr.msg_iovlen = 1;
    receive_headers_[i].msg_hdr.msg_name = &senders_[i];
    send_headers_[i].msg_hdr.msg_iov = &send_parts_[i];
    send_headers_[i].msg_hdr.msg_iovlen = 1;
  }
}

ISAT_INLINE void packet_socket_state::assign(file_descriptor socket, int index, error_code& error) {
  index_ = index;
  descriptor_.assign(socket.get(), error);
  if (!error) socket.release();
}

ISAT_INLINE void packet_socket_state::close() noexcept {
  error_code ignored;
  descriptor_.close(ignored);
}

ISAT_INLINE void packet_socket_state::start(std::span<transport::received_frame> into, operation next) {
  into_ = into.first(std::min(into.size(), transport::batch_max));
  wait(std::move(next));
}

ISAT_INLINE void packet_socket_state::resume(operation next, error_code error) {
  if (!descriptor_.is_open()) error = asio::error::operation_aborted;
  const std::size_t count = error ? 0 : receive(error);
  if (!error && count == 0) return wait(std::move(next));
  next.complete(error, count);
}

ISAT_INLINE std::uint64_t packet_socket_state::drops() noexcept {
  tpacket_stats latest{};  // reading them sets the kernel's counters back to zero
  socklen_t length = sizeof latest;
  const int fd = descriptor_.native_handle();
  if (::getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &latest, &length) == 0) drops_ += latest.tp_drops;
  return drops_;
}

ISAT_INLINE void packet_socket_state::wait(operation next) {
  if (next.cancelled()) return operation::post(std::move(next), asio::error::operation_aborted);
  descriptor_.async_wait(asio::posix::descriptor_base::wait_read, std::move(next));
}

ISAT_INLINE error_code packet_socket_state::translate(int code) noexcept {
  if (code == ENXIO || (code == ENETDOWN && is_unbound())) code = ENODEV;
  return {code, boost::system::system_category()};
}

ISAT_INLINE bool packet_socket_state::is_unbound() noexcept {
  sockaddr_ll address{};
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  return ::getsockname(descriptor_.native_handle(), generic, &length) == 0 && address.sll_ifindex != index_;
}

/// Fills `into_` with what is queued; returns how many, 0 if there was nothing of interest.
ISAT_INLINE std::size_t packet_socket_state::receive(error_code& error) noexcept {
  for (std::size_t i = 0; i < into_.size(); ++i) receive_headers_[i].msg_hdr.msg_namelen = sizeof(sockaddr_ll);
  const int taken = ::recvmmsg(descriptor_.native_handle(), receive_headers_.data(),
                               static_cast<unsigned>(into_.size()), MSG_DONTWAIT | MSG_TRUNC, nullptr);
  if (taken < 0) {
    if (errno != EAGAIN && errno != EINTR) error = translate(errno);
    return 0;
  }
  std::size_t count = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(taken); ++i) {
    const auto& sender = senders_[i];
    if (sender.sll_pkttype == PACKET_OUTGOING) continue;
    const std::size_t length = receive_headers_[i].msg_len;
    const bool foreign = sender.sll_pkttype == PACKET_OTHERHOST || sender.sll_ifindex != index_;
    into_[count++] = {std::span<const std::byte>{buffers_[i]}.first(std::min(length, buffers_[i].size())), length,
                      foreign};
  }
  return count;
}

ISAT_INLINE std::size_t packet_socket_state::send(std::span<const std::span<const std::byte>> frames,
                                                  error_code& error) noexcept {
  assert(frames.size() <= transport::batch_max);
  error = {};
  if (frames.empty()) return 0;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    send_parts_[i] = {const_cast<std::byte*>(frames[i].data()), frames[i].size()};
  }
  const int sent =
      ::sendmmsg(descriptor_.native_handle(), send_headers_.data(), static_cast<unsigned>(frames.size()), MSG_DONTWAIT);
  if (sent < 0) {
    error = translate(errno);
    return 0;
  }
  const auto count = static_cast<std::size_t>(sent);
  // The kernel keeps the reason to itself until the rest is tried again, which is for the caller to do: the right to
  // send has to be checked first.
  if (count < frames.size()) error = asio::error::would_block;
  return count;
}

ISAT_INLINE file_descriptor open_packet_socket(int index, error_code& error) {
  const auto failed = [&error] {
    error.assign(errno, boost::system::system_category());
    return file_descriptor{};
  };
  // Protocol 0 receives nothing. Only bind() turns the flow on, and by then the filter is in place.
  file_descriptor socket{::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket) return failed();

  auto program = transport::arp_filter;
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) return failed();

  // Room for a storm: 4 MiB (the kernel doubles it) are some 10,000 requests, as after a power failure, when all hosts
  // of a large segment ask at once. The limit net.core.rmem_max cuts it down silently unless we have CAP_NET_ADMIN.
  const int room = 4 * 1024 * 1024;
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0 &&
      ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room) != 0) {
    return failed();
  }

  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ARP);
  address.sll_ifindex = index;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return failed();
  return socket;
}

}  // namespace isat::inline v0::detail

namespace isat::inline v0::transport {

ISAT_INLINE std::unique_ptr<packet_socket> packet_socket::open(asio::any_io_executor executor, const link_state& link,
                                                               error_code& error) {
  assert(link.ethernet && link.index != 0);
  error = {};
  const int index = static_cast<int>(link.index);
  auto socket = detail::open_packet_socket(index, error);
  if (error) return nullptr;
  auto state = std::make_shared<detail::packet_socket_state>(std::move(executor));
  state->assign(std::move(socket), index, error);
  if (error) return nullptr;
  return std::unique_ptr<packet_socket>{new packet_socket{std::move(state), {link.name, link.mac}}};
}

ISAT_INLINE std::size_t packet_socket::try_send(std::span<const std::span<const std::byte>> frames,
                                                error_code& error) noexcept {
  return state_->send(frames, error);
}

ISAT_INLINE packet_socket::packet_socket(std::shared_ptr<detail::packet_socket_state> state, link_identity identity)
    : state_{std::move(state)}, identity_{std::move(identity)} {}

ISAT_INLINE void packet_socket::do_receive(std::span<received_frame> into, handler<receive_signature> done) {
  assert(!into.empty());
  state_->start(into, {state_, std::move(done)});
}

ISAT_INLINE packet_socket::~packet_socket() { state_->close(); }

ISAT_INLINE asio::any_io_executor packet_socket::get_executor() noexcept { return state_->get_executor(); }

ISAT_INLINE transport_statistics packet_socket::statistics() noexcept { return {state_->drops()}; }

}  // namespace isat::inline v0::transport
