// SPDX-License-Identifier: BSL-1.0
#include "fake_api/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace isat::test::fake_api {

namespace http = boost::beast::http;

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

std::string lower(std::string_view text) {
  std::string made{text};
  for (char& each : made) each = each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
  return made;
}

std::string text_of(X509_NAME_ENTRY* entry) {
  unsigned char* octets = nullptr;
  const int size = ASN1_STRING_to_UTF8(&octets, X509_NAME_ENTRY_get_data(entry));
  std::string made{reinterpret_cast<const char*>(octets), static_cast<std::size_t>(std::max(size, 0))};
  OPENSSL_free(octets);
  return made;
}

std::string header_of(const std::map<std::string, std::string>& headers, const std::string& name) {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string{} : found->second;
}

std::string protocol_of(const SSL* tls) {
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls, &chosen, &size);
  return size == 0 ? std::string{} : std::string{reinterpret_cast<const char*>(chosen), size};
}

request_record record_of(const http::request<http::string_body>& message, std::uint64_t number) {
  request_record made;
  made.method = std::string{message.method_string()};
  made.target = std::string{message.target()};
  made.body = message.body();
  for (const auto& each : message) made.headers.emplace(lower(each.name_string()), std::string{each.value()});
  made.connection = number;
  made.received = std::chrono::steady_clock::now();
  return made;
}

std::string octets_of(const answer& what, bool close_after) {
  auto made = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-cache, private\r\n", what.status,
      std::string_view{http::obsolete_reason(http::int_to_status(what.status))}, what.content_type, what.body.size());
  for (const auto& [name, value] : what.headers) made += fmt::format("{}: {}\r\n", name, value);
  if (close_after) made += "Connection: close\r\n";
  return made + "\r\n" + what.body;
}

}  // namespace

connection::connection(std::shared_ptr<server_core> core, asio::ip::tcp::socket socket,
                       std::shared_ptr<asio::ssl::context> tls, std::uint64_t number)
    : core_{std::move(core)},
      tls_{std::move(tls)},
      stream_{std::move(socket), *tls_},
      waker_{stream_.get_executor()},
      number_{number} {}

void connection::start() {
  const auto self = shared_from_this();
  asio::co_spawn(
      stream_.get_executor(), [self] { return self->run(); },
      [self](const std::exception_ptr& thrown) {
        self->close(ending::cut);
        self->core_->gone(self);
        if (thrown) std::rethrow_exception(thrown);
      });
}

void connection::wake() { waker_.cancel(); }

void connection::close(ending how) {
  if (closed_) return;
  error_code ignored;
  auto& socket = stream_.lowest_layer();
  if (how == ending::orderly) {
    closing_ = true;
    socket.cancel(ignored);
  } else {
    closed_ = true;
    if (how == ending::reset) socket.set_option(asio::socket_base::linger{true, 0}, ignored);
    socket.close(ignored);
  }
  wake();
}

asio::awaitable<void> connection::run() {
  if (!co_await shake_hands()) co_return;
  while (!closed_ && !closing_) {
    auto record = co_await read_request();
    if (!record || !co_await pass_pause()) break;
    if (!co_await serve(std::move(*record))) break;
  }
  if (!closed_) co_await shut_down();
}

asio::awaitable<bool> connection::shake_hands() {
  if (!co_await pass_pause()) co_return false;
  const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, quietly);
  if (error) co_return false;
  certificate_ = read_certificate();
  co_return true;
}

asio::awaitable<void> connection::shut_down() {
  const auto self = shared_from_this();
  stream_.async_shutdown([self](error_code) {
    self->shut_ = true;
    self->wake();
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{200};
  while (!shut_ && !closed_ && std::chrono::steady_clock::now() < end) co_await wait(end);
}

std::optional<identity> connection::read_certificate() {
  auto* tls = stream_.native_handle();
  X509* shown = SSL_get1_peer_certificate(tls);
  if (shown == nullptr) return std::nullopt;
  identity made;
  X509_NAME* subject = X509_get_subject_name(shown);
  for (int i = 0; i < X509_NAME_entry_count(subject); ++i) {
    auto* entry = X509_NAME_get_entry(subject, i);
    const int id = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    if (id == NID_commonName) made.user = text_of(entry);
    if (id == NID_organizationName) made.groups.push_back(text_of(entry));
  }
  X509_free(shown);
  certificate_refused_ = SSL_get_verify_result(tls) != X509_V_OK;
  if (certificate_refused_) return std::nullopt;
  return made;
}

asio::awaitable<std::optional<request_record>> connection::read_request() {
  const auto forever = std::chrono::steady_clock::now() + std::chrono::hours{24};
  while (reading_ && !closed_ && !closing_) co_await wait(forever);
  if (peer_gone_ || closed_ || closing_) co_return std::nullopt;
  http::request_parser<http::string_body> parser;
  parser.body_limit(std::uint64_t{64} << 20U);
  const auto [error, size] = co_await http::async_read(stream_, buffer_, parser, quietly);
  if (error) co_return std::nullopt;
  keep_alive_ = parser.get().keep_alive();
  auto record = record_of(parser.get(), number_);
  record.protocol = protocol_of(stream_.native_handle());
  co_return record;
}

asio::awaitable<bool> connection::serve(request_record record) {
  request wanted{record.method,
                 record.target,
                 record.body,
                 header_of(record.headers, "content-type"),
                 header_of(record.headers, "accept"),
                 header_of(record.headers, "authorization"),
                 certificate_,
                 certificate_refused_};
  record.wish = core_->router.examine(wanted);
  const auto what = core_->faults.take(record.wish, record.target);
  const auto place = core_->log.add(record);
  if (core_->on_request) core_->on_request(record);
  if (what.effect == effect::close_before) co_return false_after_cut();
  if (what.effect == effect::hold_before && !co_await hold()) co_return false;
  if (!co_await pass_time(what.before)) co_return false;
  outcome made;
  if (what.effect == effect::refuse) {
    made.reply = refusal_of(what);
  } else {
    made = core_->router.handle(wanted);
  }
  core_->log.answered(place, made.reply.status);
  if (what.effect == effect::close_after) co_return false_after_cut();
  if (what.effect == effect::hold_after && !co_await hold()) co_return false;
  if (!co_await pass_time(what.after)) co_return false;
  if (made.watch && what.effect != effect::garbage && what.effect != effect::truncate) {
    co_return co_await serve_watch(std::move(*made.watch), what.piece);
  }
  co_return co_await reply(std::move(made.reply), what);
}

bool connection::false_after_cut() {
  close(ending::cut);
  return false;
}

asio::awaitable<bool> connection::hold() {
  const auto forever = std::chrono::steady_clock::now() + std::chrono::hours{24};
  const auto before = core_->faults.release_count();
  ++core_->held;
  while (!closed_ && !closing_ && core_->faults.release_count() == before) co_await wait(forever);
  --core_->held;
  co_return !closed_ && !closing_;
}

asio::awaitable<bool> connection::reply(answer what, fault how) {
  if (!co_await pass_pause()) co_return false;
  const bool close_after = how.close_connection || !keep_alive_;
  if (how.effect == effect::bad_json) what.body = "{\"kind\":\"Lease\",\"metadata\":{\"na";
  auto octets = octets_of(what, close_after);
  if (how.effect == effect::garbage) octets = "SSH-2.0-nobody\r\n\r\n\x01\x02\x03";
  if (how.effect == effect::truncate) octets.resize(octets.size() - std::max(what.body.size() / 2, std::size_t{1}));
  if (!co_await write(octets, how.piece)) co_return false;
  if (how.effect == effect::garbage || how.effect == effect::truncate) co_return false_after_cut();
  co_return !close_after;
}

asio::awaitable<bool> connection::write(std::string_view octets, std::size_t piece) {
  while (!octets.empty()) {
    const auto part = octets.substr(0, piece == 0 ? octets.size() : piece);
    octets.remove_prefix(part.size());
    const auto buffer = asio::buffer(part.data(), part.size());
    const auto [error, size] = co_await asio::async_write(stream_, buffer, quietly);
    if (error) co_return false;
  }
  co_return !closed_;
}

asio::awaitable<void> connection::wait(time_point until) {
  waker_.expires_at(until);
  co_await waker_.async_wait(quietly);
}

asio::awaitable<bool> connection::pass_time(std::chrono::nanoseconds span) {
  const auto end = std::chrono::steady_clock::now() + span;
  while (!closed_ && !closing_ && std::chrono::steady_clock::now() < end) co_await wait(end);
  co_return !closed_ && !closing_;
}

asio::awaitable<bool> connection::pass_pause() {
  const auto forever = std::chrono::steady_clock::now() + std::chrono::hours{24};
  while (core_->paused && !closed_) co_await wait(forever);
  co_return !closed_;
}

void connection::peek() {
  if (reading_ || peer_gone_ || buffer_.size() != 0) return;
  reading_ = true;
  constexpr std::size_t some = 4096;
  const auto self = shared_from_this();
  stream_.async_read_some(buffer_.prepare(some), [self](error_code error, std::size_t size) {
    self->buffer_.commit(size);
    self->reading_ = false;
    self->peer_gone_ = static_cast<bool>(error);
    self->wake();
  });
}

}  // namespace isat::test::fake_api
