// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/api/detail/outage.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using isat::kubernetes::detail::outage;

constexpr outage::time_point start{1000s};

}  // namespace

TEST_CASE("a success after failures that went on for long enough is the end of an outage, once") {
  outage o{1s};
  o.on_failure(start);
  o.on_failure(start + 900ms);
  CHECK(o.on_success(start + 1s));
  CHECK_FALSE(o.on_success(start + 2s));
  o.on_failure(start + 3s);
  CHECK(o.on_success(start + 60s));
}

TEST_CASE("successes without a failure are no end of anything, nor is one soon after a failure") {
  outage o{1s};
  CHECK_FALSE(o.on_success(start));
  CHECK_FALSE(o.on_success(start + 1h));
  o.on_failure(start + 1h);
  CHECK_FALSE(o.on_success(start + 1h + 999ms));
}

TEST_CASE("who fails among others that succeed is not told of an outage") {
  outage o{1s};
  for (int count = 0; count < 10; ++count) {
    o.on_failure(start + count * 750ms);
    CHECK_FALSE(o.on_success(start + count * 750ms + 500ms));
  }
}
