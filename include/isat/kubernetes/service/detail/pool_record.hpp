// SPDX-License-Identifier: BSL-1.0

// How the claims on a block of addresses look as a record of a lease store: one note per address that is claimed, and
// one that says that the record is such a block.
//
//   192.0.2.10   default/web 6f2c8a04-…
//   192.0.2.11   default/dns 1e… class=isat, default/dns-tcp 77… class=isat; share=dns
//   pool         192.0.2.0
//
// A note that cannot be read is kept as it is, and its address counts as claimed: nobody gives it away. It refuses to
// know which addresses are in a pool.
#pragma once

#include "isat/address.hpp"
#include "isat/detail/build.hpp"
#include "isat/election/lease_record.hpp"
#include "isat/kubernetes/service/service_notice.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isat::inline v0::kubernetes::detail {

/// A Service for which an address is claimed, and of which class it was then.
struct claim_owner {
  service_reference service;
  std::string lb_class;

  friend bool operator==(const claim_owner&, const claim_owner&) = default;
};

/// Who has an address.
struct address_claim {
  std::vector<claim_owner> owners;  ///< several: they share it
  std::string sharing;              ///< the word by which they do; empty: nobody else may have it
  std::string unreadable;           ///< the note, if that says neither

  const claim_owner* find(std::string_view uid) const noexcept;

  friend bool operator==(const address_claim&, const address_claim&) = default;
};

using block_claims = std::map<ipv4_address, address_claim>;

/// About how many octets a claim takes in its record. All annotations of a Lease together must be below 256 KiB.
std::size_t octets_of(const address_claim& claim) noexcept;
inline constexpr std::size_t block_octets_max = std::size_t{200} << 10U;
inline constexpr std::size_t block_octets_free = block_octets_max - 1024;  // room for any one claim more

/// The record of the block that begins with `block`. @param nonce of this write
election::record make_pool_record(ipv4_address block, const block_claims& claims, std::string nonce);

/// @return no value: that record was not written by make_pool_record() for this block
std::optional<block_claims> read_pool_record(ipv4_address block, const election::record& value);

/// `default/web 6f2c`, perhaps with ` class=…`; several, and perhaps a word, as above. Total.
address_claim read_claim(std::string_view note);
std::string to_note(const address_claim& claim);

}  // namespace isat::inline v0::kubernetes::detail

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/service/impl/pool_record.ipp"
#endif
