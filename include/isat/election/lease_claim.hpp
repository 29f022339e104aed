// SPDX-License-Identifier: BSL-1.0

// What a lease record claims, without a string: the values that lease_machine takes and gives. Names and nonces are
// integers here, so that a simulator runs years of elections in seconds; lease_codec.hpp writes them into records
// and reads them back. It refuses to judge a claim: lease_rules.hpp does.
#pragma once

#include "isat/election/leadership.hpp"
#include "isat/election/record_exchange.hpp"

#include <chrono>
#include <cstdint>

namespace isat::inline v0::election {

/// A node, by a hash of its name; 0: none, or one without a name that we know.
enum class node_id : std::uint64_t {};

/// What a record says of its group.
enum class lease_mode : std::uint8_t {
  none = 0,      ///< cannot be read as a lease
  held = 1,      ///< its writer leads, or did when it wrote
  waiting = 2,   ///< its writer has seized a missing record and is silent still: others wait, too, even if it dies
  released = 3,  ///< the holder let go, and this very version bears its mark
  vacant = 4,    ///< nobody is named and nothing proves that the last holder is silent
};

/// What a lease record says. {writer, attempt} is its nonce.
struct lease_claim {
  lease_mode mode{};
  node_id node{};                       ///< who holds it; of a released one, who let go
  std::uint64_t writer{};               ///< random, of the writer's process and era
  std::uint64_t attempt{};              ///< which attempt of that writer wrote this version
  std::uint64_t era{};                  ///< of the layout it was written in; 0: of no layout
  std::uint64_t term{};                 ///< of the holder's leadership
  std::chrono::nanoseconds duration{};  ///< how long others must wait
  node_id heir{};  ///< who is to hold it next; a wish that anybody may have added, not the writer's

  friend constexpr bool operator==(const lease_claim&, const lease_claim&) noexcept = default;
};

using lease_sight = basic_sight<lease_claim>;
using lease_request = basic_request<lease_claim>;
using lease_response = basic_response<lease_claim>;

/// A request of the lease machine of a group.
struct group_request {
  group_id group{};
  lease_request request;
};

}  // namespace isat::inline v0::election
