// SPDX-License-Identifier: BSL-1.0

// The records of a pool as an assigner has read and means to write them: one per block, with the claims that are
// planned, the changes that lead there, and the version on which the next write stands. A write that does not succeed
// makes its block unknown until it is read again. It refuses to know Services, and whether a change is right.
#pragma once

#include "isat/address.hpp"
#include "isat/detail/build.hpp"
#include "isat/detail/mix.hpp"
#include "isat/election/lease_record.hpp"
#include "isat/kubernetes/service/detail/pool_record.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isat::inline v0::kubernetes::detail {

/// A change of a block.
struct claim_change {
  bool frees{};  ///< else it claims, perhaps what is claimed already
  ipv4_address address;
  claim_owner owner;
  std::string version;  ///< of the Service that the claim was made for
};

/// A block.
struct claim_block {
  election::version at;     ///< of the record that was read or written last
  bool known{};             ///< `claims` is what is there, or will be if the changes succeed
  bool foreign{};           ///< it was read, and is not ours to write
  std::uint64_t reading{};  ///< rises when it is read: writes of others may lie between
  block_claims claims;      ///< planned
  std::size_t octets{};     ///< of them
  std::vector<claim_change> planned;
  std::vector<claim_change> sent;
  std::uint64_t request{};  ///< that is on its way, or 0
  bool loading{};           ///< that is a read
  bool told{};              ///< that it is foreign
  std::chrono::steady_clock::time_point not_before;
  unsigned failures{};
};

/// All blocks.
class claim_book {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  claim_book(std::string prefix, std::uint64_t seed) : prefix_{std::move(prefix) + "-pool-"}, nonces_{seed} {}

  /// What the names of records begin with.
  const std::string& prefix() const noexcept { return prefix_; }
  std::string name_of(ipv4_address block) const { return prefix_ + block.to_string(); }

  bool is_listed() const noexcept { return listed_; }
  std::size_t claim_count() const noexcept;

  /// The block of an address if it is known and ours, else null.
  const claim_block* usable(ipv4_address address) const;
  /// True if it is being read again.
  bool is_unknown(ipv4_address address) const;
  const address_claim* find(ipv4_address address) const;
  /// The addresses that are claimed for a Service, by the plan.
  const std::set<ipv4_address>& claims_of(std::string_view uid) const;

  /// Plans a claim. @return false: its record would be too large @pre usable(address)
  bool claim(ipv4_address address, claim_owner owner, std::string sharing, std::string version);
  /// Plans that `uid` has `address` no more. @pre usable(address)
  void free(ipv4_address address, std::string_view uid);

  /// All records that there are; `blocks` are those of the pool.
  void list(const std::vector<ipv4_address>& blocks, const std::vector<election::entry>& records);
  /// A block was read: the changes that were planned are dropped.
  /// @return those
  std::vector<claim_change> load(ipv4_address block, const election::entry& record);
  /// The changes that were sent are written. @return those
  std::vector<claim_change> written(ipv4_address block, const election::version& at);
  /// Nothing is known of the block until it is loaded.
  void lose(ipv4_address block, time_point not_before);

  /// The record that makes the planned changes. @param id of the request
  election::entry make_write(ipv4_address block, std::uint64_t id);

  std::map<ipv4_address, claim_block>& blocks() noexcept { return blocks_; }
  const std::map<ipv4_address, claim_block>& blocks() const noexcept { return blocks_; }

 private:
  void replace(claim_block& block, block_claims claims);
  void index(const block_claims& claims, bool present);

  std::string prefix_;
  isat::detail::id_sequence nonces_;
  bool listed_ = false;
  std::map<ipv4_address, claim_block> blocks_;
  std::map<std::string, std::set<ipv4_address>, std::less<>> by_uid_;
};

}  // namespace isat::inline v0::kubernetes::detail

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/service/impl/claim_book.ipp"
#endif
