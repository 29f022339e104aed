// SPDX-License-Identifier: BSL-1.0

// One connection to an API server, over TLS unless the URL says otherwise: is made once, carries one exchange after the
// other, is closed once. Between exchanges nothing is pending on it; whether the server has closed it meanwhile is
// asked of the kernel. Its functions tell what happens by callbacks on its executor, never inline; after close() there
// are none. It refuses to know deadlines of requests, to try again and to choose.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/api/http_exchange.hpp"
#include "isat/kubernetes/config/server_url.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace isat::inline v0::kubernetes::detail {

class address_book;
class tls_context;

/// How connections are made.
struct connection_options {
  std::chrono::nanoseconds connect_timeout;   ///< the lookup, all addresses of the name, TCP and TLS
  std::chrono::nanoseconds tcp_user_timeout;  ///< unacknowledged data for so long ends the connection
};

class connection : public std::enable_shared_from_this<connection> {
 public:
  /// @param message what failed at which step, for people; of use if there is an error
  using done_function = std::function<void(error_code, const std::string& message)>;

  /// How long a lookup is waited for when the addresses that worked before do not: other servers wait, too.
  static constexpr std::chrono::milliseconds second_lookup_max{250};

  /// @param context null for a URL without TLS
  connection(const asio::any_io_executor& executor, server_url url, std::shared_ptr<asio::ssl::context> context,
             std::shared_ptr<address_book> names, connection_options options);

  /// Once. @param trust used within the call only
  void connect(const tls_context& trust, done_function done);
  /// Sends a request and reads its answer. @pre connected, no exchange runs
  /// @param on_head called when answer.has_head(), before `done`
  void exchange(std::string request, std::shared_ptr<http_exchange> answer, std::function<void()> on_head,
                done_function done);
  /// Ends everything. No callback comes any more.
  void close() noexcept;

  /// No octet, no end and no error has come since the last exchange. @pre no exchange runs
  bool is_fit();
  const std::shared_ptr<asio::ssl::context>& context() const noexcept { return context_; }

 private:
  using tcp = asio::ip::tcp;

  void look_up(std::chrono::steady_clock::time_point until);
  void on_found(error_code error, const std::vector<asio::ip::address>& found);
  void take_addresses(const std::vector<asio::ip::address>& found);
  void try_next();
  void on_connected(error_code error);
  void on_ready();
  void shake_hands();
  void on_no_handshake();
  void on_late();
  void set_options();
  void finish(error_code error, const std::string& message);
  void write();
  void read();
  void on_octets(error_code error, std::size_t size);
  void tell_head();
  void on_end(error_code error);
  template <class Function>
  void with_stream(Function function);

  server_url url_;
  std::shared_ptr<asio::ssl::context> context_;
  connection_options options_;
  std::shared_ptr<address_book> names_;
  tcp::socket socket_;
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
  asio::steady_timer timer_;
  std::chrono::steady_clock::time_point connect_until_{};
  std::vector<tcp::endpoint> addresses_;
  std::size_t next_ = 0;         // address to be tried
  bool is_from_memory_ = false;  // the addresses are those that worked before
  bool is_looking_up_ = false;
  error_code memory_error_;  // of the last of those
  std::string expected_;     // what the certificate must be for
  bool prepared_ = true;
  bool is_late_ = false;
  bool is_connected_ = false;
  bool is_closed_ = false;
  bool is_writing_ = false;
  std::string request_;
  std::shared_ptr<http_exchange> answer_;
  std::function<void()> on_head_;
  done_function done_;
  std::array<char, 16384> buffer_;
};

}  // namespace isat::inline v0::kubernetes::detail

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/api/impl/connection.ipp"
#endif
