// SPDX-License-Identifier: BSL-1.0

// Requests and answers as values: what is assumed unless it is said otherwise.
#include "isat/kubernetes/api/api_request.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace {

using isat::kubernetes::api_request;
using isat::kubernetes::api_response;
using namespace std::chrono_literals;

TEST_CASE("a request is a read of JSON that can wait, unless it says otherwise") {
  const api_request request;
  CHECK(request.method == isat::kubernetes::method::get);
  CHECK(request.urgency == isat::kubernetes::urgency::normal);
  CHECK(request.accept == "application/json");
  CHECK(request.body.empty());
  CHECK(request.repeatable);
  CHECK_FALSE(request.elsewhere);
}

TEST_CASE("no request is without limits") {
  const api_request request;
  CHECK(request.timeout > 0ns);
  CHECK(request.timeout <= 1min);
  CHECK(request.answer_max > 0);
}

TEST_CASE("an answer that never came has no status") {
  const api_response response;
  CHECK(response.status == 0);
  CHECK(response.retry_after == 0s);
  CHECK(response.message.empty());
}

}  // namespace
