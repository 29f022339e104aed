// SPDX-License-Identifier: BSL-1.0

// The bodies of kubeconfig.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/config/detail/exec_credential.hpp"
#include "isat/kubernetes/config/detail/kubeconfig_entry.hpp"
#include "isat/kubernetes/config/detail/kubeconfig_merge.hpp"
#include "isat/kubernetes/config/detail/watched_file.hpp"
#include "isat/kubernetes/config/in_cluster.hpp"
#include "isat/kubernetes/config/kubeconfig.hpp"
#include "isat/kubernetes/config/server_url.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

ISAT_INLINE void read_cluster(entry_reader& reader, cluster_config& into) {
  const std::string server = reader.text("server");
  const auto url = parse_server_url(server);
  if (server.empty())
    reader.blame("server", "is missing");
  else if (!url)
    reader.blame("server", "cannot be used: " + url.error().message);
  into.servers = {server};
  into.certificate_authority = reader.data_or_file("certificate-authority");
  into.tls_server_name = reader.text("tls-server-name");
  into.insecure_skip_tls_verify = reader.flag("insecure-skip-tls-verify");
  if (into.insecure_skip_tls_verify && !into.certificate_authority.empty()) {
    reader.blame("insecure-skip-tls-verify", "contradicts the certificate-authority beside it");
  }
  reader.refuse({"proxy-url"});
}

/// What a plugin is told of the cluster, if it asks for that.
ISAT_INLINE void describe_cluster(entry_reader& cluster, const cluster_config& config, exec_plugin& into) {
  boost::json::object described{{"server", config.servers.front()}};
  if (!config.tls_server_name.empty()) described["tls-server-name"] = config.tls_server_name;
  if (config.insecure_skip_tls_verify) described["insecure-skip-tls-verify"] = true;
  std::string authority = config.certificate_authority.text;
  if (const std::string& path = config.certificate_authority.file; authority.empty() && !path.empty()) {
    if (const error_code error = read_whole_file(path, authority)) {
      cluster.blame("certificate-authority", "cannot be read: " + error.message());
    }
  }
  if (!authority.empty()) described["certificate-authority-data"] = encode_base64(authority);
  if (const boost::json::array* extensions = cluster.list("extensions")) {
    for (const boost::json::value& each : *extensions) {
      const boost::json::object* extension = each.if_object();
      const boost::json::value* name = extension != nullptr ? extension->if_contains("name") : nullptr;
      if (name == nullptr || *name != "client.authentication.k8s.io/exec") continue;
      if (const auto* value = extension->if_contains("extension")) described["config"] = *value;
    }
  }
  into.cluster_info = boost::json::serialize(described);
}

ISAT_INLINE void read_plugin_lists(entry_reader& plugin, const kubeconfig_entry& user, exec_plugin& into) {
  if (const boost::json::array* arguments = plugin.list("args")) {
    for (const boost::json::value& argument : *arguments) {
      const boost::json::string* text = argument.if_string();
      if (text == nullptr) return plugin.blame("args", "must be a list of strings");
      into.arguments.emplace_back(text->data(), text->size());
    }
  }
  if (const boost::json::array* variables = plugin.list("env")) {
    for (const boost::json::value& variable : *variables) {
      if (!variable.is_object()) return plugin.blame("env", "must be a list of maps with name and value");
      entry_reader reader{user, variable.get_object(), "exec.env[]."};
      const std::string name = reader.text("name");
      if (name.empty() || name.find('=') != std::string::npos) reader.blame("name", "must be a variable's name");
      into.environment.emplace_back(name, reader.text("value"));
      plugin.blame(reader);
    }
  }
}

ISAT_INLINE exec_plugin read_plugin(entry_reader& reader, const kubeconfig_entry& user,
                                    const boost::json::object& fields, entry_reader& cluster,
                                    const cluster_config& config) {
  entry_reader plugin{user, fields, "exec."};
  exec_plugin result;
  result.command = plugin.text("command");
  if (result.command.empty()) plugin.blame("command", "is missing");
  if (result.command.find('/') != std::string::npos) result.command = plugin.absolute(result.command);
  result.api_version = plugin.text("apiVersion");
  if (!is_exec_version(result.api_version)) {
    plugin.blame("apiVersion", "must be client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1");
  }
  result.install_hint = plugin.text("installHint");
  if (plugin.text("interactiveMode") == "Always") {
    plugin.blame("interactiveMode", "must not be Always: nobody can be asked");
  }
  read_plugin_lists(plugin, user, result);
  if (plugin.flag("provideClusterInfo")) describe_cluster(cluster, config, result);
  reader.blame(plugin);
  return result;
}

ISAT_INLINE void read_user(entry_reader& reader, const kubeconfig_entry& user, entry_reader& cluster,
                           cluster_config& into) {
  reader.refuse({"username", "password", "auth-provider", "as", "as-uid", "as-groups", "as-user-extra"});
  into.user.token = {reader.text("token"), reader.path("tokenFile")};
  into.user.client_certificate = reader.data_or_file("client-certificate");
  into.user.client_key = reader.data_or_file("client-key");
  if (into.user.client_certificate.empty() && !into.user.client_key.empty()) {
    reader.blame("client-certificate", "is missing beside client-key");
  }
  if (into.user.client_key.empty() && !into.user.client_certificate.empty()) {
    reader.blame("client-key", "is missing beside client-certificate");
  }
  if (const boost::json::object* exec = reader.object("exec")) {
    into.user.exec = read_plugin(reader, user, *exec, cluster, into);
  }
}

/// The entry of a name, or a failure that lists the names there are.
ISAT_INLINE boost::system::result<const kubeconfig_entry*, config_failure> find_entry(
    const kubeconfig_merge::entries& entries, const std::string& name, std::string_view what) {
  const auto found = entries.find(name);
  if (found != entries.end()) return &found->second;
  std::string names;
  for (const auto& [each, entry] : entries) names += (names.empty() ? "" : ", ") + ('"' + shown(each) + '"');
  if (names.empty()) names = "none";
  return wrong_config(std::string{what} + "; those that there are: " + names);
}

ISAT_INLINE boost::system::result<cluster_config, config_failure> configure(const kubeconfig_merge& merged,
                                                                            const std::string& wanted,
                                                                            const std::string& files) {
  const std::string& name = wanted.empty() ? merged.current_context() : wanted;
  const auto context = find_entry(merged.contexts(), name,
                                  name.empty() ? files + ": no context is named and there is no current-context"
                                               : files + ": there is no context \"" + shown(name) + '"');
  if (!context) return context.error();
  entry_reader context_reader{**context};
  const std::string cluster_name = context_reader.text("cluster");
  const std::string user_name = context_reader.text("user");
  cluster_config config;
  config.name_space = context_reader.text("namespace");
  if (!context_reader.fault().empty()) return wrong_config(context_reader.fault());
  const auto cluster = find_entry(merged.clusters(), cluster_name,
                                  (*context)->where + ": there is no cluster \"" + shown(cluster_name) + '"');
  if (!cluster) return cluster.error();
  entry_reader cluster_reader{**cluster};
  read_cluster(cluster_reader, config);
  if (!cluster_reader.fault().empty()) return wrong_config(cluster_reader.fault());
  if (user_name.empty()) return config;
  const auto user =
      find_entry(merged.users(), user_name, (*context)->where + ": there is no user \"" + shown(user_name) + '"');
  if (!user) return user.error();
  entry_reader user_reader{**user};
  read_user(user_reader, **user, cluster_reader, config);
  user_reader.blame(cluster_reader);
  if (!user_reader.fault().empty()) return wrong_config(user_reader.fault());
  return config;
}

}  // namespace isat::inline v0::kubernetes::detail

namespace isat::inline v0::kubernetes {

ISAT_INLINE boost::system::result<std::string, config_failure> read_json_file(const std::string& path) {
  constexpr std::size_t octets_max = std::size_t{16} << 20U;
  std::string text;
  if (const error_code error = detail::read_whole_file(path, text, octets_max)) {
    return config_failure{error, detail::shown(path) + ": cannot be read: " + error.message()};
  }
  return text;
}

ISAT_INLINE std::vector<std::string> default_kubeconfig_paths() {
  std::vector<std::string> paths;
  const char* listed = std::getenv("KUBECONFIG");
  std::string_view rest = listed != nullptr ? listed : "";
  if (rest.empty()) {
    const char* home = std::getenv("HOME");
    if (home != nullptr && *home != '\0') paths.push_back(std::string{home} + "/.kube/config");
    return paths;
  }
  while (!rest.empty()) {
    const std::string_view path = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(path.size() + 1, rest.size()));
    if (!path.empty() && std::find(paths.begin(), paths.end(), path) == paths.end()) paths.emplace_back(path);
  }
  return paths;
}

ISAT_INLINE boost::system::result<cluster_config, config_failure> load_kubeconfig(const kubeconfig_options& options,
                                                                                  const file_reader& read) {
  detail::kubeconfig_merge merged;
  std::string files;  // that are there
  std::optional<config_failure> missing;
  for (const std::string& path : options.paths) {
    const auto text = read(path);
    if (!text && text.error().error == boost::system::errc::no_such_file_or_directory) {
      if (!missing) missing = text.error();
      continue;
    }
    if (!text) return text.error();
    if (auto failure = merged.add(path, *text)) return *std::move(failure);
    files += (files.empty() ? "" : ", ") + detail::shown(path);
  }
  if (!files.empty()) return detail::configure(merged, options.context, files);
  if (missing) return *std::move(missing);
  return config_failure{make_error_code(boost::system::errc::no_such_file_or_directory),
                        "no kubeconfig file is named, neither by KUBECONFIG nor by HOME"};
}

ISAT_INLINE boost::system::result<cluster_config, config_failure> load_default_config(const file_reader& read) {
  if (is_in_cluster()) return load_in_cluster();
  kubeconfig_options options;
  options.paths = default_kubeconfig_paths();
  return load_kubeconfig(options, read);
}

}  // namespace isat::inline v0::kubernetes
