// SPDX-License-Identifier: BSL-1.0

// Several kubeconfig files as one, by the rules of kubectl: what a file before has named is not touched by the ones
// after it, not even where it says less, and the first current-context counts. Nothing is judged but the shape of the
// lists. It refuses to read files.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/kubernetes/config/cluster_config.hpp"
#include "isat/kubernetes/config/detail/kubeconfig_entry.hpp"

#include <boost/json/object.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace isat::inline v0::kubernetes::detail {

/// A failure of a configuration that says something else than it may.
config_failure wrong_config(std::string message);

/// A text from a file for a sentence: bounded, without control characters.
std::string shown(std::string_view text);

/// What the files say together.
class kubeconfig_merge {
 public:
  using entries = std::map<std::string, kubeconfig_entry, std::less<>>;

  /// Adds the next file, JSON text; an empty one adds nothing.
  std::optional<config_failure> add(const std::string& path, std::string_view text);

  const std::string& current_context() const noexcept { return current_context_; }
  const entries& clusters() const noexcept { return clusters_; }
  const entries& users() const noexcept { return users_; }
  const entries& contexts() const noexcept { return contexts_; }

 private:
  std::string add_object(const std::string& path, const boost::json::object& root);
  static std::string add_list(const kubeconfig_entry& file, std::string_view list, std::string_view kind,
                              entries& into);

  std::string current_context_;
  entries clusters_;
  entries users_;
  entries contexts_;
};

}  // namespace isat::inline v0::kubernetes::detail

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/config/impl/kubeconfig_merge.ipp"
#endif
