// SPDX-License-Identifier: BSL-1.0

// Closes a switch over a closed set that returns from every case: reached only when an enumerator is missing, which is
// our own mistake and therefore an assertion. It refuses to serve for anything that a peer's bytes can lead to.
#pragma once

#include <cassert>

namespace isat::inline v0::detail {

/// Marks the end of a switch that handles every enumerator.
[[noreturn]] inline void unreachable() noexcept {
  assert(false && "a switch over a closed set fell through");
  __builtin_unreachable();
}

}  // namespace isat::inline v0::detail
