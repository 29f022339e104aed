// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/watch/detail/list_page.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

using isat::kubernetes::detail::read_page;

TEST_CASE("a page has objects, a version, and says where the next one begins") {
  const auto page = read_page(R"({"metadata":{"resourceVersion":"7","continue":"more"},"items":[{"a":1},{"b":2}]})");
  REQUIRE(page.items != nullptr);
  CHECK(page.items->size() == 2);
  CHECK(page.version.text() == "7");
  CHECK(page.continue_token == "more");
}

TEST_CASE("a list of nothing may be null, and is empty") {
  const auto page = read_page(R"({"metadata":{"resourceVersion":"7"},"items":null})");
  REQUIRE(page.items != nullptr);
  CHECK(page.items->empty());
  CHECK(page.continue_token.empty());
}

TEST_CASE("what is no list has no objects") {
  for (const std::string_view text : {"", "{", "[]", "{}", R"({"items":{}})", R"({"items":"x"})", R"({"items":[})"}) {
    CAPTURE(text);
    CHECK(read_page(text).items == nullptr);
  }
}

TEST_CASE("no beginning of a page is a page") {
  const std::string text = R"({"metadata":{"resourceVersion":"7"},"items":[{"a":"\u00e4"}]})";
  for (std::size_t size = 0; size < text.size(); ++size) CHECK(read_page(text.substr(0, size)).items == nullptr);
}

TEST_CASE("objects may nest as deeply as managed fields do") {
  const std::string deep = std::string(60, '[') + std::string(60, ']');
  CHECK(read_page(R"({"items":[{"a":)" + deep + "}]}").items != nullptr);
}
