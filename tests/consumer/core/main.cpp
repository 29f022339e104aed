// SPDX-License-Identifier: BSL-1.0

// Uses isat::core from outside: it must compile and link where Boost and fmt do not exist.
#include "isat/core.hpp"

#include <cstdio>

int main() {
  const auto vip = isat::ipv4_address::parse("192.0.2.1");
  if (!vip || vip->to_string() != "192.0.2.1") return 1;
  std::printf("core %s\n", isat::version.data());
}
