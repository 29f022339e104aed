# SPDX-License-Identifier: BSL-1.0
#
# The component isat::kubernetes. Its public headers announce what they need of Boost.JSON and nothing of the others; its
# bodies need all of them.
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS json url)
find_package(OpenSSL 3 REQUIRED)

isat_add_library(
  kubernetes
  HEADERS ${isat_kubernetes_headers}
  LINK isat::net
  BODIES_LINK Boost::json Boost::url OpenSSL::SSL OpenSSL::Crypto)
if(NOT ISAT_HEADER_ONLY)
  # Shared, it finds isat-net beside it, also for a program that does not ask for isat-net itself.
  set_property(TARGET isat_kubernetes APPEND PROPERTY INSTALL_RPATH "\$ORIGIN")
endif()
