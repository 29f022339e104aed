// SPDX-License-Identifier: BSL-1.0

#include "http_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>

#include <array>
#include <string>
#include <utility>

namespace speakerd {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

/// How much of what a client sends beside its request is read, so that closing does not take the answer from it.
constexpr std::size_t leftover_max = 65'536;

http_answer answer_without_page(http::status status) {
  const auto number = static_cast<unsigned>(status);
  return {number, "text/plain; charset=utf-8", std::string{http::obsolete_reason(status)} + '\n', nullptr};
}

}  // namespace

class http_connection::state : public std::enable_shared_from_this<state> {
 public:
  state(asio::ip::tcp::socket socket, const http_limits& limits, page_function answer,
        std::function<void(unsigned)> on_answer)
      : socket_{std::move(socket)},
        over_{socket_.get_executor()},
        patience_{limits.patience},
        find_answer_{std::move(answer)},
        on_answer_{std::move(on_answer)},
        buffer_{limits.request_octets} {
    parser_.header_limit(static_cast<std::uint32_t>(limits.request_octets));
  }

  void start(std::function<void()> on_end) {
    on_end_ = std::move(on_end);
    error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);  // pieces need not wait for each other's receipt
    over_.expires_after(patience_);
    over_.async_wait([self = shared_from_this()](error_code cancelled) {
      if (!cancelled) self->close();
    });
    stage_ = http_stage::reading;
    http::async_read_header(socket_, buffer_, parser_,
                            [self = shared_from_this()](error_code error, std::size_t) { self->on_request(error); });
  }

  // What is pending ends by it, and that ends the rest.
  void close() noexcept {
    error_code ignored;
    socket_.close(ignored);
  }

  http_stage stage() const noexcept { return stage_; }

 private:
  void on_request(error_code error) {
    if (!error) return respond(choose_answer());
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      return respond(answer_without_page(http::status::request_header_fields_too_large));
    }
    const bool is_garbage = error.category() == make_error_code(http::error::bad_method).category() &&
                            error != http::error::end_of_stream && error != http::error::partial_message;
    if (is_garbage) return respond(answer_without_page(http::status::bad_request));
    end();
  }

  http_answer choose_answer() const {
    const auto& request = parser_.get();
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
      return answer_without_page(http::status::method_not_allowed);
    }
    const auto target = request.target();
    const std::string_view path{target.data(), target.size()};
    return find_answer_(path.substr(0, path.find('?')));
  }

  void respond(http_answer answer) {
    stage_ = http_stage::writing;
    answer_ = std::move(answer);
    on_answer_(answer_.status);
    const auto& request = parser_.get();
    const bool is_old = parser_.is_header_done() && request.version() < 11;
    response_.result(answer_.status);
    response_.version(11);
    response_.set(http::field::content_type,
                  boost::beast::string_view{answer_.content_type.data(), answer_.content_type.size()});
    response_.set(http::field::connection, "close");
    response_.set(http::field::cache_control, "no-store");
    if (answer_.status == static_cast<unsigned>(http::status::method_not_allowed)) {
      response_.set(http::field::allow, "GET, HEAD");
    }
    if (!answer_.next_piece) response_.content_length(answer_.body.size());
    if (answer_.next_piece && !is_old)
      response_.chunked(true);  // else the end of the connection is the end of the page
    if (parser_.is_header_done() && request.method() == http::verb::head) return write_head();
    response_.body().data = answer_.body.data();
    response_.body().size = answer_.body.size();
    response_.body().more = answer_.next_piece != nullptr;
    write();
  }

  void write_head() {
    http::async_write_header(socket_, serializer_, [self = shared_from_this()](error_code error, std::size_t) {
      error ? self->end() : self->finish();
    });
  }

  void write() {
    http::async_write(socket_, serializer_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error == http::error::need_buffer) return self->write_next();
      error ? self->end() : self->finish();
    });
  }

  void write_next() {
    answer_.body.clear();
    answer_.next_piece(answer_.body);
    response_.body().data = answer_.body.empty() ? nullptr : answer_.body.data();
    response_.body().size = answer_.body.size();
    response_.body().more = !answer_.body.empty();
    write();
  }

  // Closing a socket in which something is left unread resets the connection, and then the answer may be lost.
  void finish() {
    stage_ = http_stage::closing;
    error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    read_leftover();
  }

  void read_leftover() {
    socket_.async_read_some(asio::buffer(leftover_), [self = shared_from_this()](error_code error, std::size_t count) {
      self->leftover_count_ += count;
      if (error || self->leftover_count_ > leftover_max) return self->end();
      self->read_leftover();
    });
  }

  void end() {
    over_.cancel();
    close();
    if (const auto on_end = std::exchange(on_end_, nullptr)) on_end();
  }

  asio::ip::tcp::socket socket_;
  asio::steady_timer over_;
  std::chrono::nanoseconds patience_;
  page_function find_answer_;
  std::function<void(unsigned)> on_answer_;
  std::function<void()> on_end_;
  http_stage stage_{};
  boost::beast::flat_buffer buffer_;
  http::request_parser<http::empty_body> parser_;
  http_answer answer_;
  http::response<http::buffer_body> response_;
  http::response_serializer<http::buffer_body> serializer_{response_};
  std::array<char, 1024> leftover_{};
  std::size_t leftover_count_ = 0;
};

http_connection::http_connection(asio::ip::tcp::socket socket, const http_limits& limits, page_function answer,
                                 std::function<void(unsigned)> on_answer)
    : state_{std::make_shared<state>(std::move(socket), limits, std::move(answer), std::move(on_answer))} {}

void http_connection::start(std::function<void()> on_end) { state_->start(std::move(on_end)); }

void http_connection::close() noexcept { state_->close(); }

http_stage http_connection::stage() const noexcept { return state_->stage(); }

}  // namespace speakerd
