// SPDX-License-Identifier: BSL-1.0

#include "group_label.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace speakerd {

std::string group_label(isat::group_id group, const isat::election::group_names* names) {
  const auto address = names != nullptr ? names->address_of(group) : std::nullopt;
  return address ? address->to_string() : std::to_string(static_cast<std::size_t>(group));
}

log_field group_field(isat::group_id group, const isat::election::group_names* names) {
  if (isat::election::group_names::is_of_address(group)) return {"group", group_label(group, names)};
  return {"group", static_cast<std::int64_t>(group)};
}

}  // namespace speakerd
