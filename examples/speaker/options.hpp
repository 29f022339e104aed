// SPDX-License-Identifier: BSL-1.0

// The options of a run, as values: what main hands to everything else. Made from settings by one set of rules,
// whatever their origin; whoever holds an `options` may rely on it being valid. It knows no file and no host.
#pragma once

#include "cluster_choice.hpp"
#include "group_layout.hpp"
#include "http_address.hpp"
#include "isat/election/lease_timing.hpp"
#include "isat/transport/interface_pattern.hpp"
#include "service_choice.hpp"
#include "setting.hpp"
#include "timing_choice.hpp"
#include "vip_range.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace speakerd {

enum class elector_kind : std::uint8_t {
  always = 1,      ///< no election: this speaker always leads
  file = 2,        ///< by leases in a directory of this host
  kubernetes = 3,  ///< by Leases of a Kubernetes cluster
};

/// Where VIPs come from.
enum class source_kind : std::uint8_t {
  fixed = 1,       ///< what --vip lists
  kubernetes = 2,  ///< the Services of a Kubernetes cluster
};

/// Where the MAC address of answers comes from.
enum class mac_mode : std::uint8_t {
  node = 1,  ///< the interface's own
};

enum class log_level : std::uint8_t { error = 1, warn = 2, info = 3, debug = 4 };
enum class log_format : std::uint8_t { text = 1, logfmt = 2, json = 3 };

/// How much the page /metrics tells.
enum class metrics_extent : std::uint8_t {
  vips = 1,    ///< a series for each VIP, too
  totals = 2,  ///< as many series whatever the number of VIPs
};

std::string_view to_string(source_kind kind) noexcept;
std::string_view to_string(mac_mode mode) noexcept;
std::string_view to_string(log_level level) noexcept;
std::string_view to_string(log_format format) noexcept;
std::string_view to_string(metrics_extent extent) noexcept;

struct options {
  std::vector<isat::transport::interface_pattern> interfaces;  ///< at least one, each of printable text
  source_kind source{source_kind::fixed};
  std::vector<vip_range> vips;  ///< without overlaps; at least one of source_kind::fixed, else none
  service_choice services;      ///< counts for source_kind::kubernetes only
  elector_kind elector{elector_kind::always};
  std::string directory;               ///< of elector_kind::file, else empty
  cluster_choice cluster;              ///< counts only if uses_cluster()
  std::string lease_name{"isat"};      ///< the names of all records begin with it
  isat::election::layout layout_wish;  ///< but for its duration, which `timing` has
  bool rebalance{};
  timing_profile profile{timing_profile::standard};
  isat::election::lease_timing timing;  ///< sound; of the profile only as far as nothing else was said
  mac_mode mac{mac_mode::node};
  std::string node_name;
  bool strict{};
  std::optional<http_address> http;  ///< where the pages about the run are served; none: nowhere
  metrics_extent metrics{metrics_extent::vips};
  log_level level{log_level::info};
  log_format format{log_format::text};

  /// The elector as it is written: `always`, `file:DIR`, `kubernetes` or `kubernetes:NAMESPACE`.
  std::string elector_text() const;

  /// What is announced, as far as it is known without asking a cluster: `2 VIPs`.
  std::string vips_text() const;

  /// True if something of the run is in a Kubernetes cluster.
  bool uses_cluster() const noexcept {
    return elector == elector_kind::kubernetes || source == source_kind::kubernetes;
  }
};

/// Makes options of two layers: what the command line says replaces what the file says, option by option. Both layers
/// are checked wholly. The node name defaults to $ISAT_NODE_NAME, then to the host name.
/// @param path of the file, for messages; none when no file was given
/// @throws failure when a value is wrong, or no interface or no VIP is given (which is missed in the file, if there is
///   one)
options make_options(const std::optional<std::string>& path, const settings& file, const settings& command_line);

}  // namespace speakerd
