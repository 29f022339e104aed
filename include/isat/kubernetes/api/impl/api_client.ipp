// SPDX-License-Identifier: BSL-1.0

// The bodies of api_client.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/api/detail/client_state.hpp"

namespace isat::inline v0::kubernetes {

ISAT_INLINE api_client::api_client(asio::any_io_executor executor, cluster_config cluster, api_client_options options)
    : state_{std::make_shared<detail::client_state>(std::move(executor), std::move(cluster), std::move(options))} {}

ISAT_INLINE api_client::~api_client() { state_->shut_down(); }

ISAT_INLINE const asio::any_io_executor& api_client::get_executor() const noexcept { return state_->executor; }

ISAT_INLINE const cluster_config& api_client::cluster() const noexcept { return state_->cluster; }

ISAT_INLINE void api_client::start_request(api_request what, handler<response_signature> done) {
  start_stream(std::move(what), {}, std::move(done));
}

ISAT_INLINE void api_client::start_stream(api_request what, piece_function on_piece, handler<response_signature> done) {
  state_->start(std::move(what), std::move(on_piece), std::move(done));
}

ISAT_INLINE std::shared_ptr<void> api_client::when_back(std::function<void()> told) {
  return state_->when_back(std::move(told));
}

ISAT_INLINE void api_client::add_servers(const std::vector<std::string>& urls) {
  for (const auto& url : urls) state_->add_server(url);
}

}  // namespace isat::inline v0::kubernetes
