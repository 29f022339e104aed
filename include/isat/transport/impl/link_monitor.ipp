// SPDX-License-Identifier: BSL-1.0

// The bodies of link_monitor.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/transport/link_message.hpp"
#include "isat/transport/link_monitor.hpp"
#include "isat/transport/link_socket.hpp"
#include "isat/transport/wait_operation.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

namespace isat::inline v0::detail {

/// What a link monitor and its pending operation share.
class link_monitor_state {
 public:
  using signature = void(error_code, std::vector<transport::link_change>);
  using operation = wait_operation<link_monitor_state, signature>;

  explicit link_monitor_state(asio::any_io_executor executor);

  asio::any_io_executor get_executor() noexcept { return descriptor_.get_executor(); }
  const transport::link_table& table() const noexcept { return table_; }

  void start(operation next);

  void resume(operation next, error_code error);

  void close() noexcept;

 private:
  void wait(operation next);

  void disconnect() noexcept;

  void connect(error_code& error);

  /// Reads until there is something to tell; `would_block` when all that came so far told nothing.
  void advance(error_code& error);

  void request_dump(error_code& error);

  void read(error_code& error);

  asio::posix::stream_descriptor descriptor_;
  transport::link_table table_;
  std::vector<std::byte> buffer_;
  std::uint32_t sequence_{};
  bool told_{};
  bool closed_{};
};

}  // namespace isat::inline v0::detail

namespace isat::inline v0::detail {

ISAT_INLINE void link_monitor_state::start(operation next) { operation::post(std::move(next)); }

ISAT_INLINE link_monitor_state::link_monitor_state(asio::any_io_executor executor)
    : descriptor_{std::move(executor)}, buffer_(link_datagram_max) {}

ISAT_INLINE void link_monitor_state::resume(operation next, error_code error) {
  if (closed_) error = asio::error::operation_aborted;
  if (!error) advance(error);
  if (error == asio::error::would_block) return wait(std::move(next));
  // After an error of the socket the next call starts with a new one; a cancellation leaves it as it is.
  if (error && error != asio::error::operation_aborted) disconnect();
  next.complete(error, error ? std::vector<transport::link_change>{} : table_.take_changes());
}

ISAT_INLINE void link_monitor_state::close() noexcept {
  closed_ = true;
  disconnect();
}

ISAT_INLINE void link_monitor_state::wait(operation next) {
  if (next.cancelled()) return operation::post(std::move(next), asio::error::operation_aborted);
  descriptor_.async_wait(asio::posix::descriptor_base::wait_read, std::move(next));
}

ISAT_INLINE void link_monitor_state::disconnect() noexcept {
  error_code ignored;
  descriptor_.close(ignored);
  table_.restart();
}

ISAT_INLINE void link_monitor_state::connect(error_code& error) {
  auto socket = open_link_socket(RTMGRP_LINK, error);
  if (error) return;
  descriptor_.assign(socket.get(), error);
  if (!error) socket.release();
}

ISAT_INLINE void link_monitor_state::advance(error_code& error) {
  if (!descriptor_.is_open()) connect(error);
  while (!error) {
    // Before the first dump is whole, nobody could tell what is missing from what has not been named yet.
    const bool first = !told_ && table_.synced();
    if (first || (told_ && table_.has_changes())) break;
    read(error);
    // Only now: after a loss the kernel stays silent until the queue is empty, and what is still queued is older than
    // the dump, which it would seem to confirm.
    if (error == asio::error::would_block && table_.wants_dump()) request_dump(error);
  }
  if (!error) told_ = true;
}

ISAT_INLINE void link_monitor_state::request_dump(error_code& error) {
  table_.begin_dump(++sequence_);
  request_link_dump(descriptor_.native_handle(), sequence_, error);
}

ISAT_INLINE void link_monitor_state::read(error_code& error) {
  const auto datagram = receive_link_datagram(descriptor_.native_handle(), buffer_, error);
  if (error == asio::error::no_buffer_space) {
    table_.overrun();
    error = {};
  }
  transport::link_message_reader messages{datagram};
  while (auto message = messages.next()) {
    if (const int code = table_.apply(*message); code != 0) error.assign(code, boost::system::system_category());
  }
}

}  // namespace isat::inline v0::detail

namespace isat::inline v0::transport {

ISAT_INLINE link_monitor::link_monitor(asio::any_io_executor executor)
    : state_{std::make_shared<detail::link_monitor_state>(std::move(executor))} {}

ISAT_INLINE link_monitor::~link_monitor() { state_->close(); }

ISAT_INLINE asio::any_io_executor link_monitor::get_executor() noexcept { return state_->get_executor(); }

ISAT_INLINE const link_table& link_monitor::links() const noexcept { return state_->table(); }

ISAT_INLINE void link_monitor::start(handler<changes_signature> done) { state_->start({state_, std::move(done)}); }

}  // namespace isat::inline v0::transport
