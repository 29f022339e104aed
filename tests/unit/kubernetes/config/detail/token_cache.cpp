// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/config/detail/token_cache.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>

using namespace isat::kubernetes::detail;
using namespace std::chrono_literals;

namespace {

constexpr token_cache::time_point start{1000s};

}  // namespace

TEST_CASE("a token's file is due at first, and again after 50 s") {
  token_cache cache;
  CHECK(cache.is_due(start));
  CHECK(cache.take("one\n", start) == token_fault::none);
  CHECK(cache.token() == "one");
  CHECK_FALSE(cache.is_due(start));
  CHECK_FALSE(cache.is_due(start + 50s - 1ns));
  CHECK(cache.is_due(start + 50s));
}

TEST_CASE("a token's file is due once somebody doubts the token") {
  token_cache cache;
  cache.take("one", start);
  cache.doubt();
  CHECK(cache.is_due(start));
  CHECK(cache.token() == "one");
  cache.take("two", start);
  CHECK_FALSE(cache.is_due(start));
  CHECK(cache.token() == "two");
}

TEST_CASE("what is no token leaves the one before, and the file due") {
  token_cache cache;
  cache.take("one", start);
  CHECK(cache.take("", start + 50s) == token_fault::empty);
  CHECK(cache.is_due(start + 50s));
  CHECK(cache.take(" \r\n", start + 50s) == token_fault::empty);
  CHECK(cache.take("t\x01", start + 50s) == token_fault::character);
  CHECK(cache.is_due(start + 50s));
  CHECK(cache.token() == "one");
}

TEST_CASE("blanks around a token are no part of it") {
  CHECK(trimmed_token("\n  a.b-c_d \t\r\n") == "a.b-c_d");
  CHECK(trimmed_token("a") == "a");
  CHECK(trimmed_token("\n").empty());
}

TEST_CASE("a token with a character that would end or split a header is refused") {
  for (const std::string_view token : {"a b", "a\nb", "a\rb", "a\tb", "a\x7f", "\xc3\xa4", "a\x1b[0m"}) {
    CAPTURE(token);
    CHECK(fault_of_token(token) == token_fault::character);
  }
  CHECK(fault_of_token(std::string_view{"a\0b", 3}) == token_fault::character);
  CHECK(fault_of_token("!~aZ09.-_+/=") == token_fault::none);
  CHECK(fault_of_token("") == token_fault::empty);
}

TEST_CASE("a token that was given beside its file counts until the file was read") {
  token_cache cache{"first"};
  CHECK(cache.token() == "first");
  CHECK(cache.is_due(start));
  cache.take("second", start);
  CHECK(cache.token() == "second");
}
