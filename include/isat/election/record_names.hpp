// SPDX-License-Identifier: BSL-1.0

// Under which names an election keeps its records: either what its user says, one lease per group, or everything below
// one prefix. The names are good for a file system and for Kubernetes as long as the prefix and the node names are.
// It refuses to know what is in the records.
#pragma once

#include "isat/address.hpp"
#include "isat/election/group_names.hpp"
#include "isat/election/layout.hpp"
#include "isat/election/leadership.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isat::inline v0::election {

/// What a record is for.
enum class record_kind : std::uint8_t { none = 0, lease = 1, layout = 2, presence = 3 };

/// Which record of an election.
struct record_key {
  record_kind kind{};
  group_id group{};                      ///< of a lease, unless that is one of an address
  std::string node;                      ///< of a presence
  std::optional<ipv4_address> vip = {};  ///< of the lease of one address: group_names knows its id

  friend bool operator==(const record_key&, const record_key&) = default;
};

/// The names of one election's records. The names of leases may have no common prefix: then the whole store is watched.
class record_names {
 public:
  /// Everything below `prefix`: PREFIX-layout, PREFIX-node-NAME, PREFIX-group-N, PREFIX-vip-ADDRESS.
  /// @param groups knows the groups of one address each, and must outlive the names; null: there are none
  explicit record_names(std::string prefix, const group_names* groups = nullptr)
      : prefix_{std::move(prefix)}, groups_{groups} {}

  /// One lease per group, group 0 first, and nothing else.
  explicit record_names(std::vector<std::string> leases) : leases_{std::move(leases)} {
    if (!leases_.empty()) prefix_ = leases_.front();
    for (const std::string& each : leases_) {
      std::size_t common = 0;
      while (common < prefix_.size() && common < each.size() && prefix_[common] == each[common]) ++common;
      prefix_.resize(common);
    }
  }

  /// What the names of all records begin with.
  const std::string& prefix() const noexcept { return prefix_; }

  /// @pre a group of one address has it now
  std::string lease(group_id group) const {
    const auto vip = groups_ == nullptr ? std::nullopt : groups_->address_of(group);
    if (vip) return prefix_ + std::string{vip_infix} + vip->to_string();
    const auto at = static_cast<std::size_t>(group);
    return at < leases_.size() ? leases_[at] : prefix_ + "-group-" + std::to_string(at);
  }
  std::string layout() const { return prefix_ + "-layout"; }
  std::string presence(std::string_view node) const { return prefix_ + "-node-" + std::string{node}; }

  /// What the record with this name is for; no kind: it is none of ours.
  record_key key_of(std::string_view name) const {
    for (std::size_t at = 0; at < leases_.size(); ++at) {
      if (leases_[at] == name) return {record_kind::lease, static_cast<group_id>(at), {}};
    }
    if (!leases_.empty() || !name.starts_with(prefix_)) return {};
    const std::string_view rest = name.substr(prefix_.size());
    constexpr std::string_view group = "-group-";
    constexpr std::string_view node = "-node-";
    if (rest == "-layout") return {record_kind::layout, {}, {}};
    if (rest.starts_with(node) && rest != node) {
      return {record_kind::presence, {}, std::string{rest.substr(node.size())}};
    }
    if (rest.starts_with(vip_infix)) {
      const auto vip = ipv4_address::parse(rest.substr(vip_infix.size()));
      return vip ? record_key{record_kind::lease, {}, {}, vip} : record_key{};
    }
    if (!rest.starts_with(group)) return {};
    std::uint32_t number = 0;
    std::from_chars(rest.data() + group.size(), rest.data() + rest.size(), number);
    // The whole name is compared, so that "group-01" is nobody's.
    const auto found = static_cast<group_id>(number);
    return number < election::layout::count_max && lease(found) == name ? record_key{record_kind::lease, found, {}}
                                                                        : record_key{};
  }

 private:
  static constexpr std::string_view vip_infix = "-vip-";

  std::string prefix_;
  std::vector<std::string> leases_;
  const group_names* groups_ = nullptr;
};

}  // namespace isat::inline v0::election
