// SPDX-License-Identifier: BSL-1.0

// What an election over a store tells beside leaderships: why each one came and went, which layout is in force, whether
// the store answers. For logs and metrics; the drivers give them out. They refuse to be needed: nothing acts
// on them, and who maps VIPs to groups follows layout_options::on_layout instead.
#pragma once

#include "isat/election/layout.hpp"
#include "isat/election/leadership.hpp"
#include "isat/election/lease_event.hpp"
#include "isat/error.hpp"

#include <optional>
#include <string>
#include <variant>

namespace isat::inline v0::election {

/// `event` happened to `group`.
struct lease_transition {
  group_id group{};
  lease_event event;
  std::string node;  ///< of lease_change::follows: who holds the lease, if its name is known
};

/// Another layout is worked by, another phase of it has begun, or there is none.
struct layout_changed {
  std::optional<layout_claim> adopted;
};

/// The layout in the store is one that this process cannot follow: it is of a later version, or its validity is another
/// one. It leads nothing until that is replaced, and leaves it alone.
struct layout_not_followed {};

/// The store did not do what it was asked; told until it does again once, and when the reason has become another one,
/// every 5 s at the most.
struct store_failed {
  error_code reason;
};

/// After store_failed: the store answers again.
struct store_answers {};

/// A store that does all else refuses to remove a record that nobody needs any more. Nothing rests on that, and it is
/// tried again each minute; told once, and again for another reason or after a removal that was done.
struct removal_refused {
  error_code reason;
};

/// Another process writes its presence under this node's name: groups may be spread badly, but two never lead one.
struct node_name_taken {};

using election_notice = std::variant<lease_transition, layout_changed, layout_not_followed, store_failed, store_answers,
                                     node_name_taken, removal_refused>;

}  // namespace isat::inline v0::election
