# SPDX-License-Identifier: BSL-1.0
#
# What `cmake --install` puts where: headers and libraries, one CMake export set and one pkg-config file per component,
# and the package configuration that loads only the components asked for. Everything installed is relocatable.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development) # all but the programs

set(isat_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/isat")
set(isat_pkgconfig_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

# The prefix as seen from the directory of the pkg-config files: ../.. or, with lib/<architecture>, ../../..
cmake_path(IS_ABSOLUTE CMAKE_INSTALL_LIBDIR absolute)
if(absolute)
  set(isat_pkgconfig_prefix "${CMAKE_INSTALL_PREFIX}")
else()
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}/${isat_pkgconfig_dir}"
             OUTPUT_VARIABLE isat_pkgconfig_prefix)
  string(REGEX REPLACE "/$" "" isat_pkgconfig_prefix "\${pcfiledir}/${isat_pkgconfig_prefix}")
endif()
foreach(directory IN ITEMS INCLUDEDIR LIBDIR)
  string(TOLOWER "isat_pkgconfig_${directory}" variable)
  set(${variable} "\${prefix}/${CMAKE_INSTALL_${directory}}")
  cmake_path(IS_ABSOLUTE CMAKE_INSTALL_${directory} absolute)
  if(absolute)
    set(${variable} "${CMAKE_INSTALL_${directory}}")
  endif()
endforeach()

set(components core net)
if(ISAT_BUILD_KUBERNETES)
  list(APPEND components kubernetes)
endif()

# What the linker is told of each component, beside what it requires. What a shared library needs it brings along; for the
# others the user has to link it.
foreach(component IN ITEMS net kubernetes)
  set(isat_pkgconfig_libs_${component} "")
  if(NOT ISAT_HEADER_ONLY)
    set(isat_pkgconfig_libs_${component} "-L\${libdir} -lisat-${component}")
  endif()
endforeach()
if(ISAT_BUILD_KUBERNETES)
  get_target_property(type isat_kubernetes TYPE)
  if(type STREQUAL "SHARED_LIBRARY")
    set(isat_pkgconfig_requires_private "openssl >= 3")
    set(isat_pkgconfig_libs_private "-lboost_url -lboost_json")
  else()
    set(isat_pkgconfig_requires ", openssl >= 3")
    string(STRIP "${isat_pkgconfig_libs_kubernetes} -lboost_url -lboost_json" isat_pkgconfig_libs_kubernetes)
  endif()
endif()

foreach(component IN LISTS components)
  set(bodies FILE_SET bodies)
  if(component STREQUAL "core")
    set(bodies "")
  endif()
  install(TARGETS isat_${component} EXPORT isat-${component}-targets FILE_SET HEADERS ${bodies})
  install(EXPORT isat-${component}-targets NAMESPACE isat:: DESTINATION "${isat_package_dir}")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/isat-${component}.pc.in" isat-${component}.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/isat-${component}.pc" DESTINATION "${isat_pkgconfig_dir}")
  install(FILES "${PROJECT_SOURCE_DIR}/cmake/isat-${component}-component.cmake" DESTINATION "${isat_package_dir}")
endforeach()

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/isatConfig.cmake.in" isatConfig.cmake
                              INSTALL_DESTINATION "${isat_package_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(isatConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(
  FILES "${CMAKE_CURRENT_BINARY_DIR}/isatConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/isatConfigVersion.cmake"
  DESTINATION "${isat_package_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT licence)
