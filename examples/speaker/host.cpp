// SPDX-License-Identifier: BSL-1.0

#include "failure.hpp"
#include "host.hpp"
#include "isat/detail/last_error.hpp"
#include "isat/transport/list_links.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <fstream>
#include <ifaddrs.h>
#include <memory>
#include <netinet/in.h>
#include <sys/socket.h>

namespace speakerd {

namespace {

int read_number(const std::string& path) {
  std::ifstream file{path};
  int value = 0;
  return file >> value ? value : 0;
}

}  // namespace

selection select_interfaces(std::span<const isat::transport::interface_pattern> patterns) {
  isat::error_code error;
  const std::vector<isat::transport::link_state> all = isat::transport::list_links(error);
  if (error) throw failure{exit_code::os, fmt::format("cannot list the interfaces: {}", error.message())};
  selection result;
  std::vector<bool> selected(all.size());
  for (const auto& pattern : patterns) {
    bool matched = false;
    for (std::size_t at = 0; at < all.size(); ++at) {
      if (!pattern.matches(all[at].name)) continue;
      // A glob passes over what has no ARP; only a name that was spelt out is worth a word.
      if (!all[at].ethernet && !pattern.is_glob()) result.not_ethernet.push_back(pattern.text());
      matched = matched || all[at].ethernet || !pattern.is_glob();
      selected[at] = selected[at] || all[at].ethernet;
    }
    if (!matched) result.missing.push_back(pattern);
  }
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (selected[at]) result.links.push_back(all[at]);
  }
  return result;
}

std::vector<std::string> describe_problems(const selection& found) {
  std::vector<std::string> sentences;
  for (const auto& each : found.missing) {
    if (each.is_glob() && !found.links.empty()) continue;
    sentences.push_back(fmt::format("no interface matches {} yet, waiting for one to appear", quoted(each.text())));
  }
  for (const std::string& name : found.not_ethernet) {
    sentences.push_back(fmt::format("interface {} is not Ethernet, nothing is announced on it", name));
  }
  return sentences;
}

void require_all(const selection& found) {
  if (!found.missing.empty()) {
    throw failure{exit_code::configuration, fmt::format("no interface matches {}, and --strict does not wait for one",
                                                        quoted(found.missing[0].text()))};
  }
  if (!found.not_ethernet.empty()) {
    throw failure{
        exit_code::configuration,
        fmt::format("interface {} is not Ethernet, so nothing can be announced on it", found.not_ethernet[0])};
  }
}

std::vector<local_address> local_addresses(isat::error_code& error) {
  error = {};
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) {
    error = isat::detail::last_error();
    return {};
  }
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner{first, &::freeifaddrs};
  std::vector<local_address> result;
  for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    const auto* address = reinterpret_cast<const sockaddr_in*>(each->ifa_addr);
    const std::string name{each->ifa_name};  // may be a label: eth0:1
    result.push_back({isat::ipv4_address{ntohl(address->sin_addr.s_addr)}, name.substr(0, name.find(':'))});
  }
  return result;
}

int arp_setting(std::string_view interface, std::string_view name) {
  constexpr std::string_view path = "/proc/sys/net/ipv4/conf/{}/{}";
  return std::max(read_number(fmt::format(path, "all", name)), read_number(fmt::format(path, interface, name)));
}

std::string clock_source() {
  std::ifstream file{"/sys/devices/system/clocksource/clocksource0/current_clocksource"};
  std::string name;
  return file >> name ? name : std::string{};
}

}  // namespace speakerd
