// SPDX-License-Identifier: BSL-1.0

// Reads the configuration file into settings: a YAML (so also JSON) map whose keys are the long options. It checks the
// shape and knows the line and column of everything; options.cpp judges the values.
#pragma once

#include "setting.hpp"

#include <string>

namespace speakerd {

/// The bytes of a file, which may be a pipe.
/// @throws failure with exit_code::no_input when it is not there, cannot be read, or is larger than 16 MiB
std::string read_file(const std::string& path);

/// The settings in `text`; `path` is for messages.
/// @throws failure with exit_code::configuration and FILE:LINE:COLUMN
settings parse_config(const std::string& text, const std::string& path);

}  // namespace speakerd
