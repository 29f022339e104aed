// SPDX-License-Identifier: BSL-1.0
#include "fake_api/micro_time.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

namespace isat::test::fake_api {

namespace {

/// What is left to be read, and the first thing that could not be.
class reader {
 public:
  explicit reader(std::string_view text) : rest_{text} {}

  /// Exactly so many digits. @param layout what Go calls this part
  int number(std::size_t digits, std::string_view layout) {
    if (failed()) return 0;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (i >= rest_.size() || rest_[i] < '0' || rest_[i] > '9') return fail(layout), 0;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }

  void literal(char wanted) {
    if (failed()) return;
    if (rest_.empty() || rest_.front() != wanted) return fail(std::string_view{&wanted, 1});
    rest_.remove_prefix(1);
  }

  /// Z, +HH:MM or -HH:MM.
  std::chrono::minutes zone() {
    if (failed()) return {};
    const auto whole = rest_;
    if (whole == "Z") return rest_ = {}, std::chrono::minutes{};
    const bool west = !whole.empty() && whole.front() == '-';
    if (whole.size() != 6 || (!west && whole.front() != '+') || whole[3] != ':')
      return fail("Z07:00"), std::chrono::minutes{};
    rest_.remove_prefix(1);
    const int hours = number(2, "Z07:00");
    rest_.remove_prefix(1);
    const int minutes = number(2, "Z07:00");
    const std::chrono::minutes offset{hours * 60 + minutes};
    return west ? -offset : offset;
  }

  /// A dot and six digits, as one part.
  int fraction() {
    if (failed()) return 0;
    const auto whole = rest_;
    literal('.');
    const int value = number(6, ".000000");
    if (failed()) where_ = whole, layout_ = ".000000";
    return value;
  }

  bool failed() const noexcept { return layout_.has_value(); }
  std::string_view where() const noexcept { return where_; }
  std::string_view layout() const { return *layout_; }

 private:
  void fail(std::string_view layout) {
    if (!failed()) where_ = rest_, layout_ = std::string{layout};
  }

  std::string_view rest_;
  std::string_view where_;
  std::optional<std::string> layout_;
};

}  // namespace

micro_time read_micro_time(std::string_view text) {
  reader from{text};
  const int year = from.number(4, "2006");
  from.literal('-');
  const int month = from.number(2, "01");
  from.literal('-');
  const int day = from.number(2, "02");
  from.literal('T');
  const int hour = from.number(2, "15");
  from.literal(':');
  const int minute = from.number(2, "04");
  from.literal(':');
  const int second = from.number(2, "05");
  const int fraction = from.fraction();
  const auto offset = from.zone();
  if (from.failed()) {
    return {{},
            fmt::format("parsing time \"{}\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"{}\" as \"{}\"",
                        text, from.where(), from.layout())};
  }
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) {
    return {{}, fmt::format("parsing time \"{}\": day out of range", text)};
  }
  const auto utc = sys_days{date} + hours{hour} + minutes{minute} + seconds{second} - offset;
  const auto midnight = floor<days>(utc);
  const year_month_day then{midnight};
  const hh_mm_ss clock{duration_cast<seconds>(utc - midnight)};
  return {fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(then.year()),
                      static_cast<unsigned>(then.month()), static_cast<unsigned>(then.day()), clock.hours().count(),
                      clock.minutes().count(), clock.seconds().count(), fraction),
          {}};
}

}  // namespace isat::test::fake_api
