# SPDX-License-Identifier: BSL-1.0
#
# Debian packages: `cpack -G DEB` makes isat-speaker and libisat-dev of what the preset `debian` has built. What is
# Debian's alone (unit, changelog, copyright) belongs to a component, so that cpack takes it and `cmake --install` does not.
set(folder "${PROJECT_SOURCE_DIR}/cmake/packaging/debian")
set(generated "${PROJECT_BINARY_DIR}/debian")

# The licence as the format asks for it: indented, its empty lines a dot.
file(READ "${PROJECT_SOURCE_DIR}/LICENSE" licence)
string(STRIP "${licence}" licence)
string(REPLACE "\n\n" "\n.\n" licence "${licence}")
string(REPLACE "\n" "\n " licence " ${licence}")
configure_file("${folder}/copyright" "${generated}/copyright" @ONLY)

set(CPACK_PACKAGE_CONTACT "The authors of isat <isat@example.org>")
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(
  CONFIGURE
  OUTPUT "${generated}/changelog.Debian"
  CONTENT
    [[
isat (@PROJECT_VERSION@-1) unstable; urgency=medium

  * Version @PROJECT_VERSION@.

 -- @CPACK_PACKAGE_CONTACT@  @date@
]]
  @ONLY)
file(ARCHIVE_CREATE OUTPUT "${generated}/changelog.Debian.gz" PATHS "${generated}/changelog.Debian" FORMAT raw
     COMPRESSION GZip COMPRESSION_LEVEL 9)

foreach(component IN ITEMS speaker development)
  set(package libisat-dev)
  if(component STREQUAL "speaker")
    set(package isat-speaker)
  endif()
  set(documents "${CMAKE_INSTALL_DATADIR}/doc/${package}")
  install(FILES "${generated}/copyright" "${generated}/changelog.Debian.gz" DESTINATION "${documents}"
          COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()
install(FILES "${PROJECT_SOURCE_DIR}/examples/speaker/isat-speaker.yaml"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/isat-speaker/examples" COMPONENT speaker EXCLUDE_FROM_ALL)
install(FILES "${PROJECT_SOURCE_DIR}/examples/systemd/isat-speaker.service" DESTINATION /lib/systemd/system
        COMPONENT speaker EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME isat)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
                                                WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL speaker development)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

set(CPACK_DEBIAN_SPEAKER_PACKAGE_NAME isat-speaker)
set(CPACK_DEBIAN_SPEAKER_PACKAGE_SECTION net)
set(CPACK_DEBIAN_SPEAKER_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_SPEAKER_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_SPEAKER_PACKAGE_RECOMMENDS libcap2-bin)
set(CPACK_DEBIAN_SPEAKER_PACKAGE_CONTROL_EXTRA "${folder}/postinst;${folder}/prerm;${folder}/postrm")
set(CPACK_DEBIAN_SPEAKER_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_COMPONENT_SPEAKER_DESCRIPTION
"isat-speaker answers ARP for virtual IPv4 addresses from an elected leader,
so that any Ethernet network can reach a service that moves between nodes.
The leader is elected through Leases of a Kubernetes cluster, or among the
speakers of one host. The service starts when there is a configuration,
/etc/isat/isat-speaker.yaml, and is enabled by the administrator.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libisat-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
string(JOIN ", " CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "libboost1.81-dev | libboost-dev (>= 1.81)" "libboost-json1.81-dev | libboost-json-dev (>= 1.81)"
  "libboost-url1.81-dev | libboost-url-dev (>= 1.81)" "libfmt-dev (>= 9)" "libssl-dev (>= 3)")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
"Headers, the static libraries of isat::net and isat::kubernetes, and what
CMake and pkg-config find them by: wire formats and decisions of an ARP
responder, leader election, packet sockets on Boost.Asio, and a client of
Kubernetes API servers.")
include(CPack)
