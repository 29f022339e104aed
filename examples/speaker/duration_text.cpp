// SPDX-License-Identifier: BSL-1.0

#include "duration_text.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <string_view>
#include <system_error>

namespace speakerd {

namespace {

struct unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};

/// The largest first.
constexpr std::array<unit, 6> units{{
    {"h", 3'600'000'000'000},
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
    {"us", 1'000},
    {"ns", 1},
}};

constexpr std::uint64_t longest = std::numeric_limits<std::int64_t>::max();

/// No fraction of a unit above that is whole in nanoseconds has more digits, not counting zeros at its end.
constexpr std::size_t fraction_digits_max = 13;

/// Longer texts are no durations that anyone would write, and a message repeats the text.
constexpr std::size_t text_max = 40;

constexpr std::string_view digits = "0123456789";

/// A duration cut into its parts; each may be wrong still.
struct parts {
  std::string_view whole;
  std::string_view fraction;  ///< without zeros at its end
  std::string_view unit;
};

std::string_view take_digits(std::string_view& text) {
  const std::string_view taken = text.substr(0, std::min(text.find_first_not_of(digits), text.size()));
  text.remove_prefix(taken.size());
  return taken;
}

/// The parts of `text`, or nothing when no number begins it.
std::optional<parts> split(std::string_view text) {
  if (text.size() > text_max) return std::nullopt;
  parts result;
  result.whole = take_digits(text);
  const bool padded = result.whole.size() > 1 && result.whole.front() == '0';
  if (result.whole.empty() || padded) return std::nullopt;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    result.fraction = take_digits(text);
    if (result.fraction.empty()) return std::nullopt;
    result.fraction = result.fraction.substr(0, result.fraction.find_last_not_of('0') + 1);
  }
  result.unit = text;
  return result;
}

/// The number that `text` is, all digits; nothing when it is too large.
std::optional<std::uint64_t> number_of(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const std::from_chars_result read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc{} ? std::optional{number} : std::nullopt;
}

/// The nanoseconds that a fraction of a unit has; nothing unless they are a whole number.
std::optional<std::uint64_t> nanoseconds_of(std::string_view fraction, const unit& of) noexcept {
  if (fraction.empty()) return 0;
  if (fraction.size() > fraction_digits_max) return std::nullopt;
  std::uint64_t scale = 1;
  for (std::size_t digit = 0; digit < fraction.size(); ++digit) scale *= 10;
  const std::uint64_t common = std::gcd(scale, of.nanoseconds);  // divided out, so that no product overflows
  const std::uint64_t numerator = number_of(fraction).value_or(0);
  if (numerator % (scale / common) != 0) return std::nullopt;
  return numerator / (scale / common) * (of.nanoseconds / common);
}

const unit& find_unit(std::string_view name, const setting& value) {
  if (name.empty()) value.from.refuse(fmt::format("{} has no unit, write {}s", quoted(value.text), value.text));
  const auto found = std::find_if(units.begin(), units.end(), [&](const unit& known) { return known.name == name; });
  if (found != units.end()) return *found;
  value.from.refuse(
      fmt::format("{} ends in no unit that is known, which are ns, us, ms, s, m and h", quoted(value.text)));
}

/// `duration` in `in`, or nothing if that would take more than a fraction behind a digit other than zero.
std::optional<std::string> text_in(std::uint64_t duration, const unit& in) {
  if (duration < in.nanoseconds) return std::nullopt;
  std::string fraction;
  std::uint64_t rest = duration % in.nanoseconds;
  while (rest != 0 && fraction.size() < fraction_digits_max) {
    rest *= 10;
    fraction += static_cast<char>('0' + rest / in.nanoseconds);
    rest %= in.nanoseconds;
  }
  if (rest != 0) return std::nullopt;
  return fmt::format("{}{}{}{}", duration / in.nanoseconds, fraction.empty() ? "" : ".", fraction, in.name);
}

}  // namespace

std::chrono::nanoseconds parse_duration(const setting& value) {
  const std::string_view text = value.text;
  if (text.starts_with('-') && split(text.substr(1))) value.from.refuse(quoted(text) + " is negative");
  const std::optional<parts> read = split(text);
  if (!read) value.from.refuse(quoted(text) + " is no duration such as 3s, 1.5s or 750ms");
  const unit& of = find_unit(read->unit, value);
  const std::optional<std::uint64_t> fraction = nanoseconds_of(read->fraction, of);
  if (!fraction) value.from.refuse(quoted(text) + " is no whole number of nanoseconds");
  const std::optional<std::uint64_t> whole = number_of(read->whole);
  if (!whole || *whole > (longest - *fraction) / of.nanoseconds) {
    value.from.refuse(quoted(text) + " is too long, more than 292 years");
  }
  return std::chrono::nanoseconds{static_cast<std::int64_t>(*whole * of.nanoseconds + *fraction)};
}

std::string to_text(std::chrono::nanoseconds duration) {
  if (duration.count() == 0) return "0s";
  std::string shortest;
  for (const unit& in : units) {
    const std::optional<std::string> text = text_in(static_cast<std::uint64_t>(duration.count()), in);
    if (text && (shortest.empty() || text->size() < shortest.size())) shortest = *text;
  }
  return shortest;
}

}  // namespace speakerd
