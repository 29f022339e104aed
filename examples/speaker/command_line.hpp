// SPDX-License-Identifier: BSL-1.0

// Reads the command line into settings, one action and the name of a file, or the word `manifest`. It checks the shape
// only (known options, values where they belong, nothing twice that may be given once); options.cpp judges the values.
#pragma once

#include "setting.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace speakerd {

/// What the program is asked to do.
enum class action : std::uint8_t {
  run = 1,
  check_config = 2,
  print_config = 3,
  dry_run = 4,
  version = 5,
  help = 6,
  manifest = 7,
};

struct command_line {
  action what{action::run};
  std::optional<std::string> config;
  settings values;
};

/// @throws failure with exit_code::usage
command_line parse_command_line(int argc, const char* const* argv);

}  // namespace speakerd
