// SPDX-License-Identifier: BSL-1.0

#include "isat/election/lease_event.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <string_view>

using isat::election::lease_change;
using isat::election::lease_event;
using isat::election::lease_reason;
using isat::election::node_id;

TEST_CASE("every reason has a phrase of its own") {
  std::set<std::string_view> phrases;
  constexpr auto last = static_cast<std::uint8_t>(lease_reason::layout_unknown);
  for (std::uint8_t value = 0; value <= last; ++value) {
    const std::string_view phrase = to_string(static_cast<lease_reason>(value));
    CHECK_FALSE(phrase.empty());
    phrases.insert(phrase);
  }
  CHECK(phrases.size() == last + 1U);
}

TEST_CASE("every change has a word of its own") {
  std::set<std::string_view> words;
  constexpr auto last = static_cast<std::uint8_t>(lease_change::follows);
  for (std::uint8_t value = 0; value <= last; ++value) words.insert(to_string(static_cast<lease_change>(value)));
  CHECK(words == std::set<std::string_view>{"none", "gained", "lost", "seized", "released", "follows"});
}

TEST_CASE("the values of changes and reasons are fixed") {
  static_assert(static_cast<int>(lease_change::gained) == 1);
  static_assert(static_cast<int>(lease_change::follows) == 5);
  static_assert(static_cast<int>(lease_reason::expired) == 1);
  static_assert(static_cast<int>(lease_reason::lapsed) == 7);
  static_assert(static_cast<int>(lease_reason::layout_unknown) == 14);
}

TEST_CASE("events are equal only if all that they say is") {
  constexpr lease_event event{lease_change::gained, lease_reason::expired, 5, node_id{1}};
  static_assert(event == lease_event{lease_change::gained, lease_reason::expired, 5, node_id{1}});
  static_assert(!(event == lease_event{lease_change::gained, lease_reason::expired, 6, node_id{1}}));
  static_assert(!(event == lease_event{lease_change::lost, lease_reason::expired, 5, node_id{1}}));
  static_assert(!(event == lease_event{lease_change::gained, lease_reason::missing, 5, node_id{1}}));
  static_assert(!(event == lease_event{lease_change::gained, lease_reason::expired, 5, node_id{2}}));
}
