// SPDX-License-Identifier: BSL-1.0

// Reads the target of a request: which resource of which kind it names, and its query. It refuses to know methods.
#pragma once

#include "fake_api/resource_kind.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isat::test::fake_api {

struct target {
  std::string path;
  std::vector<std::string> segments;         ///< of the path, decoded
  std::map<std::string, std::string> query;  ///< decoded; of several of one name the first
  const resource_kind* kind{};               ///< nullptr: the path names no resource of a known kind
  std::string name_space;                    ///< empty: all, or the kind has none
  std::string name;                          ///< empty: the collection
  std::string subresource;

  std::string parameter(const std::string& key) const {
    const auto found = query.find(key);
    return found == query.end() ? std::string{} : found->second;
  }
  bool flag(const std::string& key) const {
    const auto value = parameter(key);
    return value == "1" || value == "true" || value == "True" || value == "TRUE" || value == "t" || value == "T";
  }
};

target read_target(std::string_view text);

/// Decimal digits only. @return nothing: it is no number
std::optional<std::uint64_t> read_number(std::string_view text);

}  // namespace isat::test::fake_api
