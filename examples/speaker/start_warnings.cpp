// SPDX-License-Identifier: BSL-1.0

#include "start_warnings.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace speakerd {

namespace {

using isat::transport::link_state;

/// Whether the kernel answers on an interface for an address of its own, by the effective arp_ignore (ip-sysctl).
bool kernel_answers(int arp_ignore, bool is_on_this_interface) noexcept {
  if (arp_ignore == 1 || arp_ignore == 2) return is_on_this_interface;
  return arp_ignore != 8;
}

/// `10.77.0.100 and 3 more`.
std::string first_and_count(std::span<const local_address> addresses) {
  const std::string first = addresses.front().address.to_string();
  return addresses.size() == 1 ? first : fmt::format("{} and {} more", first, addresses.size() - 1);
}

/// An address of the announcing interface itself is answered for whatever arp_ignore is; one elsewhere only if it is 0.
void warn_of_kernel_answers(std::vector<std::string>& warnings, const link_state& link,
                            std::span<const local_address> own_vips) {
  const int arp_ignore = arp_setting(link.name, "arp_ignore");
  std::vector<local_address> here;
  std::vector<local_address> elsewhere;
  for (const local_address& own : own_vips) {
    const bool is_here = own.interface == link.name;
    if (kernel_answers(arp_ignore, is_here)) (is_here ? here : elsewhere).push_back(own);
  }
  if (!here.empty()) {
    warnings.push_back(
        fmt::format("the kernel answers for VIP {0} too, because it is an address of {1}, on which it is announced; "
                    "move it to lo and set net.ipv4.conf.{1}.arp_ignore=1 and net.ipv4.conf.{1}.arp_announce=2",
                    first_and_count(here), link.name));
  }
  if (!elsewhere.empty()) {
    warnings.push_back(
        fmt::format("the kernel answers on {0} for VIP {1} too, because it is an address of {2} and arp_ignore is {3}; "
                    "set net.ipv4.conf.{0}.arp_ignore=1",
                    link.name, first_and_count(elsewhere), elsewhere.front().interface, arp_ignore));
  }
}

/// The VIPs that are addresses of other interfaces than `link`.
std::vector<local_address> elsewhere_than(const link_state& link, std::span<const local_address> own_vips) {
  std::vector<local_address> result{own_vips.begin(), own_vips.end()};
  std::erase_if(result, [&](const local_address& own) { return own.interface == link.name; });
  return result;
}

/// With arp_announce below 2 the kernel may ask for neighbours with a VIP as its own address, and so teach them our MAC
/// address while another node leads. (For an address of this interface, the advice above covers that.)
void warn_of_kernel_questions(std::vector<std::string>& warnings, const link_state& link,
                              std::span<const local_address> own_vips) {
  const int arp_announce = arp_setting(link.name, "arp_announce");
  const std::vector<local_address> elsewhere = elsewhere_than(link, own_vips);
  if (arp_announce >= 2 || elsewhere.empty()) return;
  warnings.push_back(
      fmt::format("the kernel may send requests on {0} in the name of VIP {1}, because it is an address "
                  "of {2} and arp_announce is {3}; set net.ipv4.conf.{0}.arp_announce=2",
                  link.name, first_and_count(elsewhere), elsewhere.front().interface, arp_announce));
}

/// Clock sources that stand still or lose time while timer interrupts are held up: ticks, and counters that wrap within
/// seconds. (That a virtual machine may be frozen with its clock shows in no name.)
void warn_of_clock(std::vector<std::string>& warnings) {
  constexpr std::array<std::string_view, 4> may_stop{"jiffies", "refined-jiffies", "pit", "acpi_pm"};
  const std::string name = clock_source();
  if (std::find(may_stop.begin(), may_stop.end(), name) == may_stop.end()) return;
  warnings.push_back(
      fmt::format("the clock source {} may stop while this host is busy or paused, so that announcements come late; "
                  "choose another in /sys/devices/system/clocksource/clocksource0/current_clocksource",
                  name));
}

/// `a, b and c`.
std::string listed(const std::vector<std::string_view>& words) {
  std::string list;
  for (const std::string_view each : words) {
    list += fmt::format("{}{}", list.empty() ? "" : each == words.back() ? " and " : ", ", each);
  }
  return list;
}

/// What was chosen in vain, since it counts only in an election. Defaults are no choice: --print-config names them all.
void warn_of_no_election(std::vector<std::string>& warnings, const options& what) {
  if (what.elector != elector_kind::always) return;
  std::vector<std::string_view> idle;
  if (what.lease_name != options{}.lease_name) idle.push_back("lease-name");
  if (what.layout_wish != isat::election::layout{}) idle.push_back("groups");
  if (what.rebalance) idle.push_back("rebalance");
  if (what.timing != isat::election::lease_timing{}) idle.push_back("the lease timing");
  if (idle.empty()) return;
  warnings.push_back(
      fmt::format("the elector 'always' holds no election, so that nothing comes of {}; leave that out or choose "
                  "another elector, such as file:DIR",
                  listed(idle)));
}

/// A lease duration leaves nothing to a profile, which is easily overlooked when one of them stands in a file.
void warn_of_idle_profile(std::vector<std::string>& warnings, const options& what) {
  if (what.elector == elector_kind::always || what.profile == timing_profile::standard) return;
  if (what.timing.duration == timing_of(what.profile).duration) return;
  warnings.push_back(
      fmt::format("nothing comes of the profile '{}', because a lease duration is given as well; leave one of them out",
                  to_string(what.profile)));
}

/// Nobody knows whether the preferred node of an address has that address.
void warn_of_idle_rebalancing(std::vector<std::string>& warnings, const options& what) {
  if (what.elector == elector_kind::always || !what.rebalance || !what.layout_wish.is_per_address()) return;
  warnings.emplace_back("nothing comes of rebalance, because the groups 'service' stay where they are; leave it out");
}

/// What was chosen of a cluster in vain. A source that is there needs all of it but the wait for the elector's store.
void warn_of_no_cluster(std::vector<std::string>& warnings, const options& what) {
  if (what.elector == elector_kind::kubernetes) return;
  const bool is_used = what.source == source_kind::kubernetes;
  std::vector<std::string_view> idle;
  if (!is_used && !what.cluster.kubeconfig.empty()) idle.push_back("kubeconfig");
  if (!is_used && !what.cluster.api_servers.empty()) idle.push_back("api-server");
  if (what.cluster.wait) idle.push_back("wait");
  if (idle.empty()) return;
  warnings.push_back(fmt::format(
      "nothing comes of {} without the elector 'kubernetes'; leave that out or choose this elector", listed(idle)));
}

/// The addresses of this host that are VIPs.
std::vector<local_address> local_vips(std::span<const vip_range> vips) {
  isat::error_code ignored;  // of what is not known nobody is warned
  std::vector<local_address> found = local_addresses(ignored);
  std::erase_if(found, [&](const local_address& own) {
    return std::none_of(vips.begin(), vips.end(), [&](const vip_range& range) { return range.contains(own.address); });
  });
  return found;
}

}  // namespace

std::vector<std::string> start_warnings(std::span<const link_state> links, const options& what) {
  const std::vector<local_address> own_vips = local_vips(what.vips);
  std::vector<std::string> warnings;
  warn_of_no_election(warnings, what);
  warn_of_no_cluster(warnings, what);
  warn_of_idle_profile(warnings, what);
  warn_of_idle_rebalancing(warnings, what);
  for (const link_state& link : links) {
    if (link.bridge_port) {
      warnings.push_back(fmt::format(
          "interface {} is a port of a bridge, so that no request is received on it; announce on the bridge instead",
          link.name));
    }
    if (own_vips.empty()) continue;
    warn_of_kernel_answers(warnings, link, own_vips);
    warn_of_kernel_questions(warnings, link, own_vips);
  }
  warn_of_clock(warnings);
  return warnings;
}

}  // namespace speakerd
