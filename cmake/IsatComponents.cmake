# SPDX-License-Identifier: BSL-1.0
#
# The components and their headers. Which component a header belongs to is said here and nowhere else: the style test
# reads these lists to check the includes, the install rules install them, VERIFY_INTERFACE_HEADER_SETS compiles each
# of them alone.
#
# To add a header, add one line, in alphabetical order: to isat_core_headers if it needs the standard library only
# (and none of <algorithm>, <functional>, <memory>, <unordered_map>), to isat_net_headers if Boost.Asio and fmt do, else to
# isat_kubernetes_headers. A file in an impl/ holds the bodies of a header of that folder. Templates are always included by
# it; the others, which are of net and kubernetes, are compiled into a library of each, or included too where all is
# header-only.

set(isat_core_headers
    include/isat/address.hpp
    include/isat/announce/announcer.hpp
    include/isat/announce/schedule.hpp
    include/isat/clock.hpp
    include/isat/core.hpp
    include/isat/detail/address_map.hpp
    include/isat/detail/backoff.hpp
    include/isat/detail/mix.hpp
    include/isat/detail/unreachable.hpp
    include/isat/election/election_machine.hpp
    include/isat/election/group_names.hpp
    include/isat/election/impl/election_machine.ipp
    include/isat/election/impl/election_machine_groups.ipp
    include/isat/election/impl/election_machine_placement.ipp
    include/isat/election/impl/layout_machine.ipp
    include/isat/election/impl/lease_machine.ipp
    include/isat/election/impl/lease_machine_actions.ipp
    include/isat/election/layout.hpp
    include/isat/election/layout_machine.hpp
    include/isat/election/layout_rules.hpp
    include/isat/election/leadership.hpp
    include/isat/election/lease_attempt.hpp
    include/isat/election/lease_claim.hpp
    include/isat/election/lease_codec.hpp
    include/isat/election/lease_event.hpp
    include/isat/election/lease_machine.hpp
    include/isat/election/lease_record.hpp
    include/isat/election/lease_rules.hpp
    include/isat/election/lease_set.hpp
    include/isat/election/lease_timing.hpp
    include/isat/election/lease_view.hpp
    include/isat/election/placement.hpp
    include/isat/election/presence.hpp
    include/isat/election/presence_writer.hpp
    include/isat/election/record_exchange.hpp
    include/isat/election/record_names.hpp
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
    include/isat/complete_later.hpp
    include/isat/detail/build.hpp
    include/isat/detail/directory_listing.hpp
    include/isat/detail/erase.hpp
    include/isat/detail/file_descriptor.hpp
    include/isat/detail/last_error.hpp
    include/isat/detail/memory_segment.hpp
    include/isat/detail/new_file.hpp
    include/isat/detail/random_number.hpp
    include/isat/detail/stop_signal.hpp
    include/isat/election/always_leader.hpp
    include/isat/election/change_feed.hpp
    include/isat/election/election_notice.hpp
    include/isat/election/elector.hpp
    include/isat/election/file_store.hpp
    include/isat/election/impl/always_leader.ipp
    include/isat/election/impl/change_feed.ipp
    include/isat/election/impl/file_store.ipp
    include/isat/election/impl/layout_elector.ipp
    include/isat/election/impl/lease_elector.ipp
    include/isat/election/impl/liveness_lock.ipp
    include/isat/election/impl/memory_store.ipp
    include/isat/election/impl/record_directory.ipp
    include/isat/election/impl/record_files.ipp
    include/isat/election/impl/record_text.ipp
    include/isat/election/impl/store_driver.ipp
    include/isat/election/impl/watch_set.ipp
    include/isat/election/layout_elector.hpp
    include/isat/election/lease_elector.hpp
    include/isat/election/lease_store.hpp
    include/isat/election/liveness_lock.hpp
    include/isat/election/memory_store.hpp
    include/isat/election/record_directory.hpp
    include/isat/election/record_files.hpp
    include/isat/election/record_text.hpp
    include/isat/election/shared_file_system.hpp
    include/isat/election/store_driver.hpp
    include/isat/election/store_failure.hpp
    include/isat/election/store_health.hpp
    include/isat/election/watch_set.hpp
    include/isat/error.hpp
    include/isat/format.hpp
    include/isat/impl/directory_listing.ipp
    include/isat/impl/error.ipp
    include/isat/impl/memory_segment.ipp
    include/isat/impl/new_file.ipp
    include/isat/impl/random_number.ipp
    include/isat/impl/served_interface.ipp
    include/isat/impl/speaker.ipp
    include/isat/isat.hpp
    include/isat/lease_clock.hpp
    include/isat/net.hpp
    include/isat/pending_operation.hpp
    include/isat/responder/impl/responder.ipp
    include/isat/responder/responder.hpp
    include/isat/served_interface.hpp
    include/isat/source/grouped_source.hpp
    include/isat/source/impl/grouped_source.ipp
    include/isat/source/impl/static_source.ipp
    include/isat/source/static_source.hpp
    include/isat/source/vip_source.hpp
    include/isat/speaker.hpp
    include/isat/speaker_event.hpp
    include/isat/transport/arp_filter.hpp
    include/isat/transport/fault_injector.hpp
    include/isat/transport/frame_transport.hpp
    include/isat/transport/guarded_sender.hpp
    include/isat/transport/impl/fault_injector.ipp
    include/isat/transport/impl/guarded_sender.ipp
    include/isat/transport/impl/interface_follower.ipp
    include/isat/transport/impl/link_message.ipp
    include/isat/transport/impl/link_monitor.ipp
    include/isat/transport/impl/link_socket.ipp
    include/isat/transport/impl/link_table.ipp
    include/isat/transport/impl/list_links.ipp
    include/isat/transport/impl/memory_link.ipp
    include/isat/transport/impl/memory_transport.ipp
    include/isat/transport/impl/packet_socket.ipp
    include/isat/transport/impl/pcap_file.ipp
    include/isat/transport/impl/tracer.ipp
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

set(isat_kubernetes_headers
    include/isat/kubernetes.hpp
    include/isat/kubernetes/api/api_client.hpp
    include/isat/kubernetes/api/api_request.hpp
    include/isat/kubernetes/api/detail/address_book.hpp
    include/isat/kubernetes/api/detail/api_call.hpp
    include/isat/kubernetes/api/detail/client_state.hpp
    include/isat/kubernetes/api/detail/connection.hpp
    include/isat/kubernetes/api/detail/connection_pool.hpp
    include/isat/kubernetes/api/detail/outage.hpp
    include/isat/kubernetes/api/detail/tls_context.hpp
    include/isat/kubernetes/api/http_exchange.hpp
    include/isat/kubernetes/api/impl/api_call.ipp
    include/isat/kubernetes/api/impl/api_client.ipp
    include/isat/kubernetes/api/impl/client_state.ipp
    include/isat/kubernetes/api/impl/connection.ipp
    include/isat/kubernetes/api/impl/http_exchange.ipp
    include/isat/kubernetes/api/impl/server_discovery.ipp
    include/isat/kubernetes/api/impl/server_list.ipp
    include/isat/kubernetes/api/impl/tls_context.ipp
    include/isat/kubernetes/api/server_discovery.hpp
    include/isat/kubernetes/api/server_list.hpp
    include/isat/kubernetes/config/cluster_config.hpp
    include/isat/kubernetes/config/credential_source.hpp
    include/isat/kubernetes/config/detail/base64.hpp
    include/isat/kubernetes/config/detail/exec_credential.hpp
    include/isat/kubernetes/config/detail/file_credentials.hpp
    include/isat/kubernetes/config/detail/key_pair.hpp
    include/isat/kubernetes/config/detail/kubeconfig_entry.hpp
    include/isat/kubernetes/config/detail/kubeconfig_merge.hpp
    include/isat/kubernetes/config/detail/plugin_schedule.hpp
    include/isat/kubernetes/config/detail/process.hpp
    include/isat/kubernetes/config/detail/token_cache.hpp
    include/isat/kubernetes/config/detail/watched_file.hpp
    include/isat/kubernetes/config/impl/credential_source.ipp
    include/isat/kubernetes/config/impl/exec_credential.ipp
    include/isat/kubernetes/config/impl/in_cluster.ipp
    include/isat/kubernetes/config/impl/kubeconfig.ipp
    include/isat/kubernetes/config/impl/kubeconfig_merge.ipp
    include/isat/kubernetes/config/impl/server_url.ipp
    include/isat/kubernetes/config/in_cluster.hpp
    include/isat/kubernetes/config/kubeconfig.hpp
    include/isat/kubernetes/config/server_url.hpp
    include/isat/kubernetes/detail/decimal.hpp
    include/isat/kubernetes/detail/json_member.hpp
    include/isat/kubernetes/detail/parse_options.hpp
    include/isat/kubernetes/detail/percent.hpp
    include/isat/kubernetes/detail/printable.hpp
    include/isat/kubernetes/detail/status_object.hpp
    include/isat/kubernetes/detail/warning.hpp
    include/isat/kubernetes/error.hpp
    include/isat/kubernetes/impl/error.ipp
    include/isat/kubernetes/impl/status_object.ipp
    include/isat/kubernetes/lease/detail/failure_notes.hpp
    include/isat/kubernetes/lease/detail/known_leases.hpp
    include/isat/kubernetes/lease/detail/lease_object.hpp
    include/isat/kubernetes/lease/detail/lease_store_state.hpp
    include/isat/kubernetes/lease/detail/watch_progress.hpp
    include/isat/kubernetes/lease/impl/lease_object.ipp
    include/isat/kubernetes/lease/impl/lease_store.ipp
    include/isat/kubernetes/lease/impl/lease_store_changes.ipp
    include/isat/kubernetes/lease/lease_store.hpp
    include/isat/kubernetes/lease/micro_time.hpp
    include/isat/kubernetes/service/address_assigner.hpp
    include/isat/kubernetes/service/address_pool.hpp
    include/isat/kubernetes/service/assignee.hpp
    include/isat/kubernetes/service/assignment_notice.hpp
    include/isat/kubernetes/service/assignment_table.hpp
    include/isat/kubernetes/service/detail/assigner_work.hpp
    include/isat/kubernetes/service/detail/claim_book.hpp
    include/isat/kubernetes/service/detail/event_object.hpp
    include/isat/kubernetes/service/detail/interned_names.hpp
    include/isat/kubernetes/service/detail/node_index.hpp
    include/isat/kubernetes/service/detail/object_facts.hpp
    include/isat/kubernetes/service/detail/pool_record.hpp
    include/isat/kubernetes/service/detail/service_index.hpp
    include/isat/kubernetes/service/event_recorder.hpp
    include/isat/kubernetes/service/impl/address_assigner.ipp
    include/isat/kubernetes/service/impl/assignee.ipp
    include/isat/kubernetes/service/impl/assigner_work.ipp
    include/isat/kubernetes/service/impl/assignment_notice.ipp
    include/isat/kubernetes/service/impl/assignment_requests.ipp
    include/isat/kubernetes/service/impl/assignment_table.ipp
    include/isat/kubernetes/service/impl/claim_book.ipp
    include/isat/kubernetes/service/impl/event_object.ipp
    include/isat/kubernetes/service/impl/event_recorder.ipp
    include/isat/kubernetes/service/impl/node_index.ipp
    include/isat/kubernetes/service/impl/object_facts.ipp
    include/isat/kubernetes/service/impl/pool_record.ipp
    include/isat/kubernetes/service/impl/service_index.ipp
    include/isat/kubernetes/service/impl/service_notice.ipp
    include/isat/kubernetes/service/impl/service_source.ipp
    include/isat/kubernetes/service/impl/service_table.ipp
    include/isat/kubernetes/service/service_facts.hpp
    include/isat/kubernetes/service/service_notice.hpp
    include/isat/kubernetes/service/service_source.hpp
    include/isat/kubernetes/service/service_table.hpp
    include/isat/kubernetes/service/vip_standing.hpp
    include/isat/kubernetes/watch/detail/list_page.hpp
    include/isat/kubernetes/watch/impl/reflector.ipp
    include/isat/kubernetes/watch/impl/watch_decoder.ipp
    include/isat/kubernetes/watch/impl/watch_machine.ipp
    include/isat/kubernetes/watch/reflector.hpp
    include/isat/kubernetes/watch/resource_version.hpp
    include/isat/kubernetes/watch/watch_decoder.hpp
    include/isat/kubernetes/watch/watch_machine.hpp)

# What kubernetes needs beyond this is in IsatKubernetes.cmake, for core and net are used where it is not.
# By CONFIG, for what it finds is one Boost, not a mixture. Never a component: the header-only parts are all in
# Boost::headers, and `system` is not a library any more since Boost 1.89.
find_package(Boost 1.81 CONFIG REQUIRED)
find_package(fmt 9 CONFIG REQUIRED)

# Core is headers, always: templates, and what is small or constexpr.
add_library(isat_core INTERFACE)
add_library(isat::core ALIAS isat_core)
target_compile_features(isat_core INTERFACE cxx_std_20)
list(TRANSFORM isat_core_headers PREPEND "${PROJECT_SOURCE_DIR}/")
target_sources(isat_core INTERFACE FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${isat_core_headers})
set_target_properties(isat_core PROPERTIES EXPORT_NAME core VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})

include(IsatLibrary)
set(isat_build_header "${isat_generated}/include/isat/detail/isat_build_generated.hpp")
isat_write_build_header("${isat_build_header}")
isat_add_library(
  net
  HEADERS ${isat_net_headers}
  GENERATED "${isat_build_header}"
  LINK isat::core Boost::headers fmt::fmt)
