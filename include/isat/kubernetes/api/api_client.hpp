// SPDX-License-Identifier: BSL-1.0

// Talks to the API servers of one cluster: picks a server that answers (server_list.hpp), keeps connections open for
// the next request, knows who asks (credential_source.hpp), and turns answers into error codes. Requests run side by
// side, each on a connection of its own. It refuses to know what is in the objects, and to repeat what was refused.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/api/api_request.hpp"
#include "isat/kubernetes/config/cluster_config.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isat::inline v0::kubernetes {

namespace detail {
class client_state;
}  // namespace detail

/// What an api_client is told besides the cluster.
struct api_client_options {
  std::string user_agent = "isat";
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds{3};    ///< TCP and TLS together
  std::chrono::nanoseconds tcp_user_timeout = std::chrono::seconds{10};  ///< then unacknowledged data ends a connection
  /// Servers are asked for the others of their cluster (server_discovery.hpp) by the first request that one answers,
  /// and again beside a request after each such period (a quarter more or less), or sooner when none could be reached.
  /// Those that are not listed any more are left out; those of the configuration never are. Zero: none is asked.
  std::chrono::nanoseconds discovery_period{};
  /// Requests that nobody answers, or a server in trouble (5xx), for so long without one that is answered well are an
  /// outage: its end is told to when_back(). A refusal (401, 403, 429) is neither.
  std::chrono::nanoseconds outage_min = std::chrono::seconds{1};
  /// Called on the executor with what came of discovery; may be empty. Must not destroy the client.
  std::function<void(error_code, const std::vector<std::string>& urls)> on_discovery;
  /// Called on the executor with what a log should tell: TLS is not verified, a token cannot be read. Never a secret.
  /// Must not destroy the client.
  std::function<void(std::string_view)> on_warning;
};

/// A client of one cluster. Not thread-safe; works on its executor. Between requests nothing begins, and it is no work:
/// connections that are kept have nothing pending, credentials and servers are asked for when requests are. Three
/// things that a request began may outlast it, until the client is destroyed or they end: a credential plugin (30 s at
/// most), a question for servers (10 s), and the system's lookup of a name, which nothing can end: an io_context's
/// run() and destructor wait for it, up to half a minute where name servers are silent. Addresses that worked are kept,
/// so that only the first request to a name, and those after its addresses have failed, look it up.
class ISAT_API api_client {
 public:
  using response_signature = void(error_code, api_response);
  /// A piece of a stream's body; first of all an empty one, as soon as a success is certain.
  using piece_function = std::function<void(std::string_view)>;

  api_client(asio::any_io_executor executor, cluster_config cluster, api_client_options options = {});
  api_client(const api_client&) = delete;
  api_client& operator=(const api_client&) = delete;
  /// Requests that are on their way complete with operation_aborted.
  ~api_client();

  const asio::any_io_executor& get_executor() const noexcept;
  const cluster_config& cluster() const noexcept;

  /// Sends a request and reads its whole answer. Can be cancelled.
  /// @return through the token: the answer. Errors: kubernetes::error by its status; kubernetes::error or the system's
  ///   when there was none, and then it may have been done nevertheless, unless condition::write_refused.
  template <asio::completion_token_for<response_signature> Token>
  auto async_request(api_request request, Token&& token) {
    return isat::detail::erase<response_signature>(
        std::forward<Token>(token),
        [this](api_request what, handler<response_signature> done) { start_request(std::move(what), std::move(done)); },
        std::move(request));
  }

  /// Sends a request and hands on each piece of its answer's body as it comes, if its status is a success. Completes at
  /// the end of the answer, at `request.answer_max` never. Can be cancelled. A piece_function must not destroy the
  /// client.
  /// @return through the token: as async_request; no error when the server ended the answer in good order.
  template <asio::completion_token_for<response_signature> Token>
  auto async_stream(api_request request, piece_function on_piece, Token&& token) {
    return isat::detail::erase<response_signature>(
        std::forward<Token>(token),
        [this](api_request what, piece_function piece, handler<response_signature> done) {
          start_stream(std::move(what), std::move(piece), std::move(done));
        },
        std::move(request), std::move(on_piece));
  }

  /// For who waits before trying again: `told` is called when a request is answered well, be it anybody's, after an
  /// outage (api_client_options::outage_min), as long as what is returned is kept. It is called on the executor, in the
  /// middle of that request, and must do no more than take note of it.
  [[nodiscard]] std::shared_ptr<void> when_back(std::function<void()> told);

  /// More servers of the same cluster than the configuration names; those that are known already are passed over.
  void add_servers(const std::vector<std::string>& urls);

 private:
  void start_request(api_request what, handler<response_signature> done);
  void start_stream(api_request what, piece_function on_piece, handler<response_signature> done);

  std::shared_ptr<detail::client_state> state_;
};

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/api/impl/api_client.ipp"
#endif
