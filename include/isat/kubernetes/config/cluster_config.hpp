// SPDX-License-Identifier: BSL-1.0

// How the API servers of a cluster are reached, and as whom: what in_cluster.hpp and kubeconfig.hpp find out, what a
// program may put together by hand, and what an api_client works with. Values only. It refuses to read files; that is
// done where a file may change under a running program (credential_source.hpp).
#pragma once

#include "isat/error.hpp"

#include <boost/assert/source_location.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <boost/throw_exception.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace isat::inline v0::kubernetes {

/// A text that is given, or the file that holds it; the text counts if both are there.
struct text_or_file {
  std::string text;
  std::string file;  ///< an absolute path; read again when it may have changed

  bool empty() const noexcept { return text.empty() && file.empty(); }
  friend bool operator==(const text_or_file&, const text_or_file&) = default;
};

/// A program that gives credentials (kubeconfig: users[].user.exec).
struct exec_plugin {
  std::string command;  ///< a name to be searched in PATH, or a path
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  ///< added to the own one
  std::string api_version;                                       ///< client.authentication.k8s.io/v1 or /v1beta1
  std::string install_hint;                                      ///< told when the command is not there
  std::string cluster_info;  ///< a JSON object, ExecCredential's spec.cluster; empty: the plugin is not told

  friend bool operator==(const exec_plugin&, const exec_plugin&) = default;
};

/// Who asks. A token and a client certificate may both be there.
struct credentials {
  text_or_file token;               ///< a bearer token; a file beats a text, for it is renewed
  text_or_file client_certificate;  ///< PEM, the chain
  text_or_file client_key;          ///< PEM, unencrypted
  std::optional<exec_plugin> exec;  ///< beats the others

  friend bool operator==(const credentials&, const credentials&) = default;
};

/// Everything that an api_client must be told of a cluster.
struct cluster_config {
  /// https://HOST[:PORT][/PATH], or http:// and a loopback address, where no credentials are sent (server_url.hpp).
  /// All serve the same cluster, the first is preferred.
  std::vector<std::string> servers;
  text_or_file certificate_authority;  ///< PEM; none: the system's
  std::string tls_server_name;         ///< what the certificate must be for, instead of the host of the URL
  bool insecure_skip_tls_verify{};     ///< believes any certificate: for laboratories
  credentials user;
  std::string name_space;  ///< the default namespace of its user; may be empty

  friend bool operator==(const cluster_config&, const cluster_config&) = default;
};

/// Why there is no configuration.
struct config_failure {
  error_code error;
  std::string message;  ///< one sentence without a full stop, names the file and what is wrong in it; no secret
};

/// What value() of a boost::system::result throws when there is a failure instead.
[[noreturn]] inline void throw_exception_from_error(const config_failure& failure, const boost::source_location& from) {
  boost::throw_exception(boost::system::system_error{failure.error, failure.message}, from);
}

}  // namespace isat::inline v0::kubernetes
