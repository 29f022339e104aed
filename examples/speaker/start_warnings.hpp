// SPDX-License-Identifier: BSL-1.0

// What is likely to go wrong on this host, found before anything is announced: each condition as one sentence that ends
// with its remedy. Nothing here stops the start, for the operator may know better.
#pragma once

#include "host.hpp"
#include "vip_range.hpp"

#include <span>
#include <string>
#include <vector>

namespace speakerd {

/// The sentences, each condition once per interface that has it.
std::vector<std::string> start_warnings(std::span<const isat::transport::link_state> links,
                                        std::span<const vip_range> vips);

}  // namespace speakerd
