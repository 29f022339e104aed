# SPDX-License-Identifier: BSL-1.0
# The component net: isat::core with Boost's headers and fmt.
include(CMakeFindDependencyMacro)
set(isat_net_FOUND FALSE)
find_dependency(Boost 1.81 CONFIG)
find_dependency(fmt 9 CONFIG)
include("${CMAKE_CURRENT_LIST_DIR}/isat-core-targets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/isat-net-targets.cmake")
set(isat_net_FOUND TRUE)
