# SPDX-License-Identifier: BSL-1.0
# An overlay port: it builds the tree in which it lies.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE)
vcpkg_check_features(OUT_FEATURE_OPTIONS options FEATURES kubernetes ISAT_BUILD_KUBERNETES tools ISAT_BUILD_SPEAKER)

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS ${options} -DISAT_BUILD_EXAMPLES=OFF -DISAT_BUILD_TESTS=OFF -DISAT_BUILD_BENCHMARKS=OFF
  OPTIONS_DEBUG -DISAT_BUILD_SPEAKER=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/isat)
vcpkg_fixup_pkgconfig()
if("tools" IN_LIST FEATURES)
  vcpkg_copy_tools(TOOL_NAMES isat-speaker isat-simulate AUTO_CLEAN)
endif()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share"
     "${CURRENT_PACKAGES_DIR}/share/doc")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
