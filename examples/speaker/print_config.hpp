// SPDX-License-Identifier: BSL-1.0

// Writes options as a configuration file: what --print-config shows reads back as the same options.
#pragma once

#include "options.hpp"

#include <string>

namespace speakerd {

/// `effective` as YAML, every key present, ending in a newline.
std::string to_yaml(const options& effective);

}  // namespace speakerd
