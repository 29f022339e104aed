// SPDX-License-Identifier: BSL-1.0

// What a lease_store must remember of the Leases that it has seen: of each name the latest version of the last few
// objects, since a version that others keep names an object by a number, and the API server wants its uid; and the
// metadata of others, which a write must not drop. Part of lease_store. It refuses to know what is true now.
#pragma once

#include "isat/election/lease_record.hpp"
#include "isat/kubernetes/lease/detail/lease_object.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace isat::inline v0::kubernetes::detail {

class known_leases {
 public:
  /// Remembers `seen` unless a later version of the same object is known.
  void learn(lease_object seen) {
    auto& objects = by_name_[seen.found.name];
    for (lease_object& known : objects) {
      if (known.found.at.incarnation != seen.found.at.incarnation) continue;
      if (seen.found.at.newer_than(known.found.at)) known = std::move(seen);
      return;
    }
    if (objects.size() == objects_max) objects.erase(objects.begin());
    objects.push_back(std::move(seen));
  }

  /// Remembers `there`, which a server has shown in its answer to a request, although a later version may be known: so
  /// it is when the store was restored. But not if something was learnt while the answer was on its way, which may be
  /// newer: then as learn() does.
  /// @param before what version_of() said when the request was sent
  void correct(lease_object there, const election::version& before) {
    for (lease_object& known : by_name_[there.found.name]) {
      if (known.found.at.incarnation != there.found.at.incarnation || known.found.at != before) continue;
      known = std::move(there);
      return;
    }
    learn(std::move(there));
  }

  /// The version that is known of the object of this name with this incarnation, or none.
  election::version version_of(const std::string& name, std::uint64_t incarnation) const noexcept {
    const lease_object* known = find(name, incarnation);
    return known == nullptr ? election::version{} : known->found.at;
  }

  /// The object of this name whose versions have this incarnation, or null.
  const lease_object* find(const std::string& name, std::uint64_t incarnation) const noexcept {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return nullptr;
    for (const lease_object& known : found->second) {
      if (known.found.at.incarnation == incarnation) return &known;
    }
    return nullptr;
  }

  void forget(const std::string& name) { by_name_.erase(name); }

  static constexpr std::size_t objects_max = 4;

 private:
  std::map<std::string, std::vector<lease_object>> by_name_;
};

}  // namespace isat::inline v0::kubernetes::detail
