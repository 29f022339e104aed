// SPDX-License-Identifier: BSL-1.0

#include "isat/responder/counters.hpp"

#include <doctest/doctest.h>

#include <cstdint>

namespace {

using namespace isat::responder;
using isat::wire::parse_error;
using isat::wire::parse_errors;

}  // namespace

TEST_CASE("counters start at zero") {
  const counters fresh;
  CHECK(fresh.received == 0);
  CHECK(fresh.replies == 0);
  CHECK(fresh.announcements == 0);
  CHECK(fresh.refused_by_link == 0);
  for (const auto error : parse_errors) CHECK(fresh[error] == 0);
  for (const auto reason : drop_reasons) CHECK(fresh[reason] == 0);
}

TEST_CASE("every parse error and every drop reason is counted by itself") {
  counters counted;
  std::uint64_t times = 0;
  for (const auto error : parse_errors) {
    for (std::uint64_t i = ++times; i > 0; --i) counted.count(error);
  }
  for (const auto reason : drop_reasons) {
    for (std::uint64_t i = ++times; i > 0; --i) counted.count(reason);
  }
  std::uint64_t expected = 0;
  for (const auto error : parse_errors) {
    CAPTURE(to_string(error));
    CHECK(counted[error] == ++expected);
  }
  for (const auto reason : drop_reasons) {
    CAPTURE(to_string(reason));
    CHECK(counted[reason] == ++expected);
  }
  CHECK(counted.received == 0);
  CHECK(counted.replies == 0);
}
