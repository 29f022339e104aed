// SPDX-License-Identifier: BSL-1.0

// The bodies of detail/client_state.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/random_number.hpp"
#include "isat/kubernetes/api/detail/api_call.hpp"
#include "isat/kubernetes/api/detail/client_state.hpp"

#include <algorithm>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

ISAT_KUBERNETES_INLINE client_state::client_state(asio::any_io_executor where, cluster_config what,
                                                  api_client_options how)
    : executor{std::move(where)},
      cluster{std::move(what)},
      options{std::move(how)},
      servers{isat::detail::random_number()},
      tls{cluster, [this](std::string_view text) { warn(text); }},
      identities{executor, cluster.user, [this](std::string_view text) { warn(text); }} {
  for (const auto& url : cluster.servers) add_server(url);
}

ISAT_KUBERNETES_INLINE client_state::~client_state() = default;

ISAT_KUBERNETES_INLINE void client_state::add_server(std::string_view url) {
  auto parsed = parse_server_url(url);
  if (!parsed) {
    if (url_failure.empty()) url_failure = std::move(parsed).error().message;
    return;
  }
  const auto same = [&parsed](const server_url& known) { return known.text == parsed->text; };
  if (std::any_of(urls.begin(), urls.end(), same)) return;
  urls.push_back(*std::move(parsed));
  servers.add();
}

ISAT_KUBERNETES_INLINE void client_state::warn(std::string_view text) const {
  if (options.on_warning) options.on_warning(text);
}

ISAT_KUBERNETES_INLINE void client_state::shut_down() {
  const auto ending = std::exchange(calls, {});
  for (const auto& each : ending) each->abort();
  kept.clear();
}

}  // namespace isat::inline v0::kubernetes::detail
