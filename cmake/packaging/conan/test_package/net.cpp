// SPDX-License-Identifier: BSL-1.0

// Uses isat::net as a package.
#include "isat/election/always_leader.hpp"
#include "isat/format.hpp"
#include "isat/version.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <cstdio>

int main() {
  boost::asio::io_context context;
  isat::election::always_leader elector{context.get_executor()};
  if (context.run() != 0) return 1;
  std::printf("net %s %s\n", isat::version.data(), fmt::format("{}", isat::mac_address::broadcast()).c_str());
}
