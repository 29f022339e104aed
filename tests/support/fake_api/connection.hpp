// SPDX-License-Identifier: BSL-1.0

// One connection of a fake API server: the TLS handshake, then request by request what the router answers, bent as the
// fault script says; a watch until it ends. One coroutine, woken by wake() to look what has changed.
#pragma once

#include "fake_api/server_core.hpp"
#include "fake_api/watch_stream.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace isat::test::fake_api {

class connection : public std::enable_shared_from_this<connection> {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  connection(std::shared_ptr<server_core> core, asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> tls,
             std::uint64_t number);

  void start();
  void wake();
  void close(ending how);

  bool is_watching() const noexcept { return watching_; }
  void end_watch(ending how);
  void send_in_watch(std::string_view text);
  void want_bookmark();

 private:
  asio::awaitable<void> run();
  asio::awaitable<bool> shake_hands();
  asio::awaitable<void> shut_down();
  bool false_after_cut();
  /// @return nothing: the connection is over
  asio::awaitable<std::optional<request_record>> read_request();
  asio::awaitable<bool> serve(request_record record);
  asio::awaitable<bool> hold();
  asio::awaitable<bool> reply(answer what, fault how);
  asio::awaitable<bool> write(std::string_view octets, std::size_t piece);
  asio::awaitable<void> wait(time_point until);
  asio::awaitable<bool> pass_time(std::chrono::nanoseconds span);
  asio::awaitable<bool> pass_pause();
  void peek();
  std::optional<identity> read_certificate();

  // watch_connection.cpp
  asio::awaitable<bool> serve_watch(watch_plan plan, std::size_t piece);
  asio::awaitable<bool> run_watch(watch_plan plan);
  asio::awaitable<bool> send_event(std::string_view line);
  asio::awaitable<bool> send_news(watch_stream& stream);
  asio::awaitable<bool> send_chunk(std::string_view octets);
  bool has_news(const watch_stream& stream) const;

  std::shared_ptr<server_core> core_;
  std::shared_ptr<asio::ssl::context> tls_;
  asio::ssl::stream<asio::ip::tcp::socket> stream_;
  asio::steady_timer waker_;
  boost::beast::flat_buffer buffer_;
  std::uint64_t number_;
  std::optional<identity> certificate_;
  bool certificate_refused_ = false;
  bool keep_alive_ = true;
  bool closed_ = false;   // the socket is closed
  bool closing_ = false;  // the connection is to end in good order
  bool shut_ = false;     // and has
  bool reading_ = false;  // a read is pending that tells when the client goes
  bool peer_gone_ = false;
  bool watching_ = false;
  bool wants_bookmark_ = false;
  ending watch_end_{};
  std::string injected_;
  std::size_t piece_ = 0;
};

}  // namespace isat::test::fake_api
