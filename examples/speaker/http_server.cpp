// SPDX-License-Identifier: BSL-1.0

#include "failure.hpp"
#include "http_server.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace speakerd {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// What to wait after an accept that failed: without file descriptors the next one fails at once, too.
constexpr std::chrono::milliseconds accept_pause{200};

std::string_view remedy(const error_code& error) {
  if (error == asio::error::access_denied) return " (ports below 1024 need a right that is given up at start)";
  if (error == asio::error::address_in_use) return " (another program listens there)";
  if (error == boost::system::errc::address_not_available) return " (no interface of this host has the address)";
  return {};
}

}  // namespace

class http_server::state : public std::enable_shared_from_this<state> {
 public:
  state(const asio::any_io_executor& executor, const http_address& address, page_function pages,
        std::function<void(unsigned)> on_answer, http_limits limits)
      : acceptor_{executor},
        pause_{executor},
        pages_{std::move(pages)},
        on_answer_{std::move(on_answer)},
        limits_{limits} {
    const tcp::endpoint endpoint{asio::ip::make_address(address.host), address.port};
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address{true}, error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) return;
    throw failure{exit_code::os, fmt::format("cannot listen on {} for --http: {}{}", to_text(address), error.message(),
                                             remedy(error))};
  }

  void accept() {
    acceptor_.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
      if (self->ended_) return;
      if (error) return self->accept_later();
      self->serve(std::move(socket));
      self->accept();
    });
  }

  void end() {
    ended_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (auto& [id, each] : connections_) each.close();
    connections_.clear();
  }

  http_address address() const {
    const tcp::endpoint endpoint = acceptor_.local_endpoint();
    return {endpoint.address().to_string(), endpoint.port()};
  }

 private:
  void accept_later() {
    pause_.expires_after(accept_pause);
    pause_.async_wait([self = shared_from_this()](error_code) {
      if (!self->ended_) self->accept();
    });
  }

  void serve(tcp::socket socket) {
    if (connections_.size() >= limits_.connections) drop_one();
    const std::uint64_t id = next_id_++;
    const auto [at, is_new] = connections_.try_emplace(id, std::move(socket), limits_, pages_, on_answer_);
    at->second.start([weak = weak_from_this(), id] {
      if (const auto self = weak.lock()) self->connections_.erase(id);
    });
  }

  // Whoever dawdles goes before a page that is on its way, and the oldest first: so that a crowd of clients that never
  // ask keeps nobody out who does.
  void drop_one() {
    const auto is_idle = [](const auto& each) { return each.second.stage() != http_stage::writing; };
    auto found = std::find_if(connections_.begin(), connections_.end(), is_idle);
    if (found == connections_.end()) found = connections_.begin();
    http_connection dropped = std::move(found->second);
    connections_.erase(found);
    dropped.close();
  }

  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  page_function pages_;
  std::function<void(unsigned)> on_answer_;
  http_limits limits_;
  std::map<std::uint64_t, http_connection> connections_;  // the oldest first
  std::uint64_t next_id_ = 0;
  bool ended_ = false;
};

http_server::http_server(const asio::any_io_executor& executor, const http_address& address, page_function pages,
                         std::function<void(unsigned)> on_answer, http_limits limits)
    : state_{std::make_shared<state>(executor, address, std::move(pages), std::move(on_answer), limits)} {}

http_server::~http_server() { state_->end(); }

void http_server::start() { state_->accept(); }

void http_server::stop() { state_->end(); }

http_address http_server::address() const { return state_->address(); }

}  // namespace speakerd
