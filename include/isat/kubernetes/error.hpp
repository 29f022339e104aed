// SPDX-License-Identifier: BSL-1.0

// What can be wrong with an API server, as error codes: its Status objects by reason, and what it is no Status for.
// What a server said in words is kept beside the code (api_response::message). It refuses to say what to do about it.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/error.hpp"

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace isat::inline v0::kubernetes {

/// Errors of API servers. The values are API: append only.
enum class error : std::uint8_t {
  none = 0,
  bad_request = 1,         ///< 400: the server does not understand what was sent
  unauthorized = 2,        ///< 401: it does not know who asks
  forbidden = 3,           ///< 403: whoever asks may not (RBAC)
  not_found = 4,           ///< 404, reason NotFound
  not_allowed = 5,         ///< 405, 406, 415: not on this path, or not in this form
  already_exists = 6,      ///< 409, reason AlreadyExists
  conflict = 7,            ///< 409 otherwise: the object has another version or uid
  expired = 8,             ///< 410: the resource version is too old to go on from
  invalid = 9,             ///< 422: the object breaks a rule of its kind
  too_many_requests = 10,  ///< 429: the server asks to come later
  internal = 11,           ///< 500
  unavailable = 12,        ///< 503, and 502: the server or what stands before it cannot serve now
  server_timeout = 13,     ///< 504, and reason ServerTimeout or Timeout: it may or may not have been done
  other_status = 14,       ///< any other HTTP status that is not a success
  malformed_answer = 15,   ///< neither HTTP/1.1 nor JSON where that was due
  answer_too_large = 16,   ///< longer than the limit for it
  request_timeout = 17,    ///< no answer in time
  no_server = 18,          ///< there is no usable server in the configuration
  bad_certificate = 19,    ///< the server's certificate is not from the CA, not valid now, or for another name
  no_credentials = 20,     ///< a token, certificate or key cannot be read, or a plugin gave none
  unusable_name = 21,      ///< no Lease can have this name, or no Lease can carry this text
};

/// The category of kubernetes::error. Compares equal to condition::write_refused where nothing can have been written.
class ISAT_API error_category final : public boost::system::error_category {
 public:
  constexpr error_category() noexcept : boost::system::error_category{0x73cefa0a9f5787d9} {}
  const char* name() const noexcept override { return "isat.kubernetes"; }
  ISAT_INLINE std::string message(int value) const override;
  ISAT_INLINE bool equivalent(int value, const boost::system::error_condition& condition) const noexcept override;
};

/// An error_code that holds `value`.
ISAT_API error_code make_error_code(error value) noexcept;

/// The error of an answer. @param reason of its Status object, may be empty
ISAT_API error error_of_status(unsigned http_status, std::string_view reason) noexcept;

}  // namespace isat::inline v0::kubernetes

template <>
struct boost::system::is_error_code_enum<isat::kubernetes::error> : std::true_type {};

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/impl/error.ipp"
#endif
