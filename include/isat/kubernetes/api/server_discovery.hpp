// SPDX-License-Identifier: BSL-1.0

// Asks one API server where all of its cluster are: the endpoints of the Service `kubernetes` in `default`, under which
// each of them lists itself. In a pod the configuration names that Service's address only, which hides them; a client
// that knows them lets a request go to another server when one is silent. A client asks by itself if it is told to
// (api_client_options::discovery_period); this is the one question. It refuses to insist: whoever may not read it goes
// on with what it has.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/api/api_client.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace isat::inline v0::kubernetes {

namespace detail {
using discovery_signature = void(error_code, std::vector<std::string>);
using ask_function = std::function<void(api_request, handler<api_client::response_signature>)>;
ISAT_API void start_discovery(const ask_function& ask, const asio::any_io_executor& executor,
                              handler<discovery_signature> done);
}  // namespace detail

/// Looks for the API servers of the client's cluster. Can be cancelled. `client` must live until it has completed, and
/// may be asked twice.
/// @return through the token: URLs as https://ADDRESS:PORT, at most 64, none without a ready endpoint. Errors: those of
///   api_client; error::forbidden if the rules (RBAC) do not allow to read them; error::malformed_answer
template <asio::completion_token_for<detail::discovery_signature> Token>
auto async_discover_servers(api_client& client, Token&& token) {
  api_client* where = &client;
  return isat::detail::erase<detail::discovery_signature>(
      std::forward<Token>(token), [where](handler<detail::discovery_signature> done) {
        const auto ask = [where](api_request what, handler<api_client::response_signature> answered) {
          where->async_request(std::move(what), std::move(answered));
        };
        detail::start_discovery(ask, where->get_executor(), std::move(done));
      });
}

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/api/impl/server_discovery.ipp"
#endif
