// SPDX-License-Identifier: BSL-1.0

// The directed scenarios of groups of one address each, which come and go: whose record is removed when, and what an id
// stands for. See scenario.hpp.
#pragma once

#include "scenario.hpp"

#include <vector>

namespace simulator {

std::vector<scenario> own_group_scenarios();

}  // namespace simulator
