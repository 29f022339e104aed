// SPDX-License-Identifier: BSL-1.0

// The Kubernetes objects that run a speaker on every node, as `isat-speaker manifest` prints them: the files of
// examples/kubernetes/base, which CMake puts into the program. Whoever wants them otherwise changes the files, or lays
// a kustomization over them; nothing is filled in here.
#pragma once

#include <string_view>

namespace speakerd {

/// One YAML stream that ends in a newline, each object after a line of three dashes.
std::string_view manifest() noexcept;

}  // namespace speakerd
