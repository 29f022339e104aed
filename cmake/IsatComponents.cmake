# SPDX-License-Identifier: BSL-1.0
#
# The components and their headers. Which component a header belongs to is said here and nowhere else: the style test
# reads these lists to check the includes, the install rules install them, VERIFY_INTERFACE_HEADER_SETS compiles each
# of them alone.
#
# To add a header, add one line, in alphabetical order: to isat_core_headers if it needs the standard library only
# (and none of <algorithm>, <functional>, <memory>, <unordered_map>), else to isat_net_headers.

set(isat_core_headers
    include/isat/address.hpp
    include/isat/announce/announcer.hpp
    include/isat/announce/schedule.hpp
    include/isat/clock.hpp
    include/isat/core.hpp
    include/isat/detail/address_map.hpp
    include/isat/detail/unreachable.hpp
    include/isat/election/leadership.hpp
    include/isat/election/lease_record.hpp
    include/isat/election/lease_timing.hpp
    include/isat/responder/counters.hpp
    include/isat/responder/decide.hpp
    include/isat/responder/drop_reason.hpp
    include/isat/responder/report_limit.hpp
    include/isat/responder/vip_table.hpp
    include/isat/version.hpp
    include/isat/wire/arp.hpp
    include/isat/wire/ethernet.hpp
    include/isat/wire/frame.hpp
    include/isat/wire/parse_error.hpp)

set(isat_net_headers
    include/isat/detail/erase.hpp
    include/isat/detail/file_descriptor.hpp
    include/isat/detail/stop_signal.hpp
    include/isat/election/always_leader.hpp
    include/isat/election/directory_watch.hpp
    include/isat/election/elector.hpp
    include/isat/election/file_lock_elector.hpp
    include/isat/election/lease_store.hpp
    include/isat/election/lock_file.hpp
    include/isat/election/lock_report.hpp
    include/isat/error.hpp
    include/isat/format.hpp
    include/isat/impl/speaker.ipp
    include/isat/isat.hpp
    include/isat/lease_clock.hpp
    include/isat/net.hpp
    include/isat/pending_operation.hpp
    include/isat/responder/responder.hpp
    include/isat/served_interface.hpp
    include/isat/source/static_source.hpp
    include/isat/source/vip_source.hpp
    include/isat/speaker.hpp
    include/isat/speaker_event.hpp
    include/isat/transport/arp_filter.hpp
    include/isat/transport/fault_injector.hpp
    include/isat/transport/frame_transport.hpp
    include/isat/transport/guarded_sender.hpp
    include/isat/transport/interface_follower.hpp
    include/isat/transport/interface_pattern.hpp
    include/isat/transport/link_message.hpp
    include/isat/transport/link_monitor.hpp
    include/isat/transport/link_socket.hpp
    include/isat/transport/link_state.hpp
    include/isat/transport/link_table.hpp
    include/isat/transport/list_links.hpp
    include/isat/transport/memory_link.hpp
    include/isat/transport/memory_transport.hpp
    include/isat/transport/packet_socket.hpp
    include/isat/transport/pcap_file.hpp
    include/isat/transport/strip_tags.hpp
    include/isat/transport/tracer.hpp
    include/isat/transport/wait_operation.hpp)

# By CONFIG, for what it finds is one Boost, not a mixture. Never a component: the header-only parts are all in
# Boost::headers, and `system` is not a library any more since Boost 1.89.
find_package(Boost 1.81 CONFIG REQUIRED)
find_package(fmt 9 CONFIG REQUIRED)

function(isat_add_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "HEADERS;LINK")
  add_library(isat_${name} INTERFACE)
  add_library(isat::${name} ALIAS isat_${name})
  target_compile_features(isat_${name} INTERFACE cxx_std_20)
  target_link_libraries(isat_${name} INTERFACE ${arg_LINK})
  target_sources(
    isat_${name} INTERFACE FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${arg_HEADERS})
  set_target_properties(isat_${name} PROPERTIES EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})
endfunction()

list(TRANSFORM isat_core_headers PREPEND "${PROJECT_SOURCE_DIR}/")
list(TRANSFORM isat_net_headers PREPEND "${PROJECT_SOURCE_DIR}/")
isat_add_component(core HEADERS ${isat_core_headers})
isat_add_component(net HEADERS ${isat_net_headers} LINK isat::core Boost::headers fmt::fmt)
