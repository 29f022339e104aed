# SPDX-License-Identifier: BSL-1.0
#
# The component isat::kubernetes: a library, static or shared as BUILD_SHARED_LIBS says, or header-only on request. Its
# bodies are the files in its impl/ folders; the sources that compile them, and the header that tells users which of the three was
# built, are written into the build directory.
include(IsatPrograms)

find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS json url)
find_package(OpenSSL 3 REQUIRED)

set(generated "${PROJECT_BINARY_DIR}/generated")
set(generated_header "${generated}/include/isat/detail/build_generated.hpp")
set(header_only 0)
if(ISAT_HEADER_ONLY)
  set(header_only 1)
endif()
file(
  CONFIGURE
  OUTPUT "${generated_header}"
  CONTENT
    [[
// SPDX-License-Identifier: BSL-1.0

// Written by CMake: how this copy of isat::kubernetes was built. For build.hpp only.
#pragma once

#define ISAT_HEADER_ONLY @header_only@
]]
  @ONLY)

set(bodies ${isat_kubernetes_headers})
list(FILTER bodies INCLUDE REGEX "/impl/")
list(REMOVE_ITEM isat_kubernetes_headers ${bodies})

set(sources "")
foreach(body IN LISTS bodies)
  cmake_path(GET body STEM name)
  set(source "${generated}/kubernetes/${name}.cpp")
  string(REGEX REPLACE "^include/" "" body "${body}")
  file(CONFIGURE OUTPUT "${source}" CONTENT "// SPDX-License-Identifier: BSL-1.0\n#include \"@body@\"\n" @ONLY)
  list(APPEND sources "${source}")
endforeach()

set(usage Boost::json Boost::url OpenSSL::SSL OpenSSL::Crypto)
if(ISAT_HEADER_ONLY)
  set(scope INTERFACE)
  add_library(isat_kubernetes INTERFACE)
  target_link_libraries(isat_kubernetes INTERFACE isat::net ${usage})
else()
  set(scope PUBLIC)
  add_library(isat_kubernetes ${sources})
  target_link_libraries(isat_kubernetes PUBLIC isat::net PRIVATE ${usage})
  isat_enable_warnings(isat_kubernetes)
  # No DEFINE_SYMBOL: the files are compiled alike for every kind of library.
  set_target_properties(
    isat_kubernetes
    PROPERTIES OUTPUT_NAME isat-kubernetes
               VERSION "${PROJECT_VERSION}"
               SOVERSION "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}"
               DEFINE_SYMBOL ""
               CXX_EXTENSIONS OFF
               CXX_VISIBILITY_PRESET hidden
               VISIBILITY_INLINES_HIDDEN ON
               POSITION_INDEPENDENT_CODE ON)
endif()
add_library(isat::kubernetes ALIAS isat_kubernetes)
target_compile_features(isat_kubernetes ${scope} cxx_std_20)

list(TRANSFORM isat_kubernetes_headers PREPEND "${PROJECT_SOURCE_DIR}/")
list(TRANSFORM bodies PREPEND "${PROJECT_SOURCE_DIR}/")
target_sources(
  isat_kubernetes
  ${scope}
  FILE_SET
  HEADERS
  BASE_DIRS
  "${PROJECT_SOURCE_DIR}/include"
  "${generated}/include"
  FILES
  ${isat_kubernetes_headers}
  "${generated_header}"
  FILE_SET
  bodies
  TYPE
  HEADERS
  BASE_DIRS
  "${PROJECT_SOURCE_DIR}/include"
  FILES
  ${bodies})
# The bodies are no headers to be compiled alone: the sources above do that.
set_target_properties(
  isat_kubernetes
  PROPERTIES EXPORT_NAME kubernetes
             VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL}
             INTERFACE_HEADER_SETS_TO_VERIFY HEADERS)
