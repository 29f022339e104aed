// SPDX-License-Identifier: BSL-1.0

// What an API server tells of itself: /version, /readyz, and the lists of groups and resources that kubectl asks for.
#pragma once

#include "fake_api/status.hpp"
#include "fake_api/target.hpp"

namespace isat::test::fake_api {

/// The answer for a path that is no resource; 404 for what is not there.
answer discover(const target& where);

}  // namespace isat::test::fake_api
