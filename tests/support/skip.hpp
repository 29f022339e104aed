// SPDX-License-Identifier: BSL-1.0

// How a test case says that it cannot run on this machine: `if (!allowed) return isat::test::skip("why");`.
// The program then exits 77 (unless a check failed), which ctest reports as skipped; tests/run.sh prints the reasons.
#pragma once

#include <string>

namespace isat::test {

/// Notes that the running test case is left out, in a sentence that names what is missing.
void skip(std::string reason);

}  // namespace isat::test
