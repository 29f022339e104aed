// SPDX-License-Identifier: BSL-1.0

// Says what a run would announce where, as the host is now. It looks only: no packet socket, no lock, no directory, no
// word to a server; of files it reads the kubeconfig, if it would count.
#pragma once

#include "options.hpp"

#include <string>

namespace speakerd {

/// The report, ending in a newline.
/// @throws failure with exit_code::configuration when options.strict and an interface is missing; as find_cluster()
std::string dry_run(const options& what);

}  // namespace speakerd
