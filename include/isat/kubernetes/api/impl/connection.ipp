// SPDX-License-Identifier: BSL-1.0

// The bodies of detail/connection.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/api/detail/address_book.hpp"
#include "isat/kubernetes/api/detail/connection.hpp"
#include "isat/kubernetes/api/detail/tls_context.hpp"
#include "isat/kubernetes/error.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string_view>
#include <sys/socket.h>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

ISAT_INLINE connection::connection(const asio::any_io_executor& executor, server_url url,
                                   std::shared_ptr<asio::ssl::context> context, std::shared_ptr<address_book> names,
                                   connection_options options)
    : url_{std::move(url)},
      context_{std::move(context)},
      options_{options},
      names_{std::move(names)},
      socket_{executor},
      timer_{executor} {
  if (context_ != nullptr) tls_.emplace(socket_, *context_);
}

template <class Function>
void connection::with_stream(Function function) {
  if (tls_) {
    function(*tls_);
  } else {
    function(socket_);
  }
}

ISAT_INLINE void connection::connect(const tls_context& trust, done_function done) {
  done_ = std::move(done);
  connect_until_ = std::chrono::steady_clock::now() +
                   std::chrono::duration_cast<std::chrono::steady_clock::duration>(options_.connect_timeout);
  expected_ = trust.expected_name(url_);
  prepared_ = !tls_ || trust.prepare(tls_->native_handle(), url_);
  boost::system::error_code no_address;
  const auto address = asio::ip::make_address(url_.host, no_address);
  const auto known = no_address ? names_->known(url_.host) : std::vector{address};
  if (known.empty()) return look_up(connect_until_);
  is_from_memory_ = static_cast<bool>(no_address);
  take_addresses(known);
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (!self->is_closed_) self->try_next();
  });
}

ISAT_INLINE void connection::take_addresses(const std::vector<asio::ip::address>& found) {
  addresses_.clear();
  next_ = 0;
  for (const auto& each : found) addresses_.emplace_back(each, url_.port);
}

ISAT_INLINE void connection::look_up(std::chrono::steady_clock::time_point until) {
  is_looking_up_ = true;
  timer_.expires_at(until);
  timer_.async_wait([self = shared_from_this()](error_code cancelled) {
    if (!cancelled) self->on_late();
  });
  // The lookup does not keep the connection: nobody knows when it ends.
  names_->look_up(url_.host, [life = weak_from_this()](error_code error, const std::vector<asio::ip::address>& found) {
    const auto self = life.lock();
    if (self != nullptr && !self->is_closed_ && self->done_ && self->is_looking_up_) self->on_found(error, found);
  });
}

ISAT_INLINE void connection::on_found(error_code error, const std::vector<asio::ip::address>& found) {
  is_looking_up_ = false;
  if (!error && found.empty()) error = asio::error::host_not_found;
  if (error && memory_error_) return finish(memory_error_, "cannot connect to " + url_.text);
  if (error) return finish(error, "cannot resolve the name of " + url_.text);
  take_addresses(found);
  try_next();
}

// A server behind several addresses: none of them may use up the time of the others.
ISAT_INLINE void connection::try_next() {
  const auto now = std::chrono::steady_clock::now();
  const auto left = static_cast<long>(addresses_.size() - next_) + (is_from_memory_ ? 1 : 0);  // one for a lookup
  boost::system::error_code error;
  socket_.close(error);
  const tcp::endpoint& where = addresses_[next_++];
  is_late_ = false;
  socket_.open(where.protocol(), error);
  if (error) return on_connected(error);
  set_options();
  timer_.expires_at(now + (connect_until_ - now) / left);
  timer_.async_wait([self = shared_from_this()](error_code cancelled) {
    if (!cancelled) self->on_late();
  });
  socket_.async_connect(where, [self = shared_from_this()](error_code outcome) {
    if (!self->is_closed_ && self->done_) self->on_connected(outcome);
  });
}

ISAT_INLINE void connection::set_options() {
  boost::system::error_code ignored;  // without them it works too, only worse
  socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
  socket_.set_option(asio::socket_base::keep_alive{true}, ignored);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(options_.tcp_user_timeout).count();
  const auto set = [this](int name, int value) {
    ::setsockopt(socket_.native_handle(), IPPROTO_TCP, name, &value, sizeof value);
  };
  set(TCP_KEEPIDLE, 5);
  set(TCP_KEEPINTVL, 5);
  set(TCP_KEEPCNT, 3);
  set(TCP_USER_TIMEOUT, static_cast<int>(std::clamp<long>(milliseconds, 0, 3'600'000)));
}

ISAT_INLINE void connection::on_late() {
  const bool is_stale = std::chrono::steady_clock::now() < timer_.expiry();  // it is about a step that is over
  if (is_closed_ || is_connected_ || !done_ || is_stale) return;
  is_late_ = true;
  if (is_looking_up_) return on_found(error::request_timeout, {});
  boost::system::error_code ignored;
  socket_.close(ignored);  // what is pending on it ends
}

ISAT_INLINE void connection::on_connected(error_code error) {
  if (is_late_) error = asio::error::timed_out;
  if (error && next_ < addresses_.size()) return try_next();
  if (error && std::exchange(is_from_memory_, false)) {
    memory_error_ = error;
    names_->doubt(url_.host);
    return look_up(std::min(std::chrono::steady_clock::now() + second_lookup_max, connect_until_));
  }
  if (error) return finish(error, "cannot connect to " + url_.text);
  if (!tls_) return on_ready();
  shake_hands();
}

// The timer may have expired already: it has nothing to say any more.
ISAT_INLINE void connection::on_ready() {
  is_connected_ = true;
  if (!url_.host_is_address) {
    std::vector<asio::ip::address> all;
    for (const auto& each : addresses_) all.push_back(each.address());
    names_->note_good(url_.host, addresses_[next_ - 1].address(), std::move(all));
  }
  finish({}, {});
}

ISAT_INLINE void connection::shake_hands() {
  if (!prepared_) return finish(error::bad_certificate, "no certificate can be for " + expected_);
  timer_.expires_at(connect_until_);
  timer_.async_wait([self = shared_from_this()](error_code cancelled) {
    if (!cancelled) self->on_late();
  });
  tls_->async_handshake(asio::ssl::stream_base::client, [self = shared_from_this()](error_code error) {
    if (self->is_closed_ || !self->done_) return;
    // Its last step may have been done when the socket was closed because it was late.
    if (!error && !self->is_late_) return self->on_ready();
    self->on_no_handshake();
    const std::string step = "cannot connect to " + self->url_.text;
    if (self->is_late_) return self->finish(asio::error::timed_out, step + " (TLS)");
    std::string why;
    error = handshake_failure(self->tls_->native_handle(), error, self->expected_, why);
    // The message says it all.
    const auto done = std::exchange(self->done_, nullptr);
    self->close();
    done(error, step + ": " + why);
  });
}

// The address that worked before may be somebody else's now: the next connection will know.
ISAT_INLINE void connection::on_no_handshake() {
  if (!std::exchange(is_from_memory_, false)) return;
  names_->doubt(url_.host);
  names_->look_up(url_.host, [](error_code, const std::vector<asio::ip::address>&) {});
}

ISAT_INLINE void connection::finish(error_code error, const std::string& message) {
  timer_.cancel();
  const auto done = std::exchange(done_, nullptr);
  on_head_ = nullptr;
  answer_.reset();
  if (error || is_writing_) close();
  if (done) done(error, error ? message + ": " + error.message() : std::string{});
}

ISAT_INLINE void connection::exchange(std::string request, std::shared_ptr<http_exchange> answer,
                                      std::function<void()> on_head, done_function done) {
  request_ = std::move(request);
  answer_ = std::move(answer);
  on_head_ = std::move(on_head);
  done_ = std::move(done);
  write();
  read();  // at once: a server may refuse a request before it has read all of it
}

ISAT_INLINE void connection::write() {
  is_writing_ = true;
  with_stream([this](auto& stream) {
    asio::async_write(stream, asio::buffer(request_), [self = shared_from_this()](error_code error, std::size_t) {
      // What a failure means is seen by reading: there may be an answer all the same, and there is an end.
      self->is_writing_ = static_cast<bool>(error);
      self->request_.clear();
    });
  });
}

ISAT_INLINE void connection::read() {
  with_stream([this](auto& stream) {
    stream.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](error_code error, std::size_t size) {
      if (!self->is_closed_ && self->done_) self->on_octets(error, size);
    });
  });
}

ISAT_INLINE void connection::on_octets(error_code error, std::size_t size) {
  const auto answer = answer_;
  const error_code fault = answer->receive({buffer_.data(), size});
  if (is_closed_) return;  // a piece of it was enough
  if (fault) return finish(fault, "the answer of " + url_.text + " cannot be read");
  if (answer->has_head()) tell_head();
  if (is_closed_) return;
  if (answer->is_done()) return finish({}, {});
  if (error) return on_end(error);
  read();
}

ISAT_INLINE void connection::tell_head() {
  if (const auto on_head = std::exchange(on_head_, nullptr)) on_head();
}

// An end that TLS does not vouch for may be anybody's doing.
ISAT_INLINE void connection::on_end(error_code error) {
  if (error == asio::ssl::error::stream_truncated) {
    error = asio::error::eof;
  } else if (error == asio::error::eof) {
    error = answer_->receive_end();
  }
  if (!error) {
    tell_head();
    if (is_closed_) return;
    return finish({}, {});
  }
  finish(error, answer_->has_begun() ? "the answer of " + url_.text + " broke off" : "no answer from " + url_.text);
}

ISAT_INLINE void connection::close() noexcept {
  is_closed_ = true;
  done_ = nullptr;
  on_head_ = nullptr;
  answer_.reset();
  boost::system::error_code ignored;
  timer_.cancel();
  socket_.close(ignored);
}

ISAT_INLINE bool connection::is_fit() {
  if (is_closed_ || is_writing_) return false;
  char octet = 0;
  const auto size = ::recv(socket_.native_handle(), &octet, 1, MSG_PEEK | MSG_DONTWAIT);
  return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace isat::inline v0::kubernetes::detail
