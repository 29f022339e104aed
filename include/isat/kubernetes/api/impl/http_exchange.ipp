// SPDX-License-Identifier: BSL-1.0

// The bodies of http_exchange.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/kubernetes/api/http_exchange.hpp"
#include "isat/kubernetes/detail/decimal.hpp"
#include "isat/kubernetes/detail/status_object.hpp"
#include "isat/kubernetes/error.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/none.hpp>
#include <boost/optional/optional.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace isat::inline v0::kubernetes {

namespace detail {

namespace http = boost::beast::http;

/// Where the parser puts a body.
class body_sink {
 public:
  body_sink() = default;
  body_sink(const body_sink&) = delete;
  body_sink& operator=(const body_sink&) = delete;
  virtual ~body_sink() = default;
  virtual void on_piece(std::string_view piece) = 0;
};

/// A Body of Beast's that keeps nothing.
struct sink_body {
  using value_type = body_sink*;

  class reader {
   public:
    template <bool IsRequest, class Fields>
    reader(http::header<IsRequest, Fields>&, value_type& sink) : sink_{sink} {}

    void init(const boost::optional<std::uint64_t>&, boost::system::error_code& error) { error = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
      error = {};
      std::size_t size = 0;
      for (auto each = asio::buffer_sequence_begin(buffers); each != asio::buffer_sequence_end(buffers); ++each) {
        const asio::const_buffer buffer{*each};
        sink_->on_piece({static_cast<const char*>(buffer.data()), buffer.size()});
        size += buffer.size();
      }
      return size;
    }
    void finish(boost::system::error_code& error) { error = {}; }

   private:
    value_type& sink_;  // set after this is made
  };
};

ISAT_INLINE std::string_view verb_of(method what) noexcept {
  switch (what) {
    case method::none:
    case method::get:
      return "GET";
    case method::post:
      return "POST";
    case method::put:
      return "PUT";
    case method::patch:
      return "PATCH";
    case method::remove:
      return "DELETE";
  }
  return "GET";
}

// Whatever is in a configuration or a token file: no line of it becomes a header field of its own.
ISAT_INLINE void put_field(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(": ");
  for (const char each : value) {
    if (static_cast<unsigned char>(each) >= 0x20U && each != 0x7f) text += each;
  }
  text += "\r\n";
}

ISAT_INLINE void put_target(std::string& text, std::string_view target) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char each : target) {
    const auto octet = static_cast<unsigned char>(each);
    if (octet > 0x20U && octet < 0x7fU) {
      text += each;
    } else {
      text.append({'%', digits[octet >> 4U], digits[octet & 15U]});
    }
  }
}

// The form with a date is for people's caches; no API server sends it.
ISAT_INLINE std::chrono::seconds retry_after_of(std::string_view value) noexcept {
  constexpr std::uint32_t seconds_max = 3600;
  const bool is_number = !value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos;
  if (!is_number) return {};
  return std::chrono::seconds{std::min(decimal<std::uint32_t>(value).value_or(seconds_max), seconds_max)};
}

ISAT_INLINE error_code exchange_error(const error_code& error) noexcept {
  const bool large = error == http::error::body_limit || error == http::error::header_limit;
  return large ? kubernetes::error::answer_too_large : kubernetes::error::malformed_answer;
}

}  // namespace detail

ISAT_INLINE std::string to_http(const api_request& request, const request_frame& frame) {
  std::string text;
  text.reserve(512 + request.body.size() + frame.token.size());
  text.append(detail::verb_of(request.method)).append(" ");
  detail::put_target(text, frame.path);
  detail::put_target(text, request.target);
  text.append(" HTTP/1.1\r\n");
  detail::put_field(text, "Host", frame.authority);
  if (!frame.user_agent.empty()) detail::put_field(text, "User-Agent", frame.user_agent);
  if (!frame.token.empty()) detail::put_field(text, "Authorization", "Bearer " + std::string{frame.token});
  if (!request.accept.empty()) detail::put_field(text, "Accept", request.accept);
  const bool writes = request.method != method::none && request.method != method::get;
  if (!request.body.empty()) detail::put_field(text, "Content-Type", request.content_type);
  if (writes || !request.body.empty()) detail::put_field(text, "Content-Length", std::to_string(request.body.size()));
  return text.append("\r\n").append(request.body);
}

class http_exchange::state final : public detail::body_sink {
 public:
  state(std::optional<std::size_t> answer_max, piece_function on_piece)
      : answer_max_{answer_max}, on_piece_{std::move(on_piece)} {
    begin();
  }

  error_code receive(std::string_view octets) {
    has_begun_ = has_begun_ || !octets.empty();
    if (is_done_) {  // nobody asked for more
      rubbish_ = rubbish_ || !octets.empty();
      return {};
    }
    if (rest_.empty()) return parse(octets);
    std::string all = std::exchange(rest_, {});
    return parse(all.append(octets));
  }

  error_code receive_end() {
    if (is_done_) return {};
    error_code error;
    if (parser_->got_some()) parser_->put_eof(error);
    if (error || !parser_->is_done()) return asio::error::eof;
    note_head();
    finish();
    return {};
  }

  void on_piece(std::string_view piece) override {
    note_head();
    if (succeeds() && on_piece_) return on_piece_(piece);
    if (succeeds()) {
      response.body += piece;
    } else {
      response.body += piece.substr(0, failure_max - std::min(failure_max, response.body.size()));
    }
  }

  bool has_begun() const noexcept { return has_begun_; }
  bool has_head() const noexcept { return has_head_; }
  bool is_done() const noexcept { return is_done_; }
  bool keeps_alive() const noexcept { return keep_alive_ && !rubbish_; }

  api_response response;

 private:
  using parser = detail::http::response_parser<detail::sink_body>;

  void begin() {
    parser_.emplace();
    parser_->get().body() = this;
    parser_->eager(true);
    parser_->header_limit(static_cast<std::uint32_t>(head_max));
    if (answer_max_) {
      parser_->body_limit(*answer_max_);
    } else {
      parser_->body_limit(boost::none);
    }
  }

  bool succeeds() const noexcept { return response.status >= 200 && response.status < 300; }

  error_code parse(std::string_view octets) {
    while (!octets.empty() && !is_done_) {
      error_code error;
      const std::size_t used = parser_->put(asio::buffer(octets.data(), octets.size()), error);
      octets.remove_prefix(used);
      if (error == detail::http::error::need_more) break;
      if (error) return detail::exchange_error(error);
      if (parser_->is_header_done()) note_head();
      if (parser_->is_done() && !finish_interim()) finish();
    }
    if (parser_->is_header_done()) note_head();
    if (is_done_) {
      rubbish_ = !octets.empty();
    } else if (octets.size() > head_max) {
      return error::answer_too_large;
    } else {
      rest_ = octets;
    }
    return {};
  }

  // 100 Continue and the like come before the answer.
  bool finish_interim() {
    const unsigned status = parser_->get().result_int();
    if (status >= 200) return false;
    has_head_ = false;
    begin();
    return true;
  }

  void note_head() {
    const unsigned status = parser_->get().result_int();
    if (has_head_ || status < 200) return;
    has_head_ = true;
    response.status = status;
    const auto after = parser_->get()[detail::http::field::retry_after];
    response.retry_after = detail::retry_after_of({after.data(), after.size()});
    if (succeeds() && on_piece_) on_piece_({});
  }

  void finish() {
    is_done_ = true;
    keep_alive_ = parser_->keep_alive();
    if (!succeeds()) detail::read_status_object(response);
  }

  std::optional<std::size_t> answer_max_;
  piece_function on_piece_;
  std::optional<parser> parser_;
  std::string rest_;  // what the parser will take when more of it is there: a part of a line
  bool has_begun_ = false;
  bool has_head_ = false;
  bool is_done_ = false;
  bool keep_alive_ = false;
  bool rubbish_ = false;
};

ISAT_INLINE http_exchange::http_exchange(std::size_t answer_max)
    : state_{std::make_unique<state>(answer_max, piece_function{})} {}
ISAT_INLINE http_exchange::http_exchange(piece_function on_piece)
    : state_{std::make_unique<state>(std::nullopt, std::move(on_piece))} {}
ISAT_INLINE http_exchange::http_exchange(http_exchange&&) noexcept = default;
ISAT_INLINE http_exchange& http_exchange::operator=(http_exchange&&) noexcept = default;
ISAT_INLINE http_exchange::~http_exchange() = default;

ISAT_INLINE error_code http_exchange::receive(std::string_view octets) { return state_->receive(octets); }
ISAT_INLINE error_code http_exchange::receive_end() { return state_->receive_end(); }
ISAT_INLINE bool http_exchange::has_begun() const noexcept { return state_->has_begun(); }
ISAT_INLINE bool http_exchange::has_head() const noexcept { return state_->has_head(); }
ISAT_INLINE bool http_exchange::is_done() const noexcept { return state_->is_done(); }
ISAT_INLINE bool http_exchange::keeps_alive() const noexcept { return state_->keeps_alive(); }
ISAT_INLINE api_response& http_exchange::response() noexcept { return state_->response; }

}  // namespace isat::inline v0::kubernetes
