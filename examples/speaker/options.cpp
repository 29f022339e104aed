// SPDX-License-Identifier: BSL-1.0

#include "isat/election/group_names.hpp"
#include "options.hpp"
#include "text.hpp"
#include "words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <net/if.h>
#include <set>
#include <span>
#include <unistd.h>

namespace speakerd {

namespace {

using isat::transport::interface_pattern;

/// The words of an enumeration whose values count from 1.
constexpr std::array<std::string_view, 2> source_words{"static", "kubernetes"};
constexpr std::array<std::string_view, 1> mac_words{"node"};
constexpr std::array<std::string_view, 4> level_words{"error", "warn", "info", "debug"};
constexpr std::array<std::string_view, 3> format_words{"text", "logfmt", "json"};
constexpr std::array<std::string_view, 2> metrics_words{"vips", "totals"};
constexpr std::array<std::string_view, 4> elector_words{"always", "file:DIR", "kubernetes", "kubernetes:NAMESPACE"};
constexpr std::array<std::string_view, 2> bool_words{"false", "true"};

/// Printable, and without a space, so that a name is one word wherever it is shown.
bool is_word(std::string_view text) { return is_printable(text) && text.find(' ') == std::string_view::npos; }

interface_pattern parse_interface(const setting& value) {
  const auto pattern = interface_pattern::parse(value.text);
  if (!pattern || !is_word(value.text)) {
    value.from.refuse(
        fmt::format("{} can be no interface's name, which has at most {} printable bytes without space, "
                    "slash or colon",
                    quoted(value.text), IFNAMSIZ - 1));
  }
  if (pattern->has_open_bracket()) {
    value.from.refuse(quoted(value.text) + " has a bracket that is not closed, as it is in eth[01]");
  }
  return *pattern;
}

std::vector<interface_pattern> parse_interfaces(std::span<const setting> values) {
  std::vector<interface_pattern> interfaces;
  std::set<std::string_view> seen;
  for (const setting& value : values) {
    if (!seen.insert(value.text).second) value.from.refuse(quoted(value.text) + " is given twice");
    interfaces.push_back(parse_interface(value));
  }
  return interfaces;
}

void apply_elector(options& into, const setting& value) {
  constexpr std::string_view file = "file:";
  constexpr std::string_view kubernetes = "kubernetes:";
  into.directory.clear();
  into.cluster.name_space.clear();
  if (value.text == "always") {
    into.elector = elector_kind::always;
    return;
  }
  if (value.text == "kubernetes" || value.text.starts_with(kubernetes)) {
    into.elector = elector_kind::kubernetes;
    if (value.text.size() < kubernetes.size()) return;
    into.cluster.name_space = parse_namespace(value, std::string_view{value.text}.substr(kubernetes.size()));
    return;
  }
  if (value.text == "file" || value.text == file) {
    value.from.refuse(quoted(value.text) + " names no directory, write file:DIR");
  }
  if (!value.text.starts_with(file)) refuse_word(value, elector_words);
  if (!is_printable(value.text)) value.from.refuse(quoted(value.text) + " names no printable directory");
  into.elector = elector_kind::file;
  into.directory = value.text.substr(file.size());
}

std::string parse_node_name(const setting& value) {
  constexpr std::size_t longest = 253;  // of a DNS name, and so of a Kubernetes node's
  if (value.text.empty()) value.from.refuse("a node name cannot be empty");
  if (value.text.size() > longest) value.from.refuse(fmt::format("a node name has at most {} bytes", longest));
  if (!is_word(value.text)) value.from.refuse(quoted(value.text) + " is no node name, it must be one printable word");
  return value.text;
}

setting default_node_name() {
  if (const char* name = std::getenv("ISAT_NODE_NAME"); name != nullptr && *name != '\0') {
    return {name, {exit_code::configuration, "ISAT_NODE_NAME"}};
  }
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) name[0] = '\0';
  return {name.data(), {exit_code::configuration, "the host name, for want of --node-name"}};
}

/// The setting of the layer that counts, or null.
const setting* setting_of(const settings& file, const settings& command_line, std::string_view name) {
  for (const settings* layer : {&command_line, &file}) {
    if (const auto found = layer->find(name); found != layer->end()) return &found->second.front();
  }
  return nullptr;
}

/// The node name and where it comes from: it may have to be good for more than was asked of it there.
setting node_name_of(const settings& file, const settings& command_line) {
  const setting* const given = setting_of(file, command_line, "node-name");
  return given != nullptr ? *given : default_node_name();
}

bool parse_flag(const setting& value) { return parse_word(value, bool_words) == 1; }

/// Overwrites in `into` what `layer` sets.
void apply(options& into, const settings& layer) {
  for (const auto& [name, values] : layer) {
    const setting& value = values.front();
    if (name == "interface") into.interfaces = parse_interfaces(values);
    if (name == "vip") into.vips = parse_vips(values);
    if (name == "source") into.source = parse_enum<source_kind>(value, source_words);
    if (name == "lb-class") into.services.lb_class = parse_lb_class(value);
    if (name == "assign-pool") into.services.pool = parse_vips(values);
    if (name == "announce-without-endpoints") into.services.announce_without_endpoints = parse_flag(value);
    if (name == "withdraw-when-cordoned") into.services.withdraw_when_cordoned = parse_flag(value);
    if (name == "elector") apply_elector(into, value);
    if (name == "kubeconfig") into.cluster.kubeconfig = parse_kubeconfig_path(value);
    if (name == "api-server") into.cluster.api_servers = parse_api_servers(values);
    if (name == "lease-name") into.lease_name = parse_lease_name(value);
    if (name == "groups") into.layout_wish = parse_group_layout(value);
    if (name == "rebalance") into.rebalance = parse_flag(value);
    if (name == "mac") into.mac = parse_enum<mac_mode>(value, mac_words);
    if (name == "node-name") parse_node_name(value);
    if (name == "strict") into.strict = parse_flag(value);
    if (name == "wait") into.cluster.wait = parse_wait(value);
    if (name == "http") into.http = parse_http_address(value);
    if (name == "metrics") into.metrics = parse_enum<metrics_extent>(value, metrics_words);
    if (name == "log-level") into.level = parse_enum<log_level>(value, level_words);
    if (name == "log-format") into.format = parse_enum<log_format>(value, format_words);
  }
}

[[noreturn]] void refuse_lack(const std::optional<std::string>& path, std::string_view what, std::string_view key,
                              std::string_view flag) {
  if (path) {
    const origin file{exit_code::configuration, escaped(*path, escape_style::hexadecimal)};
    file.refuse(fmt::format("{}: give '{}' here, or {}", what, key, flag));
  }
  throw failure{exit_code::usage, fmt::format("{}: give {}, or '{}' in the file", what, flag, key)};
}

/// VIPs are listed, or the source finds them.
void require_vips(const options& made, const std::optional<std::string>& path, const setting* listed) {
  const bool is_listed = listed != nullptr;
  if (made.source == source_kind::fixed && !is_listed) {
    refuse_lack(path, "no VIP to answer for", "vip", "--vip ADDR");
  }
  if (made.source == source_kind::kubernetes && is_listed) {
    listed->from.refuse(
        "a VIP is listed, but the source 'kubernetes' finds VIPs by itself: list none, or use --source static");
  }
}

/// There cannot be as many groups as VIPs can be. Without an election there are none.
void require_groups(const options& made, const setting* groups) {
  if (made.elector == elector_kind::always) return;
  constexpr std::size_t groups_max = isat::election::group_names::wanted_max;
  const std::size_t count = count_vips(made.vips);
  if (groups == nullptr || !made.layout_wish.is_per_address() || count <= groups_max) return;
  groups->from.refuse(
      fmt::format("{} would be a group each, but there are {} groups of one address at most: "
                  "use shards:N",
                  counted(count, "VIP"), groups_max));
}

/// What is given to Services is claimed in Leases first.
void require_claims(const options& made, const setting* pool) {
  if (pool == nullptr) return;
  if (made.source != source_kind::kubernetes) {
    pool->from.refuse("addresses are given to Services, so the source must be 'kubernetes'");
  }
  if (made.elector != elector_kind::kubernetes) {
    pool->from.refuse("addresses are given to Services with the elector 'kubernetes' only");
  }
}

}  // namespace

std::string_view to_string(source_kind kind) noexcept { return source_words[index_of(kind)]; }
std::string_view to_string(mac_mode mode) noexcept { return mac_words[index_of(mode)]; }
std::string_view to_string(log_level level) noexcept { return level_words[index_of(level)]; }
std::string_view to_string(log_format format) noexcept { return format_words[index_of(format)]; }
std::string_view to_string(metrics_extent extent) noexcept { return metrics_words[index_of(extent)]; }

std::string options::elector_text() const {
  switch (elector) {
    case elector_kind::always:
      return "always";
    case elector_kind::file:
      return "file:" + directory;
    case elector_kind::kubernetes:
      return cluster.name_space.empty() ? "kubernetes" : "kubernetes:" + cluster.name_space;
  }
  return {};
}

std::string options::vips_text() const {
  switch (source) {
    case source_kind::fixed:
      return counted(count_vips(vips), "VIP");
    case source_kind::kubernetes:
      return "the addresses of Services " +
             (services.lb_class.empty() ? "without a class" : "of class " + services.lb_class);
  }
  return {};
}

options make_options(const std::optional<std::string>& path, const settings& file, const settings& command_line) {
  options made;
  apply(made, file);
  apply(made, command_line);
  timing_choice timing;
  timing.add(file);
  timing.add(command_line);
  const setting node_name = node_name_of(file, command_line);
  made.node_name = parse_node_name(node_name);
  if (made.interfaces.empty()) refuse_lack(path, "no interface to announce on", "interface", "--interface IF");
  require_vips(made, path, setting_of(file, command_line, "vip"));
  const bool chooses_elector = setting_of(file, command_line, "elector") != nullptr;
  if (made.source == source_kind::kubernetes && !chooses_elector) made.elector = elector_kind::kubernetes;
  require_groups(made, setting_of(file, command_line, "groups"));
  if (made.elector == elector_kind::kubernetes) require_lease_name(node_name, made.lease_name);
  require_claims(made, setting_of(file, command_line, "assign-pool"));
  made.profile = timing.profile();
  made.timing = timing.timing();
  return made;
}

}  // namespace speakerd
