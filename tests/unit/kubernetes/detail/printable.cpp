// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/detail/printable.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using isat::kubernetes::detail::printable;
using namespace std::string_view_literals;

TEST_CASE("what moves cursors or begins lines becomes spaces, and letters of any language stay") {
  CHECK(printable("a\nb\x1b[2J\0c\x7f"sv, 100) == "a b [2J c ");
  CHECK(printable("gr\xc3\xbc\xc3\x9f", 100) == "gr\xc3\xbc\xc3\x9f");
}

TEST_CASE("a text is cut behind the last whole character that has room") {
  constexpr std::string_view text = "a\xc3\xbc\xe2\x82\xac";  // of one, two and three octets
  CHECK(printable(text, 6) == text);
  CHECK(printable(text, 5) == text.substr(0, 3));
  CHECK(printable(text, 3) == text.substr(0, 3));
  CHECK(printable(text, 2) == "a");
  CHECK(printable(text, 0).empty());
  CHECK(printable("\x80\x80", 1).empty());
}
