// SPDX-License-Identifier: BSL-1.0

// What every TLS connection to the API servers of one cluster has in common: whom to believe (the CA, read again when
// its file has changed) and who we are (the client certificate of the identity that counts now). A connection asks for
// it when it is made and keeps what it got. It refuses TLS below 1.2 and to believe anybody unverified, unless the
// configuration says so, and then it warns.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/config/cluster_config.hpp"
#include "isat/kubernetes/config/credential_source.hpp"
#include "isat/kubernetes/config/detail/watched_file.hpp"
#include "isat/kubernetes/config/server_url.hpp"
#include "isat/kubernetes/detail/warning.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace isat::inline v0::kubernetes::detail {

/// Whom to believe and who we are.
class tls_context {
 public:
  tls_context(const cluster_config& cluster, warning_function on_warning);

  /// The context for a new connection as `who`. Files are read within the call.
  /// @return null: failure() says why
  std::shared_ptr<asio::ssl::context> make(const identity& who);
  const std::string& failure() const noexcept { return failure_; }

  /// What a server's certificate must be for.
  const std::string& expected_name(const server_url& url) const noexcept {
    return server_name_.empty() ? url.host : server_name_;
  }
  /// Prepares one connection, before its handshake: which name or address is verified, what is told as SNI.
  bool prepare(::SSL* connection, const server_url& url) const;

 private:
  bool refresh_authority();
  std::shared_ptr<asio::ssl::context> built(const identity& who);
  bool use_authority(asio::ssl::context& context);
  bool use_identity(asio::ssl::context& context, const identity& who);

  text_or_file authority_;
  watched_file file_;
  std::string server_name_;
  bool insecure_;
  warning_function on_warning_;

  std::string authority_text_;     // what is believed
  bool authority_missed_ = false;  // and that was told
  bool insecurity_told_ = false;
  identity who_;           // of made_
  std::string made_with_;  // the authority of made_
  std::shared_ptr<asio::ssl::context> made_;
  std::string failure_;
};

/// Why a handshake has failed, for people. @param error of the handshake
/// @param expected what the certificate had to be for
ISAT_INLINE error_code handshake_failure(::SSL* connection, error_code error, const std::string& expected,
                                         std::string& message);

}  // namespace isat::inline v0::kubernetes::detail

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/api/impl/tls_context.ipp"
#endif
