// SPDX-License-Identifier: BSL-1.0

// What a credential plugin is told and what it answers: an ExecCredential object in its environment, and another one on
// its standard output. It refuses to run anything, which is process.hpp's business, and to know when: that is
// plugin_schedule.hpp's.
// @see Kubernetes documentation, "client-go credential plugins"
#pragma once

#include "isat/detail/build.hpp"
#include "isat/kubernetes/config/cluster_config.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace isat::inline v0::kubernetes::detail {

/// What a plugin gave: a token, or a certificate and its key, or all of them.
struct exec_credential {
  std::string token;
  std::string certificate;  ///< PEM
  std::string key;          ///< PEM
  std::optional<std::chrono::system_clock::time_point> expires;
};

/// True if plugins of this version of the protocol are understood.
bool is_exec_version(std::string_view api_version) noexcept;

/// The value of KUBERNETES_EXEC_INFO: an ExecCredential that says nobody can be asked.
std::string exec_info(const exec_plugin& plugin);

/// Reads what a plugin has written. Says what is wrong with it, in half a sentence to follow the plugin's name and
/// without a secret; empty: it is in `into`.
std::string read_exec_credential(std::string_view text, std::string_view api_version, exec_credential& into);

/// An RFC 3339 time, from the year 1678 to 2261; nothing if it is none. Parts of a second are cut off.
std::optional<std::chrono::system_clock::time_point> read_rfc3339(std::string_view text) noexcept;

}  // namespace isat::inline v0::kubernetes::detail

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/config/impl/exec_credential.ipp"
#endif
