// SPDX-License-Identifier: BSL-1.0

// A Kubernetes API server for tests, in the test's own process and on its own io_context: HTTP/1.1 over TLS on the
// loopback, Leases, Services, EndpointSlices, Nodes and Events, watches, tokens and client certificates, and faults as
// the test wants them. Its answers are those of the real server (tests/kubernetes compares them). It refuses to have
// threads: it works while the test runs the io_context, and all its functions are called on that thread.
#pragma once

#include "fake_api/access.hpp"
#include "fake_api/fault_script.hpp"
#include "fake_api/object_store.hpp"
#include "fake_api/request_log.hpp"
#include "fake_api/router.hpp"
#include "isat/kubernetes/config/cluster_config.hpp"
#include "test_certificates.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace isat::test::fake_api {

namespace asio = boost::asio;

class server_core;

/// What a server is told at its start.
struct options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< zero: any
  std::vector<std::string> namespaces{"default", "kube-system", "kube-public", "kube-node-lease"};
  std::shared_ptr<object_store> store;  ///< of another server: two servers of one cluster
  std::shared_ptr<const test_authority>
      authority;  ///< signs the server's certificate and knows clients'; none: a new one
};

/// How watches behave; may be changed at any time, open watches follow.
struct watch_behaviour {
  bool silent{};                               ///< nothing is sent, not even an end: a half-dead server
  bool half_events{};                          ///< of the next event only a half is sent, the rest when this is reset
  bool joined{};                               ///< events that are there at the same time share a chunk
  std::size_t chunk_max{};                     ///< events are cut into chunks of so many octets; zero: one chunk each
  std::chrono::nanoseconds delay{};            ///< between a change and its event
  std::chrono::nanoseconds bookmark_period{};  ///< zero: none but those that bookmark() asks for
};

/// How a connection or watch is ended.
enum class ending : std::uint8_t {
  none = 0,
  orderly = 1,  ///< a watch: the last chunk, the connection may be used again; a connection: TLS and TCP are closed
  cut = 2,      ///< TCP is closed in the middle
  reset = 3,    ///< TCP is reset
};

class server {
 public:
  /// Listens at once; serves while `context` runs, which must outlive the server.
  explicit server(asio::io_context& context, options how = {});
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  /// Closes everything.
  ~server();

  std::string url() const;
  std::uint16_t port() const noexcept;
  const test_authority& authority() const noexcept;
  std::shared_ptr<const test_authority> shared_authority() const noexcept;
  /// The CA's certificate, PEM.
  std::string certificate_authority() const;
  /// How to reach it, with the token of that user.
  kubernetes::cluster_config cluster(const std::string& token = "admin-token") const;

  object_store& store() noexcept;
  std::shared_ptr<object_store> shared_store() noexcept;
  fake_api::access& access() noexcept;
  fault_script& faults() noexcept;
  const request_log& requests() const noexcept;
  void clear_requests() noexcept;
  /// How watches are told that their version is too old.
  void set_expiry(expiry how) noexcept;
  /// Called for each request before anything is done with it.
  void on_request(std::function<void(const request_record&)> told);

  /// Lets go of the requests that faults hold.
  void release();
  /// How many are held now.
  std::size_t held() const noexcept;

  void set_watching(watch_behaviour how);
  /// All watches that allow bookmarks get one, unless they are ended at the same time.
  void bookmark();
  /// All open watches are told this: a whole line or anything else.
  void send_to_watches(std::string_view text);
  void end_watches(ending how);
  /// What is read from the cache (watches, lists from any version) sees nothing newer until it thaws.
  void freeze_cache() noexcept;
  void thaw_cache();

  std::size_t open_connections() const noexcept;
  std::size_t open_watches() const noexcept;
  /// Connections ever accepted.
  std::uint64_t connections() const noexcept;
  void drop_connections(ending how = ending::cut);

  /// As if the process was stopped (SIGSTOP): TCP connections still come about and nothing else happens.
  void pause() noexcept;
  void resume();
  /// As if the process was killed; the store is kept.
  void stop();
  /// Listens again, on the same port.
  void start();
  bool running() const noexcept;

  /// Shown on connections from now on.
  void use_certificate(const test_certificate& what);
  /// TLS1_1_VERSION: newer ones are not spoken on connections from now on.
  void limit_tls(int version_max);

 private:
  std::shared_ptr<server_core> core_;
};

}  // namespace isat::test::fake_api
