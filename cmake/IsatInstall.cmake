# SPDX-License-Identifier: BSL-1.0
#
# What `cmake --install` puts where: the headers, one CMake export set and one pkg-config file per component, and the
# package configuration that loads only the components asked for. Everything installed is relocatable.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

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
set(isat_pkgconfig_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
cmake_path(IS_ABSOLUTE CMAKE_INSTALL_INCLUDEDIR absolute)
if(absolute)
  set(isat_pkgconfig_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
endif()

foreach(component IN ITEMS core net)
  install(TARGETS isat_${component} EXPORT isat-${component}-targets FILE_SET HEADERS)
  install(EXPORT isat-${component}-targets NAMESPACE isat:: DESTINATION "${isat_package_dir}")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/isat-${component}.pc.in" isat-${component}.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/isat-${component}.pc" DESTINATION "${isat_pkgconfig_dir}")
endforeach()

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/isatConfig.cmake.in" isatConfig.cmake
                              INSTALL_DESTINATION "${isat_package_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(isatConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(
  FILES "${CMAKE_CURRENT_BINARY_DIR}/isatConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/isatConfigVersion.cmake"
        "${PROJECT_SOURCE_DIR}/cmake/isat-core-component.cmake" "${PROJECT_SOURCE_DIR}/cmake/isat-net-component.cmake"
  DESTINATION "${isat_package_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
