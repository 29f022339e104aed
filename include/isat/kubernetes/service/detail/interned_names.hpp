// SPDX-License-Identifier: BSL-1.0

// Names that many objects mention, kept once: a node is named by every slice that has an endpoint there. A name goes
// with the last who mentions it, and its number is given to another. It refuses to order numbers by their names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace isat::inline v0::kubernetes::detail {

class interned_names {
 public:
  using number = std::uint32_t;

  /// The number of `name`, the same for all who hold it; to be given back by release().
  number acquire(std::string_view name) {
    auto found = numbers_.find(name);
    if (found == numbers_.end()) found = numbers_.emplace(name, free_number()).first;
    uses_[found->second].where = found;
    ++uses_[found->second].count;
    return found->second;
  }

  void release(number held) noexcept {
    use& of = uses_[held];
    if (--of.count > 0) return;
    numbers_.erase(of.where);
    of.next_free = free_;
    free_ = held;
  }

  std::size_t size() const noexcept { return numbers_.size(); }

  /// About how many octets it takes.
  std::size_t memory() const noexcept {
    std::size_t octets = uses_.capacity() * sizeof(use);
    for (const auto& each : numbers_) octets += 64 + sizeof(each) + each.first.capacity();
    return octets;
  }

 private:
  using map = std::map<std::string, number, std::less<>>;
  static constexpr number nothing = ~number{0};

  struct use {
    map::iterator where;
    std::size_t count = 0;
    number next_free = nothing;
  };

  number free_number() {
    if (free_ == nothing) {
      uses_.emplace_back();
      return static_cast<number>(uses_.size() - 1);
    }
    const number reused = free_;
    free_ = uses_[reused].next_free;
    return reused;
  }

  map numbers_;
  std::vector<use> uses_;
  number free_ = nothing;
};

}  // namespace isat::inline v0::kubernetes::detail
