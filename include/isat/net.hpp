// SPDX-License-Identifier: BSL-1.0

// Umbrella of the component isat::net: transports, seams and the speaker, on Boost.Asio and fmt. For users; headers of
// isat include the parts they need. Of core it brings what these speak of: values, frames, VIPs, leaderships, layouts;
// not the machines of the election, which its library runs. core.hpp has these, isat.hpp has all. Reading order: as
// listed.
#pragma once

// clang-format off: the order is the order in which to read
#include "isat/error.hpp"
#include "isat/format.hpp"
#include "isat/lease_clock.hpp"
#include "isat/pending_operation.hpp"
#include "isat/complete_later.hpp"
#include "isat/transport/frame_transport.hpp"
#include "isat/transport/memory_link.hpp"
#include "isat/transport/packet_socket.hpp"
#include "isat/transport/tracer.hpp"
#include "isat/transport/pcap_file.hpp"
#include "isat/transport/fault_injector.hpp"
#include "isat/transport/link_monitor.hpp"
#include "isat/transport/list_links.hpp"
#include "isat/transport/interface_follower.hpp"
#include "isat/transport/guarded_sender.hpp"
#include "isat/responder/responder.hpp"
#include "isat/election/elector.hpp"
#include "isat/election/always_leader.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/election/memory_store.hpp"
#include "isat/election/file_store.hpp"
#include "isat/election/election_notice.hpp"
#include "isat/election/lease_elector.hpp"
#include "isat/election/layout_elector.hpp"
#include "isat/source/vip_source.hpp"
#include "isat/source/static_source.hpp"
#include "isat/source/grouped_source.hpp"
#include "isat/served_interface.hpp"
#include "isat/speaker_event.hpp"
#include "isat/speaker.hpp"
// clang-format on
