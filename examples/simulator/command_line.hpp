// SPDX-License-Identifier: BSL-1.0

// The command line of isat-simulate, as values.
#pragma once

#include "campaign.hpp"

#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace simulator {

enum class action : std::uint8_t { none = 0, run = 1, list_mutants = 2, report = 3, help = 4 };

struct command_line {
  action what = action::run;
  campaign_options options;
};

/// A sentence for whoever mistyped something.
class usage_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// @throws usage_error
command_line parse_command_line(int argc, const char* const* argv);

std::string_view help_text() noexcept;

}  // namespace simulator
