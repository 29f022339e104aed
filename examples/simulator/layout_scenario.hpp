// SPDX-License-Identifier: BSL-1.0

// The directed scenarios of the layout: changes of it that somebody does not hear of, in the middle of which somebody
// dies, or that are taken back. See scenario.hpp.
#pragma once

#include "scenario.hpp"

#include <vector>

namespace simulator {

std::vector<scenario> layout_scenarios();

}  // namespace simulator
