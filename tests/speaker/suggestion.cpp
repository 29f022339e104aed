// SPDX-License-Identifier: BSL-1.0

#include "suggestion.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

using namespace speakerd;

TEST_CASE("the nearest word is found for slips of the finger and for beginnings, and for nothing else") {
  constexpr std::array<std::string_view, 5> known{"interface", "vip", "elector", "log-level", "log-format"};
  struct row {
    std::string_view name;
    std::string word;
    std::string_view meant;
  };
  const std::array rows{
      row{"the word itself", "vip", "vip"},
      row{"a letter too many", "vips", "vip"},
      row{"two letters swapped", "vpi", "vip"},
      row{"a letter missing", "interace", "interface"},
      row{"a wrong letter", "log_level", "log-level"},
      row{"two slips in a long word", "intrfaze", "interface"},
      row{"a beginning", "inter", "interface"},
      row{"the first of equals", "log-", "log-level"},
      row{"two slips in a short word", "vxy", ""},
      row{"another word", "kubeconfig", ""},
      row{"nothing", "", ""},
      row{"a word of any length", std::string(100'000, 'v'), ""},
  };
  for (const row& each : rows) {
    CAPTURE(each.name);
    CHECK(nearest(each.word, known) == each.meant);
  }
}

TEST_CASE("a suggestion ends a sentence") {
  constexpr std::array<std::string_view, 1> known{"vip"};
  CHECK(did_you_mean("vips", known) == ", did you mean 'vip'?");
  CHECK(did_you_mean("vips", known, "--") == ", did you mean '--vip'?");
  CHECK(did_you_mean("interface", known).empty());
}
