// SPDX-License-Identifier: BSL-1.0

// What servers said when operations of a lease_store failed, for people who are told of an error_code later: of each of
// the last few codes the latest text. It refuses to keep more than a few.
#pragma once

#include "isat/error.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace isat::inline v0::kubernetes::detail {

class failure_notes {
 public:
  void note(error_code error, std::string text) {
    std::erase_if(kept_, [&error](const auto& each) { return each.first == error; });
    if (kept_.size() == codes_max) kept_.erase(kept_.begin());
    kept_.emplace_back(error, std::move(text));
  }

  /// Empty: nothing has failed.
  const std::string& latest() const noexcept { return kept_.empty() ? none_ : kept_.back().second; }

  /// What was noted last with `error`; empty: nothing, or it was long ago.
  const std::string& of(error_code error) const noexcept {
    for (const auto& [code, text] : kept_) {
      if (code == error) return text;
    }
    return none_;
  }

  static constexpr std::size_t codes_max = 8;

 private:
  std::vector<std::pair<error_code, std::string>> kept_;  // the latest at the end
  std::string none_;
};

}  // namespace isat::inline v0::kubernetes::detail
