// SPDX-License-Identifier: BSL-1.0

// Uses isat::core as a package.
#include "isat/core.hpp"

#include <cstdio>

int main() {
  const auto vip = isat::ipv4_address::parse("192.0.2.1");
  if (!vip) return 1;
  std::printf("core %s\n", isat::version.data());
}
