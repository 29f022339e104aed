// SPDX-License-Identifier: BSL-1.0

#include "timing_choice.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace speakerd;
using isat::election::lease_timing;
using std::chrono::nanoseconds;

namespace {

using pairs = std::vector<std::pair<std::string, std::string>>;

settings layer_of(const pairs& values, exit_code code) {
  settings layer;
  for (const auto& [name, text] : values) {
    layer[name] = {{text, {code, code == exit_code::usage ? "--" + name : "f:1:" + std::to_string(name.size())}}};
  }
  return layer;
}

timing_choice choose(const pairs& file, const pairs& command_line) {
  timing_choice choice;
  choice.add(layer_of(file, exit_code::configuration));
  choice.add(layer_of(command_line, exit_code::usage));
  return choice;
}

/// What a choice is refused by.
struct refusal {
  exit_code code;
  std::string sentence;
};

refusal refusal_of(const pairs& file, const pairs& command_line) {
  try {
    static_cast<void>(choose(file, command_line).timing());
  } catch (const failure& refused) {
    return {refused.code(), refused.what()};
  }
  return {exit_code::ok, ""};
}

/// A choice that is refused.
struct refused_row {
  std::string_view name;
  pairs file;
  pairs command_line;
  refusal meant;
};

void check(std::span<const refused_row> rows) {
  for (const refused_row& each : rows) {
    CAPTURE(each.name);
    const refusal refused = refusal_of(each.file, each.command_line);
    CHECK(refused.code == each.meant.code);
    CHECK(refused.sentence == each.meant.sentence);
  }
}

lease_timing timing(nanoseconds duration, nanoseconds renew_period, nanoseconds attempt_timeout) {
  lease_timing made;
  made.duration = duration;
  made.renew_period = renew_period;
  made.attempt_timeout = attempt_timeout;
  return made;
}

}  // namespace

TEST_CASE("a value is the command line's, else the file's, else a quarter of the lease, else the profile's") {
  using namespace std::chrono_literals;
  struct row {
    std::string_view name;
    pairs file;
    pairs command_line;
    lease_timing meant;
  };
  const std::array rows{
      row{"nothing is said", {}, {}, timing(3s, 750ms, 700ms)},
      row{"the default profile", {}, {{"profile", "default"}}, timing(3s, 750ms, 700ms)},
      row{"the fast profile", {}, {{"profile", "fast"}}, timing(1200ms, 300ms, 300ms)},
      row{"the lean profile", {{"profile", "lean"}}, {}, timing(15s, 5s, 3s)},
      row{"the profile of the command line",
          {{"profile", "lean"}},
          {{"profile", "fast"}},
          timing(1200ms, 300ms, 300ms)},
      row{"a lease duration alone", {}, {{"lease-duration", "8s"}}, timing(8s, 2s, 2s)},
      row{"the shortest lease", {}, {{"lease-duration", "100ms"}}, timing(100ms, 25ms, 25ms)},
      row{"the longest lease", {}, {{"lease-duration", "1h"}}, timing(1h, 15min, 15min)},
      row{"a lease duration wins over a profile, also over a later one",
          {{"lease-duration", "8s"}},
          {{"profile", "fast"}},
          timing(8s, 2s, 2s)},
      row{"a period alone", {}, {{"renew-period", "1s"}}, timing(3s, 1s, 700ms)},
      row{"a time-out alone", {{"profile", "lean"}}, {{"attempt-timeout", "1s"}}, timing(15s, 5s, 1s)},
      row{"a lease duration and a period", {}, {{"lease-duration", "8s"}, {"renew-period", "1s"}}, timing(8s, 1s, 2s)},
      row{"all, from both sides",
          {{"lease-duration", "9s"}, {"renew-period", "1s"}, {"attempt-timeout", "2s"}},
          {{"lease-duration", "8s"}, {"attempt-timeout", "1s"}},
          timing(8s, 1s, 1s)},
      row{"the last that fits",
          {},
          {{"lease-duration", "1s"}, {"renew-period", "370ms"}, {"attempt-timeout", "300ms"}},
          timing(1s, 370ms, 300ms)},
  };
  for (const row& each : rows) {
    CAPTURE(each.name);
    CHECK(choose(each.file, each.command_line).timing() == each.meant);
  }
}

TEST_CASE("a sum of the command line that is not sound is refused with its numbers") {
  check(std::array{
      refused_row{
          "all on the command line",
          {},
          {{"lease-duration", "1s"}, {"renew-period", "750ms"}, {"attempt-timeout", "700ms"}},
          {exit_code::usage,
           "--lease-duration 1s is too short for --renew-period 750ms and --attempt-timeout 700ms: 1s less 1 % and "
           "20ms "
           "leaves 970ms, but one renewal and two attempts need 2.15s"}},
      refused_row{
          "the first that does not fit",
          {},
          {{"lease-duration", "1s"}, {"renew-period", "370ms"}, {"attempt-timeout", "300000001ns"}},
          {exit_code::usage,
           "--lease-duration 1s is too short for --renew-period 370ms and --attempt-timeout 300000001ns: 1s less 1 % "
           "and 20ms leaves 970ms, but one renewal and two attempts need 970000002ns"}},
      refused_row{
          "one value beside the default profile",
          {},
          {{"attempt-timeout", "2s"}},
          {exit_code::usage,
           "--lease-duration 3s (of profile default) is too short for --renew-period 750ms (of profile default) and "
           "--attempt-timeout 2s: 3s less 1 % and 20ms leaves 2.95s, but one renewal and two attempts need 4.75s"}},
      refused_row{
          "one value beside a quarter",
          {},
          {{"lease-duration", "2s"}, {"renew-period", "1s"}},
          {exit_code::usage,
           "--lease-duration 2s is too short for --renew-period 1s and --attempt-timeout 500ms (a quarter): 2s less 1 "
           "% "
           "and 20ms leaves 1.96s, but one renewal and two attempts need 2s"}},
  });
}

TEST_CASE("a sum that is not sound is refused at the file's value if there is one") {
  check(std::array{
      refused_row{
          "all in the file",
          {{"lease-duration", "1s"}, {"renew-period", "750ms"}, {"attempt-timeout", "700ms"}},
          {},
          {exit_code::configuration,
           "f:1:14: lease-duration 1s is too short for renew-period 750ms and attempt-timeout 700ms: 1s less 1 % and "
           "20ms leaves 970ms, but one renewal and two attempts need 2.15s"}},
      refused_row{
          "the lease on the command line",
          {{"renew-period", "750ms"}},
          {{"lease-duration", "1s"}},
          {exit_code::configuration,
           "f:1:12: --lease-duration 1s is too short for renew-period 750ms and attempt-timeout 250ms (a quarter): 1s "
           "less 1 % and 20ms leaves 970ms, but one renewal and two attempts need 1.25s"}},
      refused_row{
          "the time-out in the file",
          {{"attempt-timeout", "9s"}},
          {{"profile", "lean"}},
          {exit_code::configuration,
           "f:1:15: lease-duration 15s (of profile lean) is too short for renew-period 5s (of profile lean) and "
           "attempt-timeout 9s: 15s less 1 % and 20ms leaves 14.83s, but one renewal and two attempts need 23s"}},
      refused_row{
          "the profile in the file",
          {{"profile", "fast"}},
          {{"renew-period", "1s"}},
          {exit_code::configuration,
           "f:1:7: lease-duration 1.2s (of profile fast) is too short for --renew-period 1s and attempt-timeout 300ms "
           "(of profile fast): 1.2s less 1 % and 20ms leaves 1.168s, but one renewal and two attempts need 1.6s"}},
      refused_row{
          "a profile in the file that counts for nothing",
          {{"profile", "fast"}},
          {{"lease-duration", "1s"}, {"renew-period", "1s"}, {"attempt-timeout", "1s"}},
          {exit_code::usage,
           "--lease-duration 1s is too short for --renew-period 1s and --attempt-timeout 1s: 1s less 1 % and 20ms "
           "leaves 970ms, but one renewal and two attempts need 3s"}},
  });
}

TEST_CASE("each value is judged by itself, also when another replaces it") {
  struct row {
    std::string name;
    std::string text;
    std::string_view sentence;
  };
  const std::array rows{
      row{"lease-duration", "99ms", "f:1:14: '99ms' is no lease duration, which is from 100ms to 1h"},
      row{"lease-duration", "3600.000000001s",
          "f:1:14: '3600.000000001s' is no lease duration, which is from 100ms to 1h"},
      row{"lease-duration", "0s", "f:1:14: '0s' is no lease duration, which is from 100ms to 1h"},
      row{"lease-duration", "3", "f:1:14: '3' has no unit, write 3s"},
      row{"renew-period", "0ms", "f:1:12: '0ms' is zero, it must be longer"},
      row{"renew-period", "2h", "f:1:12: '2h' is longer than 1h, the longest lease"},
      row{"attempt-timeout", "0s", "f:1:15: '0s' is zero, it must be longer"},
      row{"attempt-timeout", "292y", "f:1:15: '292y' ends in no unit that is known, which are ns, us, ms, s, m and h"},
      row{"profile", "fsat", "f:1:7: 'fsat' is not one of default, fast, lean, did you mean 'fast'?"},
  };
  const pairs sound{{"profile", "fast"}, {"lease-duration", "8s"}, {"renew-period", "1s"}, {"attempt-timeout", "1s"}};
  for (const row& each : rows) {
    CAPTURE(each.text);
    const refusal refused = refusal_of({{each.name, each.text}}, sound);
    CHECK(refused.code == exit_code::configuration);
    CHECK(refused.sentence == each.sentence);
  }
}
