// SPDX-License-Identifier: BSL-1.0
#include "fake_api/connection.hpp"
#include "fake_api/server.hpp"
#include "fake_api/server_core.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace isat::test::fake_api {

namespace {

/// HTTP/1.1 is all that is spoken here.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  static constexpr unsigned char ours[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, ours, sizeof ours - 1, offered, offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

std::shared_ptr<asio::ssl::context> tls_context(const test_certificate& shown, const std::string& clients) {
  auto made = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  made->use_certificate_chain(asio::buffer(shown.certificate));
  made->use_private_key(asio::buffer(shown.key), asio::ssl::context::pem);
  made->add_certificate_authority(asio::buffer(clients));
  made->set_verify_mode(asio::ssl::verify_peer);  // none need be shown; a bad one is 401, not an alert
  made->set_verify_callback([](bool, asio::ssl::verify_context&) { return true; });
  SSL_CTX_set_alpn_select_cb(made->native_handle(), choose_protocol, nullptr);
  constexpr unsigned char name[] = "isat";
  SSL_CTX_set_session_id_context(made->native_handle(), name, sizeof name - 1);
  return made;
}

}  // namespace

server_core::server_core(asio::io_context& where, options how)
    : context{where},
      settings{std::move(how)},
      store{settings.store != nullptr ? settings.store : std::make_shared<object_store>()},
      router{*store},
      acceptor{where},
      port{settings.port} {
  if (settings.authority == nullptr) settings.authority = std::make_shared<const test_authority>();
  for (const auto& each : settings.namespaces) {
    if (store->get("namespaces", "", each) != nullptr) continue;
    store->put(json::object{{"apiVersion", "v1"},
                            {"kind", "Namespace"},
                            {"metadata", json::object{{"name", each}}},
                            {"status", json::object{{"phase", "Active"}}}});
  }
  use_certificate(settings.authority->sign_server({"localhost"}, {"127.0.0.1", "::1", settings.address}));
}

void server_core::use_certificate(const test_certificate& what) {
  tls_ = tls_context(what, settings.authority->certificate());
}

void server_core::limit_tls(int version_max) {
  auto* const tls = tls_->native_handle();
  SSL_CTX_set_security_level(tls, 0);  // else OpenSSL has no old version to offer
  SSL_CTX_set_min_proto_version(tls, 0);
  SSL_CTX_set_max_proto_version(tls, version_max);
}

void server_core::start() {
  if (acceptor.is_open()) return;
  const asio::ip::tcp::endpoint here{asio::ip::make_address(settings.address), port};
  acceptor.open(here.protocol());
  acceptor.set_option(asio::socket_base::reuse_address{true});
  acceptor.bind(here);
  acceptor.listen();
  port = acceptor.local_endpoint().port();
  store->observers[this] = [this] { wake(); };
  accept();
}

void server_core::stop() {
  store->observers.erase(this);
  error_code ignored;
  acceptor.close(ignored);
  each_connection([](connection& each) { each.close(ending::cut); });
}

void server_core::accept() {
  const auto self = shared_from_this();
  acceptor.async_accept([self](error_code error, asio::ip::tcp::socket socket) {
    if (!self->acceptor.is_open()) return;
    if (!error) {
      error_code ignored;
      socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
      const auto made = std::make_shared<connection>(self, std::move(socket), self->tls_, ++self->accepted);
      self->connections.insert(made);
      made->start();
    }
    self->accept();
  });
}

void server_core::wake() {
  each_connection([](connection& each) { each.wake(); });
}

void server_core::each_connection(const std::function<void(connection&)>& call) {
  const auto now = connections;
  for (const auto& each : now) call(*each);
}

server::server(asio::io_context& context, options how) : core_{std::make_shared<server_core>(context, std::move(how))} {
  core_->start();
}

// What is pending belongs to the context, which may never run again: it must not be kept alive from here as well.
server::~server() {
  core_->stop();
  core_->connections.clear();
}

std::string server::url() const {
  const bool v6 = core_->settings.address.find(':') != std::string::npos;
  const auto host = v6 ? "[" + core_->settings.address + "]" : core_->settings.address;
  return fmt::format("https://{}:{}", host, core_->port);
}

std::uint16_t server::port() const noexcept { return core_->port; }
const test_authority& server::authority() const noexcept { return *core_->settings.authority; }
std::shared_ptr<const test_authority> server::shared_authority() const noexcept { return core_->settings.authority; }
std::string server::certificate_authority() const { return core_->settings.authority->certificate(); }

kubernetes::cluster_config server::cluster(const std::string& token) const {
  kubernetes::cluster_config made;
  made.servers.push_back(url());
  made.certificate_authority.text = certificate_authority();
  made.user.token.text = token;
  made.name_space = "default";
  return made;
}

object_store& server::store() noexcept { return *core_->store; }
std::shared_ptr<object_store> server::shared_store() noexcept { return core_->store; }
access& server::access() noexcept { return core_->router.access; }
fault_script& server::faults() noexcept { return core_->faults; }
const request_log& server::requests() const noexcept { return core_->log; }
void server::clear_requests() noexcept { core_->log.clear(); }
void server::set_expiry(expiry how) noexcept { core_->router.expiry = how; }
void server::on_request(std::function<void(const request_record&)> told) { core_->on_request = std::move(told); }

void server::release() {
  core_->faults.release();
  core_->wake();
}

std::size_t server::held() const noexcept { return core_->held; }

void server::set_watching(watch_behaviour how) {
  core_->watching = how;
  core_->wake();
}

void server::bookmark() {
  core_->each_connection([](connection& each) { each.want_bookmark(); });
}

void server::send_to_watches(std::string_view text) {
  core_->each_connection([text](connection& each) { each.send_in_watch(text); });
}

void server::end_watches(ending how) {
  core_->each_connection([how](connection& each) { each.end_watch(how); });
}

void server::freeze_cache() noexcept { core_->router.freeze(); }

void server::thaw_cache() {
  core_->router.thaw();
  core_->wake();
}

std::size_t server::open_connections() const noexcept { return core_->connections.size(); }

std::size_t server::open_watches() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      core_->connections, [](const std::shared_ptr<connection>& each) { return each->is_watching(); }));
}

std::uint64_t server::connections() const noexcept { return core_->accepted; }

void server::drop_connections(ending how) {
  core_->each_connection([how](connection& each) { each.close(how); });
}

void server::pause() noexcept { core_->paused = true; }

void server::resume() {
  core_->paused = false;
  core_->wake();
}

void server::stop() { core_->stop(); }
void server::start() { core_->start(); }
bool server::running() const noexcept { return core_->acceptor.is_open(); }
void server::use_certificate(const test_certificate& what) { core_->use_certificate(what); }

void server::limit_tls(int version_max) { core_->limit_tls(version_max); }

}  // namespace isat::test::fake_api
