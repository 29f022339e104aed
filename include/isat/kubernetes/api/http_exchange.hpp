// SPDX-License-Identifier: BSL-1.0

// One request and its answer as HTTP/1.1: makes the octets of the one and reads those of the other as they come, in
// pieces of any size. It stands between api_client.hpp, which moves octets, and api_request.hpp, the values. Memory is
// bounded: a stream's body is handed out and never kept. It refuses to do I/O, to follow redirects and to decompress.
// @see RFC 9112
#pragma once

#include "isat/detail/build.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/api/api_request.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace isat::inline v0::kubernetes {

/// What goes with a request besides what it says itself.
struct request_frame {
  std::string_view authority;   ///< HOST:PORT of the server, an IPv6 address in brackets
  std::string_view path;        ///< of the server's URL, put before the target; without a slash at its end
  std::string_view token;       ///< empty: no Authorization
  std::string_view user_agent;  ///< name and version of the program
};

/// The octets of a request. Control characters are left out of header fields and encoded in the target.
ISAT_API std::string to_http(const api_request& request, const request_frame& frame);

/// Reads one answer.
class ISAT_API http_exchange {
 public:
  using piece_function = std::function<void(std::string_view)>;

  static constexpr std::size_t head_max = std::size_t{64} << 10U;      ///< octets of the head, and of a chunk's head
  static constexpr std::size_t failure_max = std::size_t{256} << 10U;  ///< octets that are kept of a failure's body

  /// The body is collected. @param answer_max octets of it; more are an error
  explicit http_exchange(std::size_t answer_max);
  /// The body is handed out by its pieces if the status is a success, collected otherwise. The first piece, a success's
  /// head, is an empty one.
  explicit http_exchange(piece_function on_piece);
  http_exchange(http_exchange&&) noexcept;
  http_exchange& operator=(http_exchange&&) noexcept;
  ~http_exchange();

  /// Takes what has come. May call the piece_function, which must not destroy this object.
  /// @return error::malformed_answer, error::answer_too_large: the connection is of no use any more
  error_code receive(std::string_view octets);
  /// The peer has closed its side. @return asio::error::eof unless the answer is complete by that
  error_code receive_end();

  bool has_begun() const noexcept;    ///< an octet of the answer has come
  bool has_head() const noexcept;     ///< status and header fields are known
  bool is_done() const noexcept;      ///< the answer is complete
  bool keeps_alive() const noexcept;  ///< the connection may serve another request. @pre is_done()

  /// The answer: of use from has_head() on, complete when is_done(). `server` is not filled in.
  api_response& response() noexcept;

 private:
  class state;

  std::unique_ptr<state> state_;
};

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/api/impl/http_exchange.ipp"
#endif
