// SPDX-License-Identifier: BSL-1.0

// What a speaker tells its host: one value per transition, each a small struct, so that a log, a metric or a test asks
// for facts and not for strings. Peers cannot raise the rate of any of them: claims come folded.
#pragma once

#include "isat/address.hpp"
#include "isat/election/leadership.hpp"
#include "isat/responder/counters.hpp"
#include "isat/transport/frame_transport.hpp"

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

namespace isat::inline v0 {

/// The source has told all that it knew at its start.
struct source_synced {
  std::size_t vips{};
};

/// A VIP is in `group` from now on: it is new, or was in another one. Told also of those before source_synced.
struct vip_added {
  ipv4_address vip;
  group_id group{};
};

/// A VIP is answered for no more, whoever leads; its group was `group`.
struct vip_removed {
  ipv4_address vip;
  group_id group{};
};

/// This process may answer for `group` from now on; its VIPs are being announced.
struct leadership_gained {
  group_id group{};
  std::uint64_t term{};
};

/// This process has stopped answering for `group`.
struct leadership_lost {
  group_id group{};
  std::uint64_t term{};
};

/// Whether this process contends for leadership has changed.
struct candidacy_changed {
  bool willing{};  ///< false: no announcing interface has carrier, so leaderships are handed over
};

/// An interface is announced on from now on.
struct interface_joined {
  transport::link_identity link;
  bool carrier{};
};

/// The MAC address or the carrier of an announcing interface changed; VIPs are announced anew where that helps.
struct interface_changed {
  transport::link_identity link;
  bool carrier{};
};

/// An interface is announced on no more.
struct interface_left {
  transport::link_identity link;
  error_code reason;              ///< no error: it was detached or has disappeared
  responder::counters counted{};  ///< what became of its frames
  transport::transport_statistics statistics{};
};

/// A selected interface could not be opened, or is one too many; unless it is not Ethernet, that is tried again.
struct interface_refused {
  std::string name;
  error_code reason;
};

/// Another host claims a VIP that this process leads. @see RFC 5227, section 2.4
struct vip_conflict {
  ipv4_address vip;
  mac_address rival;
  std::string interface;
  std::uint64_t folded{};  ///< conflicts since the last report that were not reported
};

/// Two of our interfaces hear each other: they are on one segment. Or one hears itself: the network has a loop.
struct shared_segment {
  mac_address sender;     ///< our interface whose frame was heard
  std::string interface;  ///< our interface that heard it
  bool echo{};            ///< both are the same
  std::uint64_t folded{};
};

using speaker_event =
    std::variant<source_synced, vip_added, vip_removed, leadership_gained, leadership_lost, candidacy_changed,
                 interface_joined, interface_changed, interface_left, interface_refused, vip_conflict, shared_segment>;

}  // namespace isat::inline v0
