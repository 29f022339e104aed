# SPDX-License-Identifier: BSL-1.0
#
# How a test is made known to ctest. Every test has exactly one of the labels below: tests/run.sh and the scripts of
# others select by them. A test that cannot run here prints a line `SKIP: reason` and exits 77.

set(isat_test_labels unit style simulation netns kubernetes consumer packaging fuzz long)
# Those with these labels mostly wait, for timers and for other processes: two of them take the place of another one.
set(isat_waiting_labels netns kubernetes)

# isat_add_test(NAME name LABEL label COMMAND command... [TIMEOUT seconds] [SERIAL])
#   SERIAL: nothing else runs beside it, for tests that measure time.
# The test finds the programs under ISAT_BIN_DIR and the sources under ISAT_SOURCE_DIR (environment variables).
function(isat_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "SERIAL" "NAME;LABEL;TIMEOUT" "COMMAND")
  if(NOT arg_LABEL IN_LIST isat_test_labels)
    message(FATAL_ERROR "The test ${arg_NAME} has the label '${arg_LABEL}'; it must be one of: ${isat_test_labels}")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set(places 2)
  if(arg_LABEL IN_LIST isat_waiting_labels)
    set(places 1)
  endif()
  add_test(NAME ${arg_NAME} COMMAND ${arg_COMMAND})
  set_tests_properties(
    ${arg_NAME}
    PROPERTIES LABELS "${arg_LABEL}"
               TIMEOUT ${arg_TIMEOUT}
               SKIP_RETURN_CODE 77
               RUN_SERIAL "${arg_SERIAL}"
               PROCESSORS ${places}
               ENVIRONMENT "ISAT_BIN_DIR=${PROJECT_BINARY_DIR}/bin;ISAT_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
endfunction()

# isat_add_inside(component): isat_<component>_inside, which a test links to see what a shared library hides: its object
# files and what these need. They get along with the library itself in the same program.
function(isat_add_inside component)
  set(library isat_${component})
  set(inside isat_${component}_inside)
  add_library(${inside} INTERFACE)
  get_target_property(type ${library} TYPE)
  if(type STREQUAL "SHARED_LIBRARY")
    target_include_directories(${inside} INTERFACE "$<TARGET_PROPERTY:${library},INTERFACE_INCLUDE_DIRECTORIES>")
    get_target_property(needed ${library} LINK_LIBRARIES)
    list(TRANSFORM needed REPLACE "^isat::net$" isat_net_inside)
    target_link_libraries(${inside} INTERFACE "$<TARGET_OBJECTS:${library}>" ${needed})
    add_dependencies(${inside} ${library})
  else()
    target_link_libraries(${inside} INTERFACE ${library})
  endif()
endfunction()

# isat_add_doctests(target PREFIX prefix LABEL label SOURCES file... LINK library... [TIMEOUT seconds] [SERIAL])
# One program out of all files, and one test per file, named by the file's path: prefix.wire.arp for wire/arp.cpp.
function(isat_add_doctests target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "PREFIX;LABEL;TIMEOUT" "SOURCES;LINK")
  isat_add_program(${target} SOURCES ${arg_SOURCES} LINK isat_test_main ${arg_LINK})
  if(arg_SERIAL)
    set(serial SERIAL)
  endif()
  foreach(source IN LISTS arg_SOURCES)
    # A compiler cache may have made the path in __FILE__ a relative one, so only its end is asked for.
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY "${PROJECT_SOURCE_DIR}" OUTPUT_VARIABLE path)
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" OUTPUT_VARIABLE name)
    string(REGEX REPLACE "\\.cpp$" "" name "${name}")
    string(REPLACE "/" "." name "${arg_PREFIX}/${name}")
    isat_add_test(
      NAME ${name}
      LABEL ${arg_LABEL}
      TIMEOUT "${arg_TIMEOUT}" ${serial}
      COMMAND ${target} "--source-file=*/${path}" --no-version)
    # A filter that matches nothing must not pass.
    set_tests_properties(${name} PROPERTIES FAIL_REGULAR_EXPRESSION "test cases: +0 ")
  endforeach()
endfunction()
