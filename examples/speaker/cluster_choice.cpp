// SPDX-License-Identifier: BSL-1.0

#include "cluster_choice.hpp"
#include "dns_name.hpp"
#include "duration_text.hpp"
#include "isat/kubernetes/config/server_url.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace speakerd {

namespace {

constexpr std::string_view forever = "forever";
constexpr std::chrono::hours wait_max{1000};
constexpr std::size_t lease_name_max = 63;

/// A URL in normal form. What was written is not repeated: it may hold a password.
std::string parse_api_server(const setting& value) {
  const auto url = isat::kubernetes::parse_server_url(value.text);
  if (!url) value.from.refuse(url.error().message);
  if (!url->tls) value.from.refuse("the URL of the server does not begin with https://");
  return url->text;
}

}  // namespace

std::string parse_namespace(const setting& value, std::string_view text) {
  if (text.empty()) {
    value.from.refuse(quoted(value.text) +
                      " names no namespace, write kubernetes:NAMESPACE, or kubernetes for the own");
  }
  if (!is_dns_label(text)) {
    value.from.refuse(
        fmt::format("{} is no namespace, which has at most {} lower-case letters, digits and hyphens, none of these at "
                    "either end",
                    quoted(text), dns_label_max));
  }
  return std::string{text};
}

std::string parse_kubeconfig_path(const setting& value) {
  if (value.text.empty()) value.from.refuse("the path of a kubeconfig file cannot be empty");
  if (!is_printable(value.text)) value.from.refuse(quoted(value.text) + " is no printable path");
  return value.text;
}

std::vector<std::string> parse_api_servers(std::span<const setting> values) {
  std::vector<std::string> servers;
  for (const setting& value : values) {
    std::string server = parse_api_server(value);
    const bool is_known = std::find(servers.begin(), servers.end(), server) != servers.end();
    if (is_known) value.from.refuse(quoted(server) + " is given twice");
    servers.push_back(std::move(server));
  }
  return servers;
}

std::string parse_lease_name(const setting& value) {
  // With anything behind it, it must be a name.
  const bool is_beginning = is_dns_subdomain(value.text + "-x") && !value.text.empty();
  if (is_beginning && value.text.size() <= lease_name_max) return value.text;
  value.from.refuse(
      fmt::format("{} cannot begin the names of leases: it must be at most {} lower-case letters, digits, hyphens and "
                  "dots, with a letter or digit first and behind each dot, and on either side of it",
                  quoted(value.text), lease_name_max));
}

std::optional<std::chrono::nanoseconds> parse_wait(const setting& value) {
  if (value.text == forever) return std::nullopt;
  if (value.text == "0") return std::chrono::nanoseconds::zero();
  const std::chrono::nanoseconds read = parse_duration(value);
  if (read <= wait_max) return read;
  value.from.refuse(fmt::format("{} is longer than {}, write {}", quoted(value.text), to_text(wait_max), forever));
}

std::string wait_text(const std::optional<std::chrono::nanoseconds>& wait) {
  return wait ? to_text(*wait) : std::string{forever};
}

void require_lease_name(const setting& node_name, const std::string& lease_name) {
  if (is_dns_subdomain(lease_name + "-node-" + node_name.text) && is_dns_subdomain(node_name.text)) return;
  if (is_dns_subdomain(node_name.text)) {
    node_name.from.refuse(
        fmt::format("{} is too long for the name of a Lease behind '{}-node-', {} bytes in all; give a shorter one by "
                    "--node-name, or a shorter --lease-name",
                    quoted(node_name.text), lease_name, dns_subdomain_max));
  }
  node_name.from.refuse(fmt::format(
      "{} cannot stand in the name of a Lease, which has lower-case letters, digits, hyphens and dots only; "
      "give this node another name by --node-name",
      quoted(node_name.text)));
}

}  // namespace speakerd
