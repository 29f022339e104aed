// SPDX-License-Identifier: BSL-1.0

// A client that says to a fake API server exactly what it is told and keeps every octet that comes back, for the tests
// of the fake itself. It shares nothing with the library under test. It refuses to understand what it hears.
#pragma once

#include "fake_api/server.hpp"
#include "isat/error.hpp"
#include "test_certificates.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace isat::test::fake_api {

/// Runs until something holds. @return it does, within a bound
inline bool run_until(asio::io_context& context, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  while (!condition()) {
    context.restart();
    if (std::chrono::steady_clock::now() > end) return false;
    context.run_one_for(std::chrono::milliseconds{50});
  }
  return true;
}

/// A client that says what it is told and keeps all that it hears.
class wire_client {
 public:
  wire_client(asio::io_context& context, const server& to, const test_certificate& shown = test_certificate{})
      : context_{context}, tls_{context_for(to, shown)}, stream_{context, tls_} {
    stream_.set_verify_mode(asio::ssl::verify_peer);
    const asio::ip::tcp::endpoint there{asio::ip::make_address("127.0.0.1"), to.port()};
    ++pending_;
    stream_.lowest_layer().async_connect(there, [this](error_code error) {
      if (error) return finish();
      stream_.async_handshake(asio::ssl::stream_base::client, [this](error_code refused) {
        if (refused) return finish();
        ready_ = true;
        listen();
      });
    });
  }
  wire_client(const wire_client&) = delete;
  wire_client& operator=(const wire_client&) = delete;
  /// Goes away without a word, and waits until nothing of it is pending.
  ~wire_client() {
    error_code ignored;
    stream_.lowest_layer().close(ignored);
    run_until(context_, [this] { return pending_ == 0; });
  }

  bool connect() {
    return run_until(context_, [this] { return ready_ || ended_; }) && ready_;
  }

  void send(std::string_view method, const std::string& target, const std::string& body = {},
            const std::string& token = "admin-token") {
    if (!connect()) return;
    heard_.clear();
    auto request = fmt::format("{} {} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n", method, target, body.size());
    if (!token.empty()) request += "Authorization: Bearer " + token + "\r\n";
    if (!body.empty()) {
      request += fmt::format("Content-Type: application/{}json\r\n", method == "PATCH" ? "merge-patch+" : "");
    }
    sent_ = request + "\r\n" + body;
    ++pending_;
    asio::async_write(stream_, asio::buffer(sent_), [this](error_code, std::size_t) { --pending_; });
  }

  /// Asks and hears a whole answer. @return its status; 0: there was none
  unsigned ask(std::string_view method, const std::string& target, const std::string& body = {},
               const std::string& token = "admin-token") {
    send(method, target, body, token);
    run_until(context_, [this] { return ended_ || is_whole(); });
    return is_whole() ? status() : 0;
  }

  bool hears(std::string_view text) {
    return run_until(context_, [&] { return heard_.find(text) != std::string::npos; });
  }
  bool sees_end() {
    return run_until(context_, [this] { return ended_; });
  }

  const std::string& heard() const noexcept { return heard_; }
  std::string take() { return std::exchange(heard_, {}); }
  bool ended() const noexcept { return ended_; }
  unsigned status() const { return heard_.size() < 12 ? 0 : static_cast<unsigned>(std::stoul(heard_.substr(9, 3))); }

 private:
  static asio::ssl::context context_for(const server& from, const test_certificate& shown) {
    asio::ssl::context made{asio::ssl::context::tls_client};
    made.add_certificate_authority(asio::buffer(from.certificate_authority()));
    if (!shown.certificate.empty()) {
      made.use_certificate_chain(asio::buffer(shown.certificate));
      made.use_private_key(asio::buffer(shown.key), asio::ssl::context::pem);
    }
    return made;
  }

  bool is_whole() const {
    const auto head = heard_.find("\r\n\r\n");
    const auto length = heard_.find("Content-Length: ");
    if (head == std::string::npos || length == std::string::npos) return false;
    return heard_.size() == head + 4 + std::stoul(heard_.substr(length + 16));
  }
  void listen() {
    stream_.async_read_some(asio::buffer(some_), [this](error_code error, std::size_t size) {
      heard_.append(some_.data(), size);
      if (error) return finish();
      listen();
    });
  }
  void finish() {
    ended_ = true;
    --pending_;
  }

  asio::io_context& context_;
  asio::ssl::context tls_;
  asio::ssl::stream<asio::ip::tcp::socket> stream_;
  std::array<char, 4096> some_{};
  std::string sent_;
  std::string heard_;
  int pending_ = 0;  // chains of handlers that will come
  bool ready_ = false;
  bool ended_ = false;
};

}  // namespace isat::test::fake_api
