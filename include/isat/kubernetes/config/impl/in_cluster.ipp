// SPDX-License-Identifier: BSL-1.0

// The bodies of in_cluster.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/config/detail/token_cache.hpp"
#include "isat/kubernetes/config/detail/watched_file.hpp"
#include "isat/kubernetes/config/in_cluster.hpp"
#include "isat/kubernetes/detail/decimal.hpp"
#include "isat/kubernetes/detail/printable.hpp"

#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

ISAT_INLINE std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// The URL of the API servers as the kubelet tells it; a failure if that is no host and port.
ISAT_INLINE boost::system::result<std::string, config_failure> server_of_environment() {
  const auto fail = [](std::string message) {
    return config_failure{make_error_code(boost::system::errc::invalid_argument), std::move(message)};
  };
  std::string host = variable("KUBERNETES_SERVICE_HOST");
  const std::string port = variable("KUBERNETES_SERVICE_PORT");
  if (host.empty()) return fail("KUBERNETES_SERVICE_HOST is not set: this is no pod");
  if (port.empty()) return fail("KUBERNETES_SERVICE_PORT is not set");
  if (host.find_first_of("/@?# \t\r\n") != std::string::npos) return fail("KUBERNETES_SERVICE_HOST is no host");
  if (decimal<std::uint16_t>(port).value_or(0) == 0) return fail("KUBERNETES_SERVICE_PORT is no port");
  if (host.find(':') != std::string::npos && host.front() != '[') host = '[' + host + ']';
  return "https://" + host + ':' + port;
}

/// What a file of the service account holds, without the blanks around it; a failure if that is nothing.
ISAT_INLINE boost::system::result<std::string, config_failure> account_file(const std::string& path) {
  constexpr std::size_t shown_max = 1024;
  std::string text;
  error_code error = read_whole_file(path, text);
  if (error) return config_failure{error, printable(path, shown_max) + ": cannot be read: " + error.message()};
  text = std::string{trimmed_token(text)};
  if (!text.empty()) return text;
  error = make_error_code(boost::system::errc::invalid_argument);
  return config_failure{error, printable(path, shown_max) + ": is empty"};
}

}  // namespace isat::inline v0::kubernetes::detail

namespace isat::inline v0::kubernetes {

ISAT_INLINE bool is_in_cluster() { return !detail::variable("KUBERNETES_SERVICE_HOST").empty(); }

ISAT_INLINE boost::system::result<cluster_config, config_failure> load_in_cluster(const std::string& directory) {
  const auto server = detail::server_of_environment();
  if (!server) return server.error();
  const std::filesystem::path folder = std::filesystem::absolute(directory);
  cluster_config config;
  config.servers = {*server};
  config.user.token.file = (folder / "token").string();
  config.certificate_authority.file = (folder / "ca.crt").string();
  for (const std::string& path : {config.user.token.file, config.certificate_authority.file}) {
    const auto text = detail::account_file(path);
    if (!text) return text.error();
  }
  const auto name_space = detail::account_file((folder / "namespace").string());
  if (!name_space) return name_space.error();
  config.name_space = *name_space;
  return config;
}

}  // namespace isat::inline v0::kubernetes
