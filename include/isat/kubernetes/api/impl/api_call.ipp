// SPDX-License-Identifier: BSL-1.0

// The bodies of detail/api_call.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/api/detail/api_call.hpp"
#include "isat/kubernetes/api/detail/client_state.hpp"
#include "isat/kubernetes/api/http_exchange.hpp"
#include "isat/kubernetes/error.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

ISAT_INLINE api_call::api_call(client_state& client, api_request request, api_client::piece_function on_piece)
    : client_{client},
      request_{std::move(request)},
      on_piece_{std::move(on_piece)},
      waiting_{client.executor},
      deadline_{client.executor},
      pause_{client.executor} {}

/// True if a server that answers so is at work. One that starts or is in trouble refuses what it would grant later.
ISAT_INLINE bool is_good_status(unsigned status) noexcept {
  return status >= 200 && status < 500 && status != 401 && status != 403 && status != 429;
}

/// True if a server that answers so may be away for others, too. @param status 0: nobody has answered
ISAT_INLINE bool is_bad_status(unsigned status) noexcept { return status == 0 || status >= 500; }

/// `function`, made to do nothing when this call is over; it does not keep the call.
template <class Function>
auto api_call::while_running(Function function) {
  return [call = weak_from_this(), function = std::move(function)](auto&&... arguments) {
    const auto self = call.lock();
    if (self != nullptr && !self->is_over_) function(*self, std::forward<decltype(arguments)>(arguments)...);
  };
}

ISAT_INLINE void api_call::start(handler<api_client::response_signature> done) {
  waiting_.store(std::move(done), [this] {
    settle(server_verdict::abandoned);
    finish(asio::error::operation_aborted);
  });
  deadline_.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(request_.timeout));
  deadline_.async_wait(while_running([](api_call& self, error_code cancelled) {
    if (!cancelled) self.on_deadline();
  }));
  ask_identity();
}

ISAT_INLINE void api_call::abort() {
  is_over_ = true;
  deadline_.cancel();
  pause_.cancel();
  if (connection_ != nullptr) connection_->close();
  note_status();
  response_.message = "the client has ended";
  waiting_.complete(asio::error::operation_aborted, std::move(response_));
}

ISAT_INLINE void api_call::ask_identity() {
  client_.identities.async_identity(
      while_running([](api_call& self, error_code error, identity who) { self.on_identity(error, std::move(who)); }));
}

ISAT_INLINE void api_call::on_identity(error_code error, identity who) {
  if (was_refused_ && (error || who.generation == who_.generation)) return finish(error::unauthorized);
  if (error) return fail(error, client_.identities.failure());
  who_ = std::move(who);
  response_ = {};
  choose();
}

ISAT_INLINE server_list::wish api_call::wish() const {
  server_list::wish result;
  result.urgency = request_.urgency;
  result.elsewhere = request_.elsewhere;
  result.stream = static_cast<bool>(on_piece_);
  // Of a stream only the path: its query holds the version that it goes on from.
  result.what = result.stream ? request_.target.substr(0, request_.target.find('?')) : request_.target;
  result.what += static_cast<char>('0' + static_cast<int>(request_.method));
  result.what += request_.subject;
  return result;
}

ISAT_INLINE void api_call::choose() {
  if (client_.urls.empty()) return fail(error::no_server, client_.url_failure);
  const auto now = std::chrono::steady_clock::now();
  if (!client_.servers.has_choice(failed_)) {
    client_.note_trouble();
    return finish(last_error_);
  }
  const auto choice = client_.servers.choose(wish(), now, failed_);
  server_ = choice.server;
  response_.server = client_.urls[server_].text;
  if (choice.not_before > now && !std::exchange(has_paused_, true)) {
    pause_.expires_at(choice.not_before);
    return pause_.async_wait(while_running([](api_call& self, error_code) { self.choose(); }));
  }
  ticket_ = client_.servers.begin(server_, wish(), now);
  open(true);
}

ISAT_INLINE void api_call::open(bool may_reuse) {
  const server_url url = client_.urls[server_];  // a warning's handler may add servers
  std::shared_ptr<asio::ssl::context> context;
  if (url.tls) {
    context = client_.tls.make(who_);
    if (context == nullptr) {
      settle(server_verdict::none);
      return fail(error::no_credentials, client_.tls.failure());
    }
  }
  if (may_reuse) connection_ = client_.kept.take(server_, context, std::chrono::steady_clock::now());
  is_reused_ = connection_ != nullptr;
  if (is_reused_) return send();
  const connection_options options{client_.options.connect_timeout, client_.options.tcp_user_timeout};
  connection_ = std::make_shared<connection>(client_.executor, url, std::move(context), client_.names, options);
  connection_->connect(client_.tls, while_running([](api_call& self, error_code error, const std::string& message) {
                         self.on_connected(error, message);
                       }));
}

// Nothing was sent: another server may do it.
ISAT_INLINE void api_call::on_connected(error_code error, const std::string& message) {
  if (!error) return send();
  settle(server_verdict::failed);
  failed_.insert(server_);
  last_error_ = error;
  response_.message = message;
  choose();
}

ISAT_INLINE void api_call::send() {
  const server_url& url = client_.urls[server_];
  if (on_piece_) {
    answer_ = std::make_shared<http_exchange>(
        while_running([](api_call& self, std::string_view piece) { self.on_piece_(piece); }));
  } else {
    answer_ = std::make_shared<http_exchange>(request_.answer_max);
  }
  // Whoever listens on a port without TLS is not known, also on the loopback: it gets no token.
  const std::string_view token = url.tls ? std::string_view{who_.token} : std::string_view{};
  const request_frame frame{url.authority, url.path, token, client_.options.user_agent};
  connection_->exchange(to_http(request_, frame), answer_, while_running([](api_call& self) { self.on_head(); }),
                        while_running([](api_call& self, error_code error, const std::string& message) {
                          self.on_done(error, message);
                        }));
}

ISAT_INLINE bool api_call::streams() const noexcept {
  return on_piece_ && answer_ != nullptr && answer_->response().status / 100 == 2;
}

ISAT_INLINE void api_call::on_head() {
  const unsigned status = answer_->response().status;
  if (streams()) deadline_.cancel();
  if (status == 429) return settle(server_verdict::overrun);
  settle(status >= 500 ? server_verdict::failed : server_verdict::answered);
  if (status < 500) client_.note_answer();
  if (is_good_status(status)) client_.note_end(true);
}

ISAT_INLINE void api_call::on_done(error_code error, const std::string& message) {
  if (!error) return on_answer();
  const bool is_stale = std::exchange(is_reused_, false) && !answer_->has_begun();
  connection_.reset();  // it has closed itself
  if (is_stale && request_.repeatable) return open(false);
  settle(server_verdict::failed);
  fail(error, message);
}

ISAT_INLINE void api_call::on_answer() {
  std::string server = std::move(response_.server);
  response_ = std::move(answer_->response());
  response_.server = std::move(server);
  const auto connection = std::exchange(connection_, nullptr);
  if (answer_->keeps_alive()) {
    client_.kept.put(server_, connection, std::chrono::steady_clock::now());
  } else {
    connection->close();
  }
  if (response_.status == 401 && !std::exchange(was_refused_, true)) {
    client_.identities.refused(who_.generation);
    return ask_identity();
  }
  const error what = error_of_status(response_.status, response_.reason);
  finish(what == error::none ? error_code{} : error_code{what});
}

ISAT_INLINE void api_call::on_deadline() {
  if (streams()) return;  // its head came at the very last moment
  const auto seconds = std::chrono::duration<double>{request_.timeout}.count();
  const auto late = [seconds](const std::string& what) { return what + fmt::format(" within {:.3g} s", seconds); };
  const bool has_server = ticket_ != 0 || answer_ != nullptr;
  settle(server_verdict::failed);
  if (!has_server && has_paused_)
    return fail(error::request_timeout, late(response_.server + " did not take requests"));
  if (!has_server) return fail(error::request_timeout, late("there are no credentials"));
  fail(error::request_timeout, late((answer_ != nullptr ? "no answer from " : "no connection to ") + response_.server));
}

ISAT_INLINE void api_call::settle(server_verdict verdict) {
  constexpr std::chrono::seconds usual{1};  // where a server asks to come later and does not say when
  auto later = answer_ != nullptr ? answer_->response().retry_after : std::chrono::seconds{};
  if (verdict == server_verdict::overrun && later.count() == 0) later = usual;
  client_.servers.end(std::exchange(ticket_, 0), verdict, later, std::chrono::steady_clock::now());
}

ISAT_INLINE void api_call::fail(error_code error, std::string message) {
  response_.message = std::move(message);
  finish(error);
}

// Of an answer that has no good end.
ISAT_INLINE void api_call::note_status() {
  if (response_.status == 0 && answer_ != nullptr) response_.status = answer_->response().status;
}

ISAT_INLINE void api_call::finish(error_code error) {
  const auto self = shared_from_this();  // until the end of this function
  is_over_ = true;
  deadline_.cancel();
  pause_.cancel();
  if (connection_ != nullptr) connection_->close();
  note_status();
  if (error && error != asio::error::operation_aborted && is_bad_status(response_.status)) client_.note_end(false);
  client_.calls.erase(self);
  waiting_.complete(error, std::move(response_));
}

}  // namespace isat::inline v0::kubernetes::detail
