// SPDX-License-Identifier: BSL-1.0

// What a log line or an Event should say of the Services whose addresses are announced: told once when it begins, and
// at once, however short it lasts; of addresses and of this node also when it is over. service_table.hpp makes them, as
// values; to_text() makes sentences of them. They refuse to be needed: nothing acts on them.
#pragma once

#include "isat/address.hpp"
#include "isat/detail/build.hpp"
#include "isat/detail/unreachable.hpp"
#include "isat/kubernetes/service/service_facts.hpp"
#include "isat/kubernetes/service/vip_standing.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace isat::inline v0::kubernetes {

/// What an Event can be about.
struct service_reference {
  object_name name;
  std::string uid;

  friend bool operator==(const service_reference&, const service_reference&) = default;
};

/// What a notice tells.
enum class notice_kind : std::uint8_t {
  none = 0,
  address = 1,  ///< `address` stands as `standing` says: some trouble, or the end of it
  node = 2,     ///< this node stands so for all addresses; announced: nothing is wrong with it any more
  port = 3,     ///< two `services` want `port` of `address`
  ingress = 4,  ///< of the one in `services`: `ingress` gives no VIP
  local = 5,    ///< `node`, this one, has no endpoint for `address`, but another may announce it
  joined = 6,   ///< the one in `services` has `address` from now on, which is announced here already
};

/// One notice.
struct service_notice {
  notice_kind kind{};
  vip_standing standing{};
  ipv4_address address;
  std::vector<service_reference> services;  ///< of the address, by name; of `port`: the two
  std::string node;                         ///< of `node` and `local`; of node_address: whose address it is
  service_port port;
  flawed_ingress ingress;

  friend bool operator==(const service_notice&, const service_notice&) = default;
};

/// True for what somebody has to mend, and false for the end of that, and for what is as it should be.
constexpr bool is_trouble(const service_notice& notice) noexcept {
  switch (notice.kind) {
    case notice_kind::none:
    case notice_kind::local:
    case notice_kind::joined:
      return false;
    case notice_kind::address:
      return is_trouble(notice.standing);
    case notice_kind::node:
      return is_of_node(notice.standing);
    case notice_kind::port:
    case notice_kind::ingress:
      return true;
  }
  isat::detail::unreachable();
}

/// "a/web, a/dns, b/web and 2 more": of any number of Services, not too long for a line or an Event.
ISAT_API std::string names_of(const std::vector<service_reference>& services);

/// One sentence without a full stop.
ISAT_API std::string to_text(const service_notice& notice);

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/service/impl/service_notice.ipp"
#endif
