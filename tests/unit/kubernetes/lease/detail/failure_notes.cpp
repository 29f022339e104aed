// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/lease/detail/failure_notes.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>

using isat::error_code;
using isat::kubernetes::detail::failure_notes;

namespace {

error_code code(int value) { return {value, boost::system::generic_category()}; }

}  // namespace

TEST_CASE("before anything has failed there is nothing to say") {
  const failure_notes notes;
  CHECK(notes.latest().empty());
  CHECK(notes.of(code(1)).empty());
}

TEST_CASE("each error is explained by what was said with it last") {
  failure_notes notes;
  notes.note(code(1), "one");
  notes.note(code(2), "two");
  CHECK(notes.of(code(1)) == "one");
  CHECK(notes.of(code(2)) == "two");
  CHECK(notes.of(code(3)).empty());
  CHECK(notes.latest() == "two");
  notes.note(code(1), "another");
  CHECK(notes.of(code(1)) == "another");
  CHECK(notes.latest() == "another");
}

TEST_CASE("of many errors the last ones are explained") {
  failure_notes notes;
  const int count = static_cast<int>(failure_notes::codes_max) + 1;
  for (int i = 1; i <= count; ++i) notes.note(code(i), std::to_string(i));
  CHECK(notes.of(code(1)).empty());
  CHECK(notes.of(code(2)) == "2");
  CHECK(notes.of(code(count)) == std::to_string(count));
}
