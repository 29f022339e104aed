# SPDX-License-Identifier: BSL-1.0
# The component core: needs nothing but a compiler.
include("${CMAKE_CURRENT_LIST_DIR}/isat-core-targets.cmake")
set(isat_core_FOUND TRUE)
