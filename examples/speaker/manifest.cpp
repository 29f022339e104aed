// SPDX-License-Identifier: BSL-1.0

#include "manifest.hpp"
#include "manifest_generated.hpp"

namespace speakerd {

std::string_view manifest() noexcept { return manifest_generated; }

}  // namespace speakerd
