// SPDX-License-Identifier: BSL-1.0

// What the parts of a client tell their warnings to. It refuses to carry anything else: errors are returned.
#pragma once

#include <functional>
#include <string_view>

namespace isat::inline v0::kubernetes::detail {

/// Takes one sentence without a full stop and without a secret; may be empty.
using warning_function = std::function<void(std::string_view)>;

}  // namespace isat::inline v0::kubernetes::detail
