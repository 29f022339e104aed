// SPDX-License-Identifier: BSL-1.0

// A second unit with all headers: what is not inline would be defined twice, and the link would fail.
#include "isat/kubernetes.hpp"
