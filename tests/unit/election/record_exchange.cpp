// SPDX-License-Identifier: BSL-1.0

#include "isat/election/record_exchange.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace std::chrono_literals;
using namespace isat::election;

struct claim {
  int what{};
};

}  // namespace

TEST_CASE("what was not said is nothing: no record, no request, no outcome, nothing to wait for") {
  constexpr basic_sight<claim> sight;
  static_assert(!sight.exists && !sight.orphaned && sight.at == version{} && sight.claim.what == 0);
  constexpr basic_request<claim> request;
  static_assert(request.operation == lease_operation::none && request.id == 0 && !request.repeated);
  constexpr basic_response<claim> response;
  static_assert(response.outcome == lease_outcome::none && response.retry_after == 0ns);
  CHECK(static_cast<int>(lease_operation{}) == static_cast<int>(lease_operation::none));
  CHECK(static_cast<int>(lease_outcome{}) == static_cast<int>(lease_outcome::none));
}

TEST_CASE("a request and a response carry any claim") {
  const basic_request<claim> request{lease_operation::cas, 3, {1, 2}, {7}, true};
  CHECK(request.claim.what == 7);
  const basic_response<claim> response{request.id, lease_outcome::done, {{1, 3}, true, request.claim, false}, 5ms};
  CHECK(response.id == 3);
  CHECK(response.sight.at.newer_than(request.expected));
  CHECK(response.sight.claim.what == 7);
}
