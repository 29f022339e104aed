// SPDX-License-Identifier: BSL-1.0

// Facts of Services, slices and Nodes in few words, for tests: all in the namespace "a".
#pragma once

#include "isat/address.hpp"
#include "isat/kubernetes/service/service_facts.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace isat::test {

inline ipv4_address address_of(const std::string& text) { return ipv4_address::parse(text).value(); }

inline std::vector<ipv4_address> addresses_of(const std::vector<std::string>& texts) {
  std::vector<ipv4_address> result;
  result.reserve(texts.size());
  for (const auto& text : texts) result.push_back(address_of(text));
  std::ranges::sort(result);
  return result;
}

/// A load balancer of no class.
inline kubernetes::service_facts service(const std::string& name, const std::vector<std::string>& addresses) {
  kubernetes::service_facts result;
  result.name = {"a", name};
  result.uid = "uid-" + name;
  result.load_balancer = true;
  result.addresses = addresses_of(addresses);
  return result;
}

inline kubernetes::slice_facts slice(const std::string& name, const std::string& service,
                                     std::vector<std::string> nodes, bool unplaced = false) {
  std::ranges::sort(nodes);
  return {{"a", name}, service, std::move(nodes), unplaced};
}

inline kubernetes::node_facts node(const std::string& name, const std::vector<std::string>& addresses = {}) {
  kubernetes::node_facts result;
  result.name = name;
  result.addresses = addresses_of(addresses);
  return result;
}

}  // namespace isat::test
