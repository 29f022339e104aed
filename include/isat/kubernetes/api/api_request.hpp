// SPDX-License-Identifier: BSL-1.0

// What is asked of an API server and what it answers, as values; how they look as HTTP/1.1 is http_exchange.hpp's
// business, where they go api_client.hpp's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace isat::inline v0::kubernetes {

/// The HTTP methods that are needed.
enum class method : std::uint8_t { none = 0, get = 1, post = 2, put = 3, patch = 4, remove = 5 };

/// How a request stands to the others.
enum class urgency : std::uint8_t {
  none = 0,
  normal = 1,  ///< waits when a server asked for that (429, Retry-After), for a few seconds at most
  urgent = 2,  ///< a lease depends on it: goes out at once
};

/// One request.
struct api_request {
  kubernetes::method method{kubernetes::method::get};
  std::string target;  ///< path and query, percent-encoded, below the path of the server's URL
  std::string body;    ///< JSON; empty: none
  std::string content_type = "application/json";
  std::string accept = "application/json";
  kubernetes::urgency urgency{kubernetes::urgency::normal};
  /// A copy of one that is on its way: by another server if there is one, else by another connection.
  bool elsewhere{};
  std::string subject;  ///< with method and target, what copies have in common: of a POST the name that is in its body
  bool repeatable{true};  ///< may be sent again when a connection that was kept open turns out to be closed
  std::chrono::nanoseconds timeout = std::chrono::seconds{10};  ///< for the whole answer; of a stream: for its head
  std::size_t answer_max = std::size_t{64} << 20U;              ///< longer answers are an error; not for streams
};

/// One answer.
struct api_response {
  unsigned status{};    ///< of HTTP; 0: there was no answer
  std::string body;     ///< empty for a stream that began well
  std::string reason;   ///< of a Status object
  std::string message;  ///< of a Status object, as the server has it, or what came instead; for people
  std::chrono::seconds retry_after{};
  std::string server;  ///< the URL of the server that was asked
};

}  // namespace isat::inline v0::kubernetes
