# SPDX-License-Identifier: BSL-1.0
#
# How a component with bodies is built: as a library, static or shared as BUILD_SHARED_LIBS says, or header-only with
# ISAT_HEADER_ONLY. Its bodies are the files in its impl/ folders; the sources that compile them, and the header that
# tells users which of the three was built, are written into the build directory.
include(IsatPrograms)

set(isat_generated "${PROJECT_BINARY_DIR}/generated")

# isat_write_build_header(file): that header, which include/isat/detail/build.hpp looks for.
function(isat_write_build_header file)
  set(header_only 0)
  if(ISAT_HEADER_ONLY)
    set(header_only 1)
  endif()
  file(
    CONFIGURE
    OUTPUT "${file}"
    CONTENT
      [[
// SPDX-License-Identifier: BSL-1.0

// Written by CMake: how this copy of isat was built. For build.hpp only.
#pragma once

#define ISAT_HEADER_ONLY @header_only@
]]
    @ONLY)
endfunction()

# isat_write_sources(variable component body...): a source for each body, their paths in the variable. A file of templates
# alone has nothing to be compiled by itself: its header includes it always.
function(isat_write_sources variable component)
  set(sources "")
  foreach(body IN LISTS ARGN)
    file(STRINGS "${PROJECT_SOURCE_DIR}/${body}" defined REGEX "ISAT_INLINE" LIMIT_COUNT 1)
    if(NOT defined)
      continue()
    endif()
    cmake_path(GET body STEM name)
    set(source "${isat_generated}/${component}/${name}.cpp")
    string(REGEX REPLACE "^include/" "" body "${body}")
    file(CONFIGURE OUTPUT "${source}" CONTENT "// SPDX-License-Identifier: BSL-1.0\n#include \"@body@\"\n" @ONLY)
    list(APPEND sources "${source}")
  endforeach()
  set(${variable} "${sources}" PARENT_SCOPE)
endfunction()

# isat_add_library(component HEADERS header... LINK library... [BODIES_LINK library...] [GENERATED header])
#   LINK: what the headers need; BODIES_LINK: what the bodies need beside that; GENERATED: a header in the build directory.
function(isat_add_library component)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "GENERATED" "HEADERS;LINK;BODIES_LINK")
  set(target isat_${component})
  set(headers ${arg_HEADERS})
  set(bodies ${arg_HEADERS})
  list(FILTER headers EXCLUDE REGEX "/impl/")
  list(FILTER bodies INCLUDE REGEX "/impl/")

  if(ISAT_HEADER_ONLY)
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${arg_LINK} ${arg_BODIES_LINK})
  else()
    set(scope PUBLIC)
    isat_write_sources(sources ${component} ${bodies})
    add_library(${target} ${sources})
    target_link_libraries(${target} PUBLIC ${arg_LINK} PRIVATE ${arg_BODIES_LINK})
    isat_enable_warnings(${target})
    # No DEFINE_SYMBOL: the files are compiled alike for every kind of library.
    set_target_properties(
      ${target}
      PROPERTIES OUTPUT_NAME isat-${component}
                 VERSION "${PROJECT_VERSION}"
                 SOVERSION "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}"
                 DEFINE_SYMBOL ""
                 CXX_EXTENSIONS OFF
                 CXX_VISIBILITY_PRESET hidden
                 VISIBILITY_INLINES_HIDDEN ON
                 POSITION_INDEPENDENT_CODE ON)
    if(NOT PROJECT_IS_TOP_LEVEL AND NOT ISAT_INSTALL)
      # Whoever links it needs it, and nobody else: a user of core compiles nothing of ours.
      set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL TRUE)
    endif()
  endif()
  add_library(isat::${component} ALIAS ${target})
  target_compile_features(${target} ${scope} cxx_std_20)

  list(TRANSFORM headers PREPEND "${PROJECT_SOURCE_DIR}/")
  list(TRANSFORM bodies PREPEND "${PROJECT_SOURCE_DIR}/")
  set(folders "${PROJECT_SOURCE_DIR}/include")
  if(arg_GENERATED)
    list(APPEND headers "${arg_GENERATED}")
    list(APPEND folders "${isat_generated}/include")
    # Installed, it lies beside the header that looks for it; until then that one finds it here.
    cmake_path(GET arg_GENERATED PARENT_PATH folder)
    target_include_directories(${target} ${scope} "$<BUILD_INTERFACE:${folder}>")
  endif()
  target_sources(
    ${target} ${scope} FILE_SET HEADERS BASE_DIRS ${folders} FILES ${headers}
    FILE_SET bodies TYPE HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${bodies})
  # The bodies are no headers to be compiled alone: the sources above do that.
  set_target_properties(
    ${target}
    PROPERTIES EXPORT_NAME ${component}
               VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL}
               INTERFACE_HEADER_SETS_TO_VERIFY HEADERS)
endfunction()
