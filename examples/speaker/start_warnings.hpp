// SPDX-License-Identifier: BSL-1.0

// What is likely to go wrong on this host or is asked for in vain, found before anything is announced: each condition
// as one sentence that ends with its remedy. Nothing here stops the start, for the operator may know better.
#pragma once

#include "host.hpp"
#include "options.hpp"

#include <span>
#include <string>
#include <vector>

namespace speakerd {

/// The sentences, each condition of an interface once per interface that has it.
/// @param links the interfaces that are announced on
std::vector<std::string> start_warnings(std::span<const isat::transport::link_state> links, const options& what);

}  // namespace speakerd
