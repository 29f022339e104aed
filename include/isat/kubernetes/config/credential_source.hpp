// SPDX-License-Identifier: BSL-1.0

// Tells an api_client as whom it asks, now: a token's file and a client certificate's files are read again when they
// may have changed, a plugin is run before what it gave ends, beside those who ask. Nothing begins between questions:
// no timer, no watch. What was good is kept when a file turns bad, with a warning. It refuses to send anything, and to
// put a secret into a sentence.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/config/cluster_config.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace isat::inline v0::kubernetes {

/// As whom to ask. What is empty is not used.
struct identity {
  std::string token;           ///< of a bearer; printable ASCII without blanks
  std::string certificate;     ///< PEM, the client's chain; there exactly if `key` is, and belongs to it
  std::string key;             ///< PEM, unencrypted
  std::uint64_t generation{};  ///< another one whenever anything above is; 0: of no credential_source
};

/// The identities of one user. Not thread-safe; works on its executor.
class ISAT_API credential_source {
 public:
  using identity_signature = void(error_code, identity);

  /// @param on_warning may be empty; called on the executor or within refused() and async_identity(), never with a
  ///   secret; must not destroy the source
  credential_source(asio::any_io_executor executor, credentials who,
                    std::function<void(std::string_view)> on_warning = {});
  credential_source(const credential_source&) = delete;
  credential_source& operator=(const credential_source&) = delete;
  /// Ends a plugin that runs; what waits for it completes with operation_aborted.
  ~credential_source();

  /// The identity that counts now. Files are read within the call. A plugin is waited for, up to 30 s, only when it has
  /// given nothing yet, or what it gave is over or refused; several questions share one run. After runs that helped
  /// nothing it is left alone for 1 s to 30 s, and what it gave or said last is the answer. Never completes inline. Can
  /// be cancelled; a plugin that was waited for and is not any more is ended. One that renews beside the questions is
  /// work for the executor until it ends.
  /// @return through the token: the identity. Errors: error::no_credentials, and then failure() says why.
  template <asio::completion_token_for<identity_signature> Token>
  auto async_identity(Token&& token) {
    return isat::detail::erase<identity_signature>(
        std::forward<Token>(token), [this](handler<identity_signature> done) { start(std::move(done)); });
  }

  /// A server has answered 401 to the identity of this generation: unless there is another one already, the next
  /// async_identity() reads everything again or runs the plugin again, unless it did so a moment ago. It may give the
  /// same identity again.
  void refused(std::uint64_t generation);

  /// Why async_identity() most recently failed: one sentence without a full stop.
  const std::string& failure() const noexcept;

 private:
  class state;

  void start(handler<identity_signature> done);

  std::unique_ptr<state> state_;
};

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/config/impl/credential_source.ipp"
#endif
