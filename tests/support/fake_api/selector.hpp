// SPDX-License-Identifier: BSL-1.0

// Which objects a list or watch is about: label selectors in kubectl's syntax (a=b, a!=b, a, !a, a in (b,c), a notin
// (b), a>1, a<2, joined by commas) and field selectors on name and namespace. It refuses what the real server refuses.
#pragma once

#include "fake_api/object_store.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace isat::test::fake_api {

class selector {
 public:
  /// Reads both texts; empty ones select all.
  /// @return what is wrong, in the real server's words; empty: nothing
  std::string read(std::string_view labels, std::string_view fields);

  bool matches(const json::object& object) const;

 private:
  enum class relation : std::uint8_t { none = 0, in = 1, not_in = 2, exists = 3, absent = 4, greater = 5, less = 6 };
  struct requirement {
    std::string key;
    selector::relation relation{};
    std::vector<std::string> values;
    bool field{};
  };
  class label_reader;

  static bool holds(const requirement& each, const json::object& object);

  std::vector<requirement> requirements_;
};

}  // namespace isat::test::fake_api
