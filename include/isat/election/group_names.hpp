// SPDX-License-Identifier: BSL-1.0

// Which id stands for the group of which address, where each address is a group of its own (grouping::service). Ids are
// small and local: no two processes need agree on one, records are named after addresses. Whoever feeds VIPs wants ids
// and the election uses them; one that neither needs is given to another address, so the election gives one up only
// when nothing of its record can be taken for something of the next one's. It refuses to know who leads what.
#pragma once

#include "isat/address.hpp"
#include "isat/election/layout.hpp"
#include "isat/election/leadership.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

namespace isat::inline v0::election {

/// Hears that there is an id again for an address that was refused one.
class group_names_observer {
 public:
  /// May want ids at once.
  virtual void on_room() = 0;

 protected:
  group_names_observer() = default;
  group_names_observer(const group_names_observer&) = default;
  group_names_observer& operator=(const group_names_observer&) = default;
  ~group_names_observer() = default;
};

/// address <-> id. Ids lie above those of all other layouts, so that both may be known side by side. Not thread-safe.
class group_names {
 public:
  /// How many addresses may be wanted here, and how many more are known because of their records.
  static constexpr std::size_t wanted_max = 1024;
  static constexpr std::size_t others_max = 1024;

  /// True for the id of a group of one address.
  static constexpr bool is_of_address(group_id group) noexcept {
    return static_cast<std::size_t>(group) >= layout::count_max;
  }

  group_names() = default;
  group_names(const group_names&) = delete;
  group_names& operator=(const group_names&) = delete;

  // ---- For whoever feeds VIPs ----

  /// The id of `address` until unwant(). @return none if there is no room: on_room() tells when there may be some
  std::optional<group_id> want(ipv4_address address) {
    const auto known = ids_.find(address);
    const bool is_new = known == ids_.end();
    if (!is_new && entries_[known->second].wanted) return id_of(known->second);
    if (wanted_ >= wanted_max || (is_new && ids_.size() >= wanted_max + others_max)) {
      refused_ = true;
      return std::nullopt;
    }
    const std::size_t at = is_new ? make(address) : known->second;
    entries_[at].wanted = true;
    ++wanted_;
    return id_of(at);
  }

  /// Lets go of what was wanted; the id stays while the election uses it.
  void unwant(ipv4_address address) {
    const auto known = ids_.find(address);
    if (known == ids_.end() || !entries_[known->second].wanted) return;
    entries_[known->second].wanted = false;
    --wanted_;
    give_back(known->second);
  }

  /// Must unsubscribe, by null, before it dies.
  void subscribe(group_names_observer* observer) noexcept { observer_ = observer; }

  // ---- For the election ----

  /// The id of an address of which there is a record, used from now on. @return none if there is no room
  std::optional<group_id> see(ipv4_address address) {
    const auto known = ids_.find(address);
    if (known == ids_.end() && ids_.size() - wanted_ >= others_max) return std::nullopt;
    const std::size_t at = known == ids_.end() ? make(address) : known->second;
    entries_[at].used = true;
    return id_of(at);
  }

  /// The election works with this id from now on; ids of no address are ignored.
  void use(group_id group) noexcept {
    if (entry* const found = find(group)) found->used = true;
  }

  /// The election has nothing of this id's any more, neither a machine nor a request whose answer it would take.
  void release(group_id group) {
    entry* const found = find(group);
    if (found == nullptr) return;
    found->used = false;
    give_back(index(group));
  }

  /// The election is over.
  void release_all() {
    for (std::size_t at = 0; at < entries_.size(); ++at) release(id_of(at));
  }

  // ---- What is so ----

  std::optional<group_id> find(ipv4_address address) const {
    const auto known = ids_.find(address);
    return known == ids_.end() ? std::nullopt : std::optional{id_of(known->second)};
  }

  /// The address that the id stands for now.
  std::optional<ipv4_address> address_of(group_id group) const noexcept {
    const std::size_t at = index(group);
    if (!is_of_address(group) || at >= entries_.size() || !entries_[at].taken()) return std::nullopt;
    return entries_[at].address;
  }

  /// Number of ids in use.
  std::size_t size() const noexcept { return ids_.size(); }

 private:
  struct entry {
    ipv4_address address;
    bool wanted = false;
    bool used = false;

    bool taken() const noexcept { return wanted || used; }
  };

  static constexpr std::size_t index(group_id group) noexcept {
    return static_cast<std::size_t>(group) - layout::count_max;
  }
  static constexpr group_id id_of(std::size_t at) noexcept { return static_cast<group_id>(at + layout::count_max); }

  entry* find(group_id group) noexcept { return address_of(group) ? &entries_[index(group)] : nullptr; }

  std::size_t make(ipv4_address address) {
    std::size_t at = entries_.size();
    if (free_.empty()) {
      entries_.emplace_back();
    } else {
      at = free_.back();
      free_.pop_back();
    }
    entries_[at].address = address;
    ids_.emplace(address, at);
    return at;
  }

  void give_back(std::size_t at) {
    if (!entries_[at].taken()) {
      ids_.erase(entries_[at].address);
      entries_[at] = {};
      free_.push_back(at);
    }
    if (!refused_ || wanted_ >= wanted_max || ids_.size() >= wanted_max + others_max) return;
    refused_ = false;
    if (observer_ != nullptr) observer_->on_room();
  }

  std::map<ipv4_address, std::size_t> ids_;  // to indices of entries_
  std::vector<entry> entries_;
  std::vector<std::size_t> free_;
  std::size_t wanted_ = 0;
  bool refused_ = false;
  group_names_observer* observer_ = nullptr;
};

}  // namespace isat::inline v0::election
