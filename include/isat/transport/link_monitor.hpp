// SPDX-License-Identifier: BSL-1.0

// Follows the network interfaces of this namespace through rtnetlink: first all that there are, then every observable
// change. Source of the control path: the speaker opens and closes transports by it. It subscribes before it asks for
// the dump, so no change falls between the two, and asks anew when the kernel had to drop messages. It refuses to
// poll, and it reads only while somebody waits, so that its memory is bounded by the number of interfaces.
#pragma once

#include "isat/transport/link_message.hpp"
#include "isat/transport/link_socket.hpp"
#include "isat/transport/link_state.hpp"
#include "isat/transport/link_table.hpp"
#include "isat/transport/wait_operation.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace isat::inline v0::detail {

/// What a link monitor and its pending operation share.
class link_monitor_state {
 public:
  using signature = void(error_code, std::vector<transport::link_change>);
  using operation = wait_operation<link_monitor_state, signature>;

  explicit link_monitor_state(asio::any_io_executor executor)
      : descriptor_{std::move(executor)}, buffer_(link_datagram_max) {}

  asio::any_io_executor get_executor() noexcept { return descriptor_.get_executor(); }
  const transport::link_table& table() const noexcept { return table_; }

  void start(operation next) { operation::post(std::move(next)); }

  void resume(operation next, error_code error) {
    if (closed_) error = asio::error::operation_aborted;
    if (!error) advance(error);
    if (error == asio::error::would_block) return wait(std::move(next));
    // After an error of the socket the next call starts with a new one; a cancellation leaves it as it is.
    if (error && error != asio::error::operation_aborted) disconnect();
    next.complete(error, error ? std::vector<transport::link_change>{} : table_.take_changes());
  }

  void close() noexcept {
    closed_ = true;
    disconnect();
  }

 private:
  void wait(operation next) {
    if (next.cancelled()) return operation::post(std::move(next), asio::error::operation_aborted);
    descriptor_.async_wait(asio::posix::descriptor_base::wait_read, std::move(next));
  }

  void disconnect() noexcept {
    error_code ignored;
    descriptor_.close(ignored);
    table_.restart();
  }

  void connect(error_code& error) {
    auto socket = open_link_socket(RTMGRP_LINK, error);
    if (error) return;
    descriptor_.assign(socket.get(), error);
    if (!error) socket.release();
  }

  /// Reads until there is something to tell; `would_block` when all that came so far told nothing.
  void advance(error_code& error) {
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

  void request_dump(error_code& error) {
    table_.begin_dump(++sequence_);
    request_link_dump(descriptor_.native_handle(), sequence_, error);
  }

  void read(error_code& error) {
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

  asio::posix::stream_descriptor descriptor_;
  transport::link_table table_;
  std::vector<std::byte> buffer_;
  std::uint32_t sequence_{};
  bool told_{};
  bool closed_{};
};

}  // namespace isat::inline v0::detail

namespace isat::inline v0::transport {

/// Tells what happens to the network interfaces. Not thread-safe; every operation runs on its executor.
class link_monitor {
 public:
  using changes_signature = detail::link_monitor_state::signature;

  /// Starts nothing: the socket is opened by the first async_changes().
  explicit link_monitor(asio::any_io_executor executor)
      : state_{std::make_shared<detail::link_monitor_state>(std::move(executor))} {}
  link_monitor(const link_monitor&) = delete;
  link_monitor& operator=(const link_monitor&) = delete;
  ~link_monitor() { state_->close(); }

  asio::any_io_executor get_executor() noexcept { return state_->get_executor(); }

  /// Waits until something changed since the last completion. The first completion brings all interfaces there are, as
  /// having appeared; so from then on one that has not been named does not exist. One call at a time.
  /// @return through the token: `error_code`, and the changes in order (at least one on success, after the first call).
  ///   Errors: `operation_aborted` when cancelled (any cancellation type; nothing is lost) or when the monitor is
  ///   destroyed; else what the system said. After such an error the next call opens a new socket and brings what
  ///   changed meanwhile; the caller decides when to try that.
  template <asio::completion_token_for<changes_signature> Token>
  auto async_changes(Token&& token) {
    return detail::erase<changes_signature>(std::forward<Token>(token), [this](handler<changes_signature> done) {
      state_->start({state_, std::move(done)});
    });
  }

  /// What is known now; it may be ahead of the changes that were delivered. Complete once `synced()` says so.
  const link_table& links() const noexcept { return state_->table(); }

 private:
  std::shared_ptr<detail::link_monitor_state> state_;
};

}  // namespace isat::inline v0::transport
