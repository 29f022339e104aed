// SPDX-License-Identifier: BSL-1.0

// What --help prints. Written by hand, so that it reads well; a test compares it with the option table.
#pragma once

#include <string_view>

namespace speakerd {

/// The whole text, ending in a newline.
std::string_view help_text() noexcept;

}  // namespace speakerd
