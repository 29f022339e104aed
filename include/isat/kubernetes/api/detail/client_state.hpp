// SPDX-License-Identifier: BSL-1.0

// What the requests of one api_client share: servers, credentials, certificates, kept connections; and the requests
// themselves, which live here until they are over. It refuses to know how a request proceeds: that is api_call.hpp.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/api/detail/address_book.hpp"
#include "isat/kubernetes/api/detail/connection_pool.hpp"
#include "isat/kubernetes/api/detail/outage.hpp"
#include "isat/kubernetes/api/detail/tls_context.hpp"
#include "isat/kubernetes/api/server_list.hpp"
#include "isat/kubernetes/config/credential_source.hpp"
#include "isat/kubernetes/config/server_url.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace isat::inline v0::kubernetes::detail {

class api_call;

class client_state : public std::enable_shared_from_this<client_state> {
 public:
  client_state(asio::any_io_executor executor, cluster_config cluster, api_client_options options);
  client_state(const client_state&) = delete;
  client_state& operator=(const client_state&) = delete;
  ~client_state();

  /// One that stays.
  void add_server(std::string_view url);
  /// Starts a request or, if there is an `on_piece`, a stream.
  void start(api_request what, api_client::piece_function on_piece, handler<api_client::response_signature> done);
  /// A server has answered: it is asked for others if that is due.
  void note_answer();
  /// A request has succeeded or failed, as far as that tells of servers that are away.
  void note_end(bool is_good);
  std::shared_ptr<void> when_back(std::function<void()> told);
  /// No server could be reached: their addresses may be others now.
  void note_trouble();
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
  std::shared_ptr<address_book> names;
  connection_pool kept;
  std::set<std::shared_ptr<api_call>> calls;
  credential_source identities;  ///< destroyed before `calls`, of which none is told any more

 private:
  using clock = std::chrono::steady_clock;

  std::size_t number_of(server_url url);
  std::optional<std::size_t> free_number() const;
  void on_discovered(error_code error, const std::vector<std::string>& found);
  void take_servers(const std::vector<std::string>& found);
  clock::duration period_over(int divisor) const;

  outage outage_;
  std::vector<std::weak_ptr<const std::function<void()>>> when_back_;
  // Servers that are there only as long as the cluster says so. The numbers of those that have gone are given to new
  // ones: there are no more than a cluster lists at once, and those that requests on their way know.
  std::set<std::size_t> discovered_;
  bool is_discovering_ = false;
  clock::time_point asked_at_{};
  clock::time_point ask_at_{};
};

}  // namespace isat::inline v0::kubernetes::detail

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/api/impl/client_state.ipp"
#endif
