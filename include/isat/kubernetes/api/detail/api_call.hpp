// SPDX-License-Identifier: BSL-1.0

// One request of an api_client on its way: asks as whom, chooses a server, takes or makes a connection, exchanges. Once
// more if no connection came about (by another server), if the credentials were old (401), or if a kept connection was
// closed without an answer and the request may be repeated: it may have been done then. Its client_state keeps it until
// it is over; whatever it waits for holds it weakly, and finds it over otherwise. It refuses to repeat what a server
// has refused for a reason.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/api/detail/connection.hpp"
#include "isat/kubernetes/api/server_list.hpp"
#include "isat/kubernetes/config/credential_source.hpp"
#include "isat/pending_operation.hpp"

#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

namespace isat::inline v0::kubernetes::detail {

class client_state;

class api_call : public std::enable_shared_from_this<api_call> {
 public:
  /// @param on_piece empty: not a stream
  api_call(client_state& client, api_request request, api_client::piece_function on_piece);

  /// Once, when it is in client.calls.
  void start(handler<api_client::response_signature> done);
  /// The client ends.
  void abort();

  /// It is at this server, or knows that it cannot go there.
  bool knows(std::size_t server) const noexcept { return server == server_ || failed_.contains(server); }

 private:
  void ask_identity();
  void on_identity(error_code error, identity who);
  void choose();
  void open(bool may_reuse);
  void on_connected(error_code error, const std::string& message);
  void send();
  void on_head();
  void on_done(error_code error, const std::string& message);
  void on_answer();
  void on_deadline();
  void settle(server_verdict verdict);
  void note_status();
  void finish(error_code error);
  void fail(error_code error, std::string message);
  server_list::wish wish() const;
  bool streams() const noexcept;
  template <class Function>
  auto while_running(Function function);

  client_state& client_;
  api_request request_;
  api_client::piece_function on_piece_;
  pending_operation<api_client::response_signature> waiting_;
  asio::steady_timer deadline_;
  asio::steady_timer pause_;
  identity who_;
  std::size_t server_ = 0;
  std::set<std::size_t> failed_;  // servers that could not be reached
  error_code last_error_;
  std::uint64_t ticket_ = 0;  // of server_list; 0: settled
  std::shared_ptr<connection> connection_;
  std::shared_ptr<http_exchange> answer_;
  api_response response_;
  bool has_paused_ = false;
  bool is_reused_ = false;    // the connection was kept
  bool was_refused_ = false;  // by 401
  bool is_over_ = false;
};

}  // namespace isat::inline v0::kubernetes::detail

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/api/impl/api_call.ipp"
#endif
