// SPDX-License-Identifier: BSL-1.0

// Errors of API servers: what an answer's status means, and after which of them nothing can have been written.
#include "isat/kubernetes/error.hpp"

#include <boost/system/error_code.hpp>
#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <string>

namespace {

namespace kubernetes = isat::kubernetes;
using isat::error_code;
using isat::kubernetes::error;
using isat::kubernetes::error_of_status;

constexpr std::uint8_t last = static_cast<std::uint8_t>(error::unusable_name);

TEST_CASE("every error has words of its own") {
  std::set<std::string> words;
  for (std::uint8_t value = 0; value <= last; ++value) words.insert(error_code{static_cast<error>(value)}.message());
  CHECK(words.size() == last + 1U);
  CHECK(kubernetes::make_error_code(error::none).category().message(last + 1) == "unknown error");
  CHECK(words.count("unknown error") == 0);
}

TEST_CASE("the category has its own name") {
  CHECK(std::string{error_code{error::conflict}.category().name()} == "isat.kubernetes");
  CHECK_FALSE(error_code{error::none}.failed());
}

TEST_CASE("a status becomes an error") {
  struct row {
    unsigned status;
    const char* reason;
    error expected;
  };
  const row rows[] = {
      {200, "", error::none},
      {201, "", error::none},
      {299, "", error::none},
      {300, "", error::other_status},
      {302, "", error::other_status},
      {400, "BadRequest", error::bad_request},
      {401, "Unauthorized", error::unauthorized},
      {403, "Forbidden", error::forbidden},
      {404, "NotFound", error::not_found},
      {404, "", error::other_status},
      {405, "MethodNotAllowed", error::not_allowed},
      {406, "NotAcceptable", error::not_allowed},
      {409, "AlreadyExists", error::already_exists},
      {409, "Conflict", error::conflict},
      {409, "", error::conflict},
      {410, "Expired", error::expired},
      {410, "Gone", error::expired},
      {415, "UnsupportedMediaType", error::not_allowed},
      {418, "", error::other_status},
      {422, "Invalid", error::invalid},
      {429, "TooManyRequests", error::too_many_requests},
      {500, "InternalError", error::internal},
      {500, "ServerTimeout", error::server_timeout},
      {502, "", error::unavailable},
      {503, "ServiceUnavailable", error::unavailable},
      {504, "Timeout", error::server_timeout},
      {504, "", error::server_timeout},
      {101, "", error::other_status},
      {0, "", error::other_status},
  };
  for (const auto& [status, reason, expected] : rows) {
    CAPTURE(status);
    CAPTURE(std::string{reason});
    CHECK(error_of_status(status, reason) == expected);
  }
}

TEST_CASE("a write is known to be refused where the server or the client says no") {
  const std::set<error> refused{error::bad_request,       error::unauthorized, error::forbidden,
                                error::not_found,         error::not_allowed,  error::invalid,
                                error::too_many_requests, error::no_server,    error::bad_certificate,
                                error::no_credentials,    error::unusable_name};
  for (std::uint8_t value = 1; value <= last; ++value) {
    const auto each = static_cast<error>(value);
    CAPTURE(error_code{each}.message());
    CHECK((error_code{each} == isat::condition::write_refused) == (refused.count(each) == 1));
  }
  CHECK_FALSE(error_code{error::none} == isat::condition::write_refused);
}

}  // namespace
