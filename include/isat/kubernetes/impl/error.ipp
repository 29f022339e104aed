// SPDX-License-Identifier: BSL-1.0

// The bodies of error.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/error.hpp"

namespace isat::inline v0::kubernetes {

ISAT_INLINE std::string error_category::message(int value) const {
  switch (static_cast<error>(value)) {
    case error::none:
      return "success";
    case error::bad_request:
      return "the API server does not understand the request";
    case error::unauthorized:
      return "the API server does not accept the credentials";
    case error::forbidden:
      return "the API server's rules (RBAC) do not allow it";
    case error::not_found:
      return "the API server has no such object";
    case error::not_allowed:
      return "the API server does not serve this kind of request here";
    case error::already_exists:
      return "the object exists already";
    case error::conflict:
      return "the object has another version";
    case error::expired:
      return "the resource version is too old";
    case error::invalid:
      return "the API server refuses the object as invalid";
    case error::too_many_requests:
      return "the API server has too many requests";
    case error::internal:
      return "the API server has an internal error";
    case error::unavailable:
      return "the API server is unavailable";
    case error::server_timeout:
      return "the API server could not do it in time";
    case error::other_status:
      return "the API server answered with an unexpected status";
    case error::malformed_answer:
      return "the API server's answer is malformed";
    case error::answer_too_large:
      return "the API server's answer is too large";
    case error::request_timeout:
      return "the API server did not answer in time";
    case error::no_server:
      return "no API server is configured";
    case error::bad_certificate:
      return "the API server's certificate cannot be verified";
    case error::no_credentials:
      return "there are no credentials for the API server";
    case error::unusable_name:
      return "the name or text cannot be kept in a Lease";
  }
  return "unknown error";
}

// After these answers nothing has been written, and nothing of the request can be any more.
ISAT_INLINE bool error_category::equivalent(int value, const boost::system::error_condition& condition) const noexcept {
  if (condition != isat::condition::write_refused) {
    return boost::system::error_category::equivalent(value, condition);
  }
  switch (static_cast<error>(value)) {
    case error::bad_request:
    case error::unauthorized:
    case error::forbidden:
    case error::not_found:
    case error::not_allowed:
    case error::invalid:
    case error::too_many_requests:
    case error::no_server:
    case error::bad_certificate:
    case error::no_credentials:
    case error::unusable_name:
      return true;
    case error::none:
    case error::already_exists:
    case error::conflict:
    case error::expired:
    case error::internal:
    case error::unavailable:
    case error::server_timeout:
    case error::other_status:
    case error::malformed_answer:
    case error::answer_too_large:
    case error::request_timeout:
      break;
  }
  return false;
}

ISAT_INLINE error_code make_error_code(error value) noexcept {
  static constexpr error_category category;
  return {static_cast<int>(value), category};
}

ISAT_INLINE error error_of_status(unsigned http_status, std::string_view reason) noexcept {
  if (reason == "Timeout" || reason == "ServerTimeout") return error::server_timeout;
  switch (http_status) {
    case 400:
      return error::bad_request;
    case 401:
      return error::unauthorized;
    case 403:
      return error::forbidden;
    case 404:  // of the API server itself: what stands before it answers without a reason when it has no server
      return reason == "NotFound" ? error::not_found : error::other_status;
    case 405:
    case 406:
    case 415:
      return error::not_allowed;
    case 409:
      return reason == "AlreadyExists" ? error::already_exists : error::conflict;
    case 410:
      return error::expired;
    case 422:
      return error::invalid;
    case 429:
      return error::too_many_requests;
    case 500:
      return error::internal;
    case 502:
    case 503:
      return error::unavailable;
    case 504:
      return error::server_timeout;
    default:
      return http_status >= 200 && http_status < 300 ? error::none : error::other_status;
  }
}

}  // namespace isat::inline v0::kubernetes
