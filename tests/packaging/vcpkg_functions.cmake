# SPDX-License-Identifier: BSL-1.0
#
# Stands in for vcpkg where it is not installed: what our portfile asks of it, done the way vcpkg does it, so that the
# portfile is executed word for word. Of the dependencies, those of the system serve.
#
#   cmake -DPORT_DIR=… -DFEATURES=core;… -DCURRENT_PACKAGES_DIR=… -DGENERATOR=… -DRELEASE_BUILD=… -DDEBUG_BUILD=…
#         [-DRELEASE_OPTIONS=…] [-DDEBUG_OPTIONS=…] -P vcpkg_functions.cmake
cmake_minimum_required(VERSION 3.25)
set(PORT isat)

# What is unknown is refused, as vcpkg does.
macro(isat_parse_arguments flags ones lists)
  cmake_parse_arguments(PARSE_ARGV 0 arg "${flags}" "${ones}" "${lists}")
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "${CMAKE_CURRENT_FUNCTION} was given: ${arg_UNPARSED_ARGUMENTS} ${arg_KEYWORDS_MISSING_VALUES}")
  endif()
endmacro()

function(isat_execute)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}: ${result}")
  endif()
endfunction()

function(vcpkg_check_features)
  isat_parse_arguments("" "OUT_FEATURE_OPTIONS" "FEATURES")
  set(options "")
  while(arg_FEATURES)
    list(POP_FRONT arg_FEATURES feature option)
    set(value OFF)
    if(feature IN_LIST FEATURES)
      set(value ON)
    endif()
    list(APPEND options "-D${option}=${value}")
  endwhile()
  set("${arg_OUT_FEATURE_OPTIONS}" "${options}" PARENT_SCOPE)
endfunction()

function(vcpkg_cmake_configure)
  isat_parse_arguments("" "SOURCE_PATH" "OPTIONS;OPTIONS_RELEASE;OPTIONS_DEBUG")
  foreach(type IN ITEMS release debug)
    string(TOUPPER "${type}" upper)
    set(prefix "${CURRENT_PACKAGES_DIR}")
    set(build_type Release)
    if(type STREQUAL "debug")
      string(APPEND prefix "/debug")
      set(build_type Debug)
    endif()
    isat_execute(
      "${CMAKE_COMMAND}" -S "${arg_SOURCE_PATH}" -B "${${upper}_BUILD}" -G "${GENERATOR}" --no-warn-unused-cli
      "-DCMAKE_BUILD_TYPE=${build_type}" "-DCMAKE_INSTALL_PREFIX=${prefix}" -DBUILD_SHARED_LIBS=OFF
      -DCMAKE_INSTALL_LIBDIR:STRING=lib ${${upper}_OPTIONS} ${arg_OPTIONS} ${arg_OPTIONS_${upper}})
  endforeach()
endfunction()

function(vcpkg_cmake_install)
  isat_parse_arguments("" "" "")
  foreach(type IN ITEMS release debug)
    string(TOUPPER "${type}" upper)
    isat_execute("${CMAKE_COMMAND}" --build "${${upper}_BUILD}" --target install)
  endforeach()
endfunction()

# The configuration goes to share/isat, where the debug library's location joins it. Its files find the prefix from
# where they lie, so that is written anew.
function(vcpkg_cmake_config_fixup)
  isat_parse_arguments("" "CONFIG_PATH" "")
  set(share "${CURRENT_PACKAGES_DIR}/share/${PORT}")
  file(GLOB files "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}/*")
  file(COPY ${files} DESTINATION "${share}")
  cmake_path(GET arg_CONFIG_PATH PARENT_PATH parent)
  file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/${parent}")
  file(GLOB files "${CURRENT_PACKAGES_DIR}/debug/${arg_CONFIG_PATH}/*-debug.cmake")
  foreach(file IN LISTS files)
    file(READ "${file}" text)
    string(REPLACE "\${_IMPORT_PREFIX}/lib" "\${_IMPORT_PREFIX}/debug/lib" text "${text}")
    cmake_path(GET file FILENAME name)
    file(WRITE "${share}/${name}" "${text}")
  endforeach()
  file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/${parent}")

  file(GLOB files "${share}/*.cmake")
  set(up [[get_filename_component(_IMPORT_PREFIX "${_IMPORT_PREFIX}" PATH)]])
  foreach(file IN LISTS files)
    file(READ "${file}" text)
    string(REPLACE "${up}\n" "" text "${text}")
    string(REGEX REPLACE "(get_filename_component\\(_IMPORT_PREFIX \"[^\n]*\n)" "\\1${up}\n${up}\n" text "${text}")
    string(REGEX REPLACE "(PACKAGE_PREFIX_DIR \"\\\${CMAKE_CURRENT_LIST_DIR})/[./]*\"" "\\1/../../\"" text "${text}")
    file(WRITE "${file}" "${text}")
  endforeach()
endfunction()

# The debug library's modules share the headers with the others.
function(vcpkg_fixup_pkgconfig)
  isat_parse_arguments("" "" "")
  file(GLOB_RECURSE files "${CURRENT_PACKAGES_DIR}/debug/*.pc")
  foreach(file IN LISTS files)
    file(READ "${file}" text)
    string(REPLACE "\${prefix}/include" "\${prefix}/../include" text "${text}")
    file(WRITE "${file}" "${text}")
  endforeach()
endfunction()

function(vcpkg_copy_tools)
  isat_parse_arguments("AUTO_CLEAN" "" "TOOL_NAMES")
  foreach(tool IN LISTS arg_TOOL_NAMES)
    file(COPY "${CURRENT_PACKAGES_DIR}/bin/${tool}" DESTINATION "${CURRENT_PACKAGES_DIR}/tools/${PORT}")
    if(arg_AUTO_CLEAN)
      file(REMOVE "${CURRENT_PACKAGES_DIR}/bin/${tool}" "${CURRENT_PACKAGES_DIR}/debug/bin/${tool}")
    endif()
  endforeach()
  if(arg_AUTO_CLEAN)
    foreach(bin IN ITEMS bin debug/bin)
      file(GLOB left "${CURRENT_PACKAGES_DIR}/${bin}/*")
      if(NOT left)
        file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/${bin}")
      endif()
    endforeach()
  endif()
endfunction()

function(vcpkg_install_copyright)
  isat_parse_arguments("" "" "FILE_LIST")
  file(READ "${arg_FILE_LIST}" text)
  file(WRITE "${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright" "${text}")
endfunction()

include("${PORT_DIR}/portfile.cmake")
