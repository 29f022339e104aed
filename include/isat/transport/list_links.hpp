// SPDX-License-Identifier: BSL-1.0

// The interfaces of this namespace, asked for once and waited for: for start-up checks and dry runs, which have no
// event loop. It shares socket, messages and table with link_monitor, and refuses to be called in a loop instead of it.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/error.hpp"
#include "isat/transport/link_state.hpp"

#include <cerrno>
#include <poll.h>
#include <vector>

namespace isat::inline v0::transport {

/// Every interface, by ascending index. Blocks for a few milliseconds, at most a second per answer of the kernel.
/// @param error what the system said; `timed_out` when the kernel did not answer; `interrupted` when interfaces came
///   and went so fast that sixteen dumps in a row were inconsistent. Then the result is empty.
ISAT_API std::vector<link_state> list_links(error_code& error);

}  // namespace isat::inline v0::transport

#if ISAT_HEADER_ONLY
#include "isat/transport/impl/list_links.ipp"
#endif
