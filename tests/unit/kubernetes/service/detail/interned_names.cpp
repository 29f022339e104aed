// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/service/detail/interned_names.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>

using isat::kubernetes::detail::interned_names;

TEST_CASE("a name has one number as long as somebody holds it") {
  interned_names names;
  const auto first = names.acquire("a");
  CHECK(names.acquire("a") == first);
  CHECK(names.acquire("b") != first);
  names.release(first);
  CHECK(names.acquire("a") == first);
  CHECK(names.size() == 2);
}

TEST_CASE("numbers of names that are gone are given again, so that names may come and go for ever") {
  interned_names names;
  const auto kept = names.acquire("kept");
  std::size_t memory = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto one = names.acquire("one-" + std::to_string(i));
    const auto other = names.acquire("other-" + std::to_string(i));
    CHECK(one != other);
    CHECK(one != kept);
    CHECK(one <= 2);
    CHECK(other <= 2);
    if (i == 0) memory = names.memory();
    names.release(one);
    names.release(other);
  }
  CHECK(names.size() == 1);
  CHECK(names.memory() <= memory);
}
