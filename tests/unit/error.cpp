// SPDX-License-Identifier: BSL-1.0

#include "isat/error.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

TEST_CASE("an error of ours is an error_code of our category, with a sentence of its own") {
  std::set<std::string> sentences;
  using enum isat::error;
  for (const auto value : {not_ethernet, too_many_interfaces, version_conflict, outcome_unknown, unsound_timing,
                           unsound_layout, shared_file_system}) {
    const isat::error_code code = value;
    CHECK(code);
    CHECK(std::string{code.category().name()} == "isat");
    CHECK(code == value);
    CHECK(sentences.insert(code.message()).second);
  }
}

TEST_CASE("no error is false, and a number that we do not know has a sentence too") {
  CHECK(!isat::error_code{isat::error::none});
  CHECK(isat::error_code{isat::error::not_ethernet}.category().message(200) == "unknown error");
}
