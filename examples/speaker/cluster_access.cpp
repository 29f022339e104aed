// SPDX-License-Identifier: BSL-1.0

#include "cluster_access.hpp"
#include "failure.hpp"
#include "isat/kubernetes/config/in_cluster.hpp"
#include "isat/kubernetes/config/kubeconfig.hpp"
#include "text.hpp"
#include "yaml_json.hpp"

#include <boost/system/errc.hpp>
#include <boost/system/result.hpp>
#include <fmt/format.h>

#include <unistd.h>
#include <utility>

namespace speakerd {

namespace {

namespace kubernetes = isat::kubernetes;
using kubernetes::config_failure;

boost::system::result<kubernetes::cluster_config, config_failure> load(const std::string& kubeconfig) {
  if (kubeconfig.empty()) return kubernetes::load_default_config(read_yaml_as_json);
  kubernetes::kubeconfig_options from;
  from.paths = {kubeconfig};
  return kubernetes::load_kubeconfig(from, read_yaml_as_json);
}

std::string shown(const std::string& text) {
  return is_printable(text) ? text : escaped(text, escape_style::hexadecimal);
}

[[noreturn]] void give_up(const config_failure& why, bool was_named) {
  const bool is_content = why.error == boost::system::errc::invalid_argument;
  const bool is_missing = why.error == boost::system::errc::no_such_file_or_directory;
  // The capability to read everybody's files is given up at start.
  const bool is_root = why.error == boost::system::errc::permission_denied && ::geteuid() == 0;
  std::string remedy;
  if (is_missing && !was_named) remedy = "; name a file by --kubeconfig FILE";
  if (is_root) remedy = "; it must be readable by isat-speaker's user without capabilities, for root too";
  throw failure{is_content ? exit_code::configuration : exit_code::no_input, shown(why.message) + remedy};
}

}  // namespace

kubernetes::cluster_config find_cluster(const options& what) {
  auto found = load(what.cluster.kubeconfig);
  if (!found) give_up(found.error(), !what.cluster.kubeconfig.empty());
  kubernetes::cluster_config cluster = *std::move(found);
  cluster.servers.insert(cluster.servers.end(), what.cluster.api_servers.begin(), what.cluster.api_servers.end());
  if (!what.cluster.name_space.empty()) cluster.name_space = what.cluster.name_space;
  if (cluster.name_space.empty()) cluster.name_space = "default";
  return cluster;
}

std::string describe_user(const kubernetes::credentials& user) {
  if (user.exec) return "exec plugin " + shown(user.exec->command);
  const std::string certificate = user.client_certificate.empty() ? "" : "client certificate";
  if (user.token.empty()) return certificate.empty() ? "nobody in particular" : certificate;
  const std::string token = user.token.file.empty() ? "token" : "token file " + shown(user.token.file);
  return certificate.empty() ? token : token + " and " + certificate;
}

std::string describe_servers(const kubernetes::cluster_config& cluster) {
  std::string list;
  for (const std::string& server : cluster.servers) list += (list.empty() ? "" : ", ") + shown(server);
  return list;
}

bool asks_for_servers(const options& what) { return what.cluster.kubeconfig.empty() && kubernetes::is_in_cluster(); }

}  // namespace speakerd
