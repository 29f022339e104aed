// SPDX-License-Identifier: BSL-1.0

// Uses isat::kubernetes from outside: asks for a lease at an address where no API server is. However the component was
// built, the io_context is this program's, and so are the errors that it compares with.
#include "isat/kubernetes.hpp"
#include "isat/version.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string_view>
#include <utility>

int main() {
  namespace asio = boost::asio;
  asio::io_context context{1};
  asio::ip::tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  asio::ip::tcp::socket peer{context};
  acceptor.async_accept(peer, [&](isat::error_code) {
    asio::write(peer, asio::buffer(std::string_view{"this is no TLS\r\n"}));
    acceptor.close();
  });

  isat::kubernetes::cluster_config cluster;
  cluster.servers = {fmt::format("https://127.0.0.1:{}", acceptor.local_endpoint().port())};
  isat::kubernetes::api_client client{context.get_executor(), std::move(cluster)};
  isat::kubernetes::lease_store store{client, {.name_space = "default"}};
  isat::error_code failed;
  store.async_load("leader", [&](isat::error_code error, const isat::election::entry&) { failed = error; });
  context.run();
  if (!failed || store.failure().empty()) return 1;

  const isat::error_code forbidden = isat::kubernetes::error::forbidden;
  const isat::error_code vague = isat::kubernetes::error::request_timeout;
  if (forbidden != isat::condition::write_refused || vague == isat::condition::write_refused) return 2;
  std::printf("kubernetes %s\n", isat::version.data());
}
