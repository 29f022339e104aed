// SPDX-License-Identifier: BSL-1.0

#include "isat/election/lease_timing.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>

namespace {

using namespace std::chrono_literals;
using isat::election::lease_timing;
namespace profiles = isat::election::profiles;

}  // namespace

TEST_CASE("the validity is the duration less the drift and the margin") {
  static_assert(profiles::standard.validity() == 2950ms);
  static_assert(profiles::fast.validity() == 1168ms);
  static_assert(profiles::lean.validity() == 14'830ms);
  static_assert(profiles::standard.validity_of(1s) == 970ms);
  static_assert(lease_timing{.margin = 0ms, .drift_ppm = 0}.validity() == 3s);
}

TEST_CASE("a validity is always shorter than what others wait, by more than two clocks drift apart") {
  for (const lease_timing& each : {profiles::standard, profiles::fast, profiles::lean}) {
    CHECK(each.validity() < each.duration * 991 / 1000);
  }
}

TEST_CASE("a timing is sound if its validity covers one period and two attempts, and all its values are in range") {
  struct row {
    const char* name;
    lease_timing timing;
    bool sound;
  };
  const auto with = [](auto change) {
    lease_timing result;
    change(result);
    return result;
  };
  for (const row& each : {
           row{"the default", {}, true},
           row{"just enough", with([](auto& t) { t.renew_period = 2950ms - 1400ms; }), true},
           row{"a nanosecond short", with([](auto& t) { t.renew_period = 2950ms - 1400ms + 1ns; }), false},
           row{"attempts too long", with([](auto& t) { t.attempt_timeout = 1101ms; }), false},
           row{"no period", with([](auto& t) { t.renew_period = 0ns; }), false},
           row{"a negative period", with([](auto& t) { t.renew_period = -1s; }), false},
           row{"no attempt", with([](auto& t) { t.attempt_timeout = 0ns; }), false},
           row{"a negative margin", with([](auto& t) { t.margin = -1ns; }), false},
           row{"a negative drift", with([](auto& t) { t.drift_ppm = -1; }), false},
           row{"a margin that eats all", with([](auto& t) { t.margin = 3s; }), false},
           row{"a drift that eats all", with([](auto& t) { t.drift_ppm = 1'000'000; }), false},
           row{"no duration", with([](auto& t) { t.duration = 0ns; }), false},
           row{"the shortest", lease_timing::derived_from(100ms), true},
           row{"shorter than the shortest", lease_timing::derived_from(100ms - 1ns), false},
           row{"the longest", lease_timing::derived_from(1h), true},
           row{"longer than the longest", lease_timing::derived_from(1h + 1ns), false},
       }) {
    CAPTURE(each.name);
    CHECK(each.timing.is_sound() == each.sound);
  }
}

TEST_CASE("a derived timing renews and attempts in a quarter of the duration each") {
  constexpr lease_timing derived = lease_timing::derived_from(2s);
  static_assert(derived.duration == 2s && derived.renew_period == 500ms && derived.attempt_timeout == 500ms);
  static_assert(derived.margin == 20ms && derived.drift_ppm == 10'000);
}

TEST_CASE("a timing that is sound for another duration keeps its period and time-out, else they are derived") {
  constexpr lease_timing kept = profiles::standard.fitted_to(10s);
  static_assert(kept.duration == 10s && kept.renew_period == 750ms && kept.attempt_timeout == 700ms);
  constexpr lease_timing derived = profiles::lean.fitted_to(3s);
  static_assert(derived.duration == 3s && derived.renew_period == 750ms && derived.attempt_timeout == 750ms);
  constexpr lease_timing careful = lease_timing{.margin = 50ms}.fitted_to(1s);
  static_assert(careful.margin == 50ms && careful.renew_period == 250ms);
}

TEST_CASE("whatever duration a layout sets, a profile fitted to it is sound") {
  for (auto lasting = lease_timing::duration_min; lasting <= lease_timing::duration_max; lasting = lasting * 11 / 10) {
    for (const lease_timing& each : {profiles::standard, profiles::fast, profiles::lean}) {
      REQUIRE(each.fitted_to(lasting).is_sound());
      REQUIRE(each.fitted_to(lasting).duration == lasting);
    }
  }
}
