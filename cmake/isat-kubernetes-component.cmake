# SPDX-License-Identifier: BSL-1.0
# The component kubernetes: isat::net with OpenSSL and two compiled libraries of Boost.
include(CMakeFindDependencyMacro)
set(isat_kubernetes_FOUND FALSE)
include("${CMAKE_CURRENT_LIST_DIR}/isat-net-component.cmake")
if(NOT isat_net_FOUND)
  return()
endif()
find_dependency(Boost 1.81 CONFIG COMPONENTS json url)
find_dependency(OpenSSL 3)
include("${CMAKE_CURRENT_LIST_DIR}/isat-kubernetes-targets.cmake")
set(isat_kubernetes_FOUND TRUE)
