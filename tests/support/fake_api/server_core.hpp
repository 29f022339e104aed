// SPDX-License-Identifier: BSL-1.0

// What a fake API server's connections share: its acceptor, its TLS contexts, what the test has set, and who is there.
// Kept out of server.hpp so that tests do not compile asio/ssl. Connections hold it; the server's end is stop().
#pragma once

#include "fake_api/server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

namespace isat::test::fake_api {

class connection;

class server_core : public std::enable_shared_from_this<server_core> {
 public:
  server_core(asio::io_context& context, options how);

  void start();
  void stop();
  void use_certificate(const test_certificate& what);
  void limit_tls(int version_max);
  /// Every connection looks what has changed.
  void wake();
  void each_connection(const std::function<void(connection&)>& call);
  void gone(const std::shared_ptr<connection>& which) { connections.erase(which); }

  asio::io_context& context;
  options settings;
  std::shared_ptr<object_store> store;
  fake_api::router router;
  fault_script faults;
  request_log log;
  watch_behaviour watching;
  std::function<void(const request_record&)> on_request;
  bool paused = false;
  std::size_t held = 0;
  std::uint64_t accepted = 0;
  std::set<std::shared_ptr<connection>> connections;
  asio::ip::tcp::acceptor acceptor;
  std::uint16_t port;

 private:
  void accept();

  std::shared_ptr<asio::ssl::context> tls_;  // connections keep the one they began with
};

}  // namespace isat::test::fake_api
