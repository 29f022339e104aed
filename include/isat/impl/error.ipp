// SPDX-License-Identifier: BSL-1.0

// The bodies of error.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/error.hpp"

namespace isat::inline v0 {

ISAT_INLINE std::string error_category::message(int value) const {
  switch (static_cast<error>(value)) {
    case error::none:
      return "success";
    case error::not_ethernet:
      return "not an Ethernet interface";
    case error::too_many_interfaces:
      return "too many announcing interfaces";
    case error::version_conflict:
      return "the record has another version";
    case error::outcome_unknown:
      return "the outcome of the write is unknown";
    case error::unsound_timing:
      return "the timing of leases is not sound";
    case error::unsound_layout:
      return "there is no such layout of groups";
    case error::shared_file_system:
      return "machines share its file system";
  }
  return "unknown error";
}

ISAT_INLINE error_code make_error_code(error value) noexcept {
  static constexpr error_category category;
  return {static_cast<int>(value), category};
}

ISAT_INLINE std::string condition_category::message(int value) const {
  return static_cast<condition>(value) == condition::write_refused ? "nothing was written" : "unknown condition";
}

ISAT_INLINE boost::system::error_condition make_error_condition(condition value) noexcept {
  static constexpr condition_category category;
  return {static_cast<int>(value), category};
}

}  // namespace isat::inline v0
