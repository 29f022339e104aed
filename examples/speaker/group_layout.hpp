// SPDX-License-Identifier: BSL-1.0

// How VIPs are put into groups, as --groups says it: all into one, each into one of N by a hash of its address, or each
// into its own, so that Services that share an address move together. A group is what moves from node to node as a
// whole. What is read here is a wish: the speakers that share a store follow the layout that is recorded there.
#pragma once

#include "isat/election/layout.hpp"
#include "setting.hpp"

#include <string>

namespace speakerd {

/// Reads `single`, `shards:N` or `service`; the duration of the layout is left alone.
/// @throws failure with the exit code of the value's origin
isat::election::layout parse_group_layout(const setting& value);

/// As it is written.
std::string to_text(const isat::election::layout& layout);

}  // namespace speakerd
