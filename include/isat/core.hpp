// SPDX-License-Identifier: BSL-1.0

// Umbrella of the component isat::core: values, wire formats, decisions and state machines, on the standard library
// alone. For users; headers of isat include the parts they need. Reading order: as listed.
#pragma once

// clang-format off: the order is the order in which to read
#include "isat/address.hpp"
#include "isat/wire/parse_error.hpp"
#include "isat/wire/ethernet.hpp"
#include "isat/wire/arp.hpp"
#include "isat/wire/frame.hpp"
#include "isat/clock.hpp"
#include "isat/election/leadership.hpp"
#include "isat/responder/vip_table.hpp"
#include "isat/responder/drop_reason.hpp"
#include "isat/responder/decide.hpp"
#include "isat/responder/counters.hpp"
#include "isat/responder/report_limit.hpp"
#include "isat/announce/schedule.hpp"
#include "isat/announce/announcer.hpp"
#include "isat/election/lease_record.hpp"
#include "isat/election/lease_timing.hpp"
#include "isat/election/lease_rules.hpp"
#include "isat/election/lease_machine.hpp"
#include "isat/election/lease_set.hpp"
#include "isat/election/layout_rules.hpp"
#include "isat/election/layout_machine.hpp"
#include "isat/election/placement.hpp"
#include "isat/election/presence.hpp"
#include "isat/election/election_machine.hpp"
#include "isat/election/group_names.hpp"
#include "isat/election/lease_codec.hpp"
#include "isat/election/record_names.hpp"
#include "isat/version.hpp"
// clang-format on
