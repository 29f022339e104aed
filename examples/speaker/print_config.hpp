// SPDX-License-Identifier: BSL-1.0

// Writes options as a configuration file: what --print-config shows reads back as the same options.
#pragma once

#include "options.hpp"

#include <string>

namespace speakerd {

/// `effective` as YAML, ending in a newline; every key is present but kubeconfig and api-server if these were not
/// given. A kubeconfig is its path, and nothing that stands in it.
std::string to_yaml(const options& effective);

}  // namespace speakerd
