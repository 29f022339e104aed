// SPDX-License-Identifier: BSL-1.0

// What the requests of one api_client share: servers, credentials, certificates, kept connections; and the requests
// themselves, which live here until they are over. It refuses to know how a request proceeds: that is api_call.hpp.
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/api/detail/connection_pool.hpp"
#include "isat/kubernetes/api/detail/tls_context.hpp"
#include "isat/kubernetes/api/server_list.hpp"
#include "isat/kubernetes/api/server_url.hpp"
#include "isat/kubernetes/build.hpp"
#include "isat/kubernetes/config/credential_source.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace isat::inline v0::kubernetes::detail {

class api_call;

class client_state {
 public:
  client_state(asio::any_io_executor executor, cluster_config cluster, api_client_options options);
  client_state(const client_state&) = delete;
  client_state& operator=(const client_state&) = delete;
  ~client_state();

  void add_server(std::string_view url);
  void warn(std::string_view text) const;
  /// Ends all requests (operation_aborted) and closes all connections.
  void shut_down();

  asio::any_io_executor executor;
  cluster_config cluster;
  api_client_options options;
  std::vector<server_url> urls;  ///< by the numbers of `servers`
  server_list servers;
  std::string url_failure;  ///< of the first URL that was none
  tls_context tls;
  connection_pool kept;
  std::set<std::shared_ptr<api_call>> calls;
  credential_source identities;  ///< destroyed before `calls`, of which none is told any more
};

}  // namespace isat::inline v0::kubernetes::detail

#if ISAT_KUBERNETES_HEADER_ONLY
#include "isat/kubernetes/api/impl/client_state.ipp"
#endif
