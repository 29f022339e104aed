// SPDX-License-Identifier: BSL-1.0

// How deep JSON from an API server may nest: where an object tells who manages which of its fields it nests deeper than
// Boost.JSON's limit of 32, and a limit there must be, for the parser works on the stack. It refuses to be lenient
// otherwise.
#pragma once

#include <boost/json/parse_options.hpp>

namespace isat::inline v0::kubernetes::detail {

inline boost::json::parse_options object_parse_options() noexcept {
  boost::json::parse_options options;
  options.max_depth = 128;
  return options;
}

}  // namespace isat::inline v0::kubernetes::detail
