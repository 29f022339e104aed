// SPDX-License-Identifier: BSL-1.0

#include "duration_text.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>

using namespace speakerd;
using std::chrono::nanoseconds;

namespace {

nanoseconds read(const std::string& text) { return parse_duration({text, {exit_code::usage, "here"}}); }

/// The sentence with which `text` is refused; empty if it is not.
std::string refusal(const std::string& text) {
  try {
    read(text);
  } catch (const failure& refused) {
    CHECK(refused.code() == exit_code::usage);
    return refused.what();
  }
  return {};
}

constexpr nanoseconds longest{std::numeric_limits<nanoseconds::rep>::max()};

}  // namespace

TEST_CASE("a duration is a number and its unit, and whole in nanoseconds") {
  using namespace std::chrono_literals;
  struct row {
    std::string text;
    nanoseconds meant;
  };
  const std::array rows{
      row{"3s", 3s},
      row{"750ms", 750ms},
      row{"1.5s", 1500ms},
      row{"1m", 1min},
      row{"1h", 1h},
      row{"20us", 20us},
      row{"7ns", 7ns},
      row{"0s", 0s},
      row{"0.75s", 750ms},
      row{"1.500s", 1500ms},
      row{"1.00000000000000000000s", 1s},
      row{"0.000000001s", 1ns},
      row{"0.25m", 15s},
      row{"0.0000000000025h", 9ns},
      row{"9223372036854775807ns", longest},
      row{"9223372036.854775807s", longest},
      row{"2562047h", 2'562'047h},
  };
  for (const row& each : rows) {
    CAPTURE(each.text);
    CHECK(read(each.text) == each.meant);
  }
}

TEST_CASE("what is no duration is refused with one sentence that says why") {
  struct row {
    std::string text;
    std::string_view sentence;
  };
  const std::array rows{
      row{"3", "here: '3' has no unit, write 3s"},
      row{"0", "here: '0' has no unit, write 0s"},
      row{"1.5", "here: '1.5' has no unit, write 1.5s"},
      row{"3sec", "here: '3sec' ends in no unit that is known, which are ns, us, ms, s, m and h"},
      row{"3S", "here: '3S' ends in no unit that is known, which are ns, us, ms, s, m and h"},
      row{"3 s", "here: '3 s' ends in no unit that is known, which are ns, us, ms, s, m and h"},
      row{"3s ", "here: '3s ' ends in no unit that is known, which are ns, us, ms, s, m and h"},
      row{"1m30s", "here: '1m30s' ends in no unit that is known, which are ns, us, ms, s, m and h"},
      row{"1e3s", "here: '1e3s' ends in no unit that is known, which are ns, us, ms, s, m and h"},
      row{"1,5s", "here: '1,5s' ends in no unit that is known, which are ns, us, ms, s, m and h"},
      row{"1.5.5s", "here: '1.5.5s' ends in no unit that is known, which are ns, us, ms, s, m and h"},
      row{"-3s", "here: '-3s' is negative"},
      row{"-3", "here: '-3' is negative"},
      row{"--3s", "here: '--3s' is no duration such as 3s, 1.5s or 750ms"},
      row{"+3s", "here: '+3s' is no duration such as 3s, 1.5s or 750ms"},
      row{"", "here: '' is no duration such as 3s, 1.5s or 750ms"},
      row{"s", "here: 's' is no duration such as 3s, 1.5s or 750ms"},
      row{" 3s", "here: ' 3s' is no duration such as 3s, 1.5s or 750ms"},
      row{".5s", "here: '.5s' is no duration such as 3s, 1.5s or 750ms"},
      row{"5.s", "here: '5.s' is no duration such as 3s, 1.5s or 750ms"},
      row{"03s", "here: '03s' is no duration such as 3s, 1.5s or 750ms"},
      row{"soon", "here: 'soon' is no duration such as 3s, 1.5s or 750ms"},
      row{"0.5ns", "here: '0.5ns' is no whole number of nanoseconds"},
      row{"0.0000000001s", "here: '0.0000000001s' is no whole number of nanoseconds"},
      row{"0.00000000000025h", "here: '0.00000000000025h' is no whole number of nanoseconds"},
      row{"0.0000000000001h", "here: '0.0000000000001h' is no whole number of nanoseconds"},
      row{"9223372036854775808ns", "here: '9223372036854775808ns' is too long, more than 292 years"},
      row{"9223372036.854775808s", "here: '9223372036.854775808s' is too long, more than 292 years"},
      row{"2562048h", "here: '2562048h' is too long, more than 292 years"},
      row{"99999999999999999999s", "here: '99999999999999999999s' is too long, more than 292 years"},
  };
  for (const row& each : rows) {
    CAPTURE(each.text);
    CHECK(refusal(each.text) == each.sentence);
  }
  CHECK(refusal(std::string(100'000, '9')).size() < 200);
}

TEST_CASE("a duration is written in its shortest form") {
  using namespace std::chrono_literals;
  struct row {
    nanoseconds duration;
    std::string_view text;
  };
  const std::array rows{
      row{0s, "0s"},
      row{3s, "3s"},
      row{750ms, "750ms"},
      row{1500ms, "1.5s"},
      row{2150ms, "2.15s"},
      row{60s, "1m"},
      row{90s, "90s"},
      row{75s, "75s"},
      row{100s, "100s"},
      row{1h, "1h"},
      row{5400s, "90m"},
      row{1200ms, "1.2s"},
      row{1us, "1us"},
      row{1ns, "1ns"},
      row{700ms, "700ms"},
      row{1500us, "1.5ms"},
      row{longest, "9223372036.854775807s"},
  };
  for (const row& each : rows) {
    CAPTURE(each.text);
    CHECK(to_text(each.duration) == each.text);
  }
}

TEST_CASE("what is written is read as the same") {
  std::mt19937_64 random{20'261};
  for (int round = 0; round < 2'000; ++round) {
    // From a nanosecond to centuries, with zeros at the end as people have them.
    std::uint64_t zeros = 1;
    for (std::uint64_t digits = random() % 12; digits > 0; --digits) zeros *= 10;
    const std::uint64_t count = random() >> (1 + random() % 62);
    const nanoseconds duration{static_cast<nanoseconds::rep>(count < zeros ? count : count - count % zeros)};
    CAPTURE(duration.count());
    CHECK(read(to_text(duration)) == duration);
  }
}
