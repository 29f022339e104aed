// SPDX-License-Identifier: BSL-1.0

// The main of every doctest program. Beside what doctest does, it turns test cases that could not run here into the
// exit code 77 with their reasons, so that ctest reports the file as skipped and never as passed.
#define DOCTEST_CONFIG_IMPLEMENT
#include "skip.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr int exit_skipped = 77;

std::vector<std::string>& reasons() {
  static std::vector<std::string> list;
  return list;
}

}  // namespace

void isat::test::skip(std::string reason) { reasons().push_back(std::move(reason)); }

int main(int argc, char** argv) {
  doctest::Context context{argc, argv};
  const int result = context.run();
  for (const auto& reason : reasons()) std::printf("SKIP: %s\n", reason.c_str());
  if (context.shouldExit() || result != 0) return result;
  return reasons().empty() ? 0 : exit_skipped;
}
