// SPDX-License-Identifier: BSL-1.0

// Uses isat::kubernetes as a package: a client that asks nothing brings in TLS, JSON and URLs all the same.
#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/error.hpp"
#include "isat/version.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <utility>

int main() {
  boost::asio::io_context context;
  isat::kubernetes::cluster_config cluster;
  cluster.servers = {"https://127.0.0.1:6443"};
  isat::kubernetes::api_client client{context.get_executor(), std::move(cluster)};
  if (context.run() != 0) return 1;
  const isat::error_code forbidden = isat::kubernetes::error::forbidden;
  std::printf("kubernetes %s %s\n", isat::version.data(), forbidden.message().c_str());
}
