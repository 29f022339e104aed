// SPDX-License-Identifier: BSL-1.0

#include "duration_text.hpp"
#include "text.hpp"
#include "timing_choice.hpp"
#include "words.hpp"

#include <fmt/format.h>

#include <array>
#include <string>

namespace speakerd {

namespace {

using isat::election::lease_timing;
using std::chrono::nanoseconds;

constexpr std::array<std::string_view, 3> profile_words{"default", "fast", "lean"};

nanoseconds parse_lease_duration(const setting& value) {
  const nanoseconds read = parse_duration(value);
  if (read >= lease_timing::duration_min && read <= lease_timing::duration_max) return read;
  value.from.refuse(fmt::format("{} is no lease duration, which is from {} to {}", quoted(value.text),
                                to_text(lease_timing::duration_min), to_text(lease_timing::duration_max)));
}

/// A period or time-out, which cannot be longer than the longest lease either.
nanoseconds parse_step(const setting& value) {
  const nanoseconds read = parse_duration(value);
  if (read.count() == 0) value.from.refuse(quoted(value.text) + " is zero, it must be longer");
  if (read <= lease_timing::duration_max) return read;
  value.from.refuse(
      fmt::format("{} is longer than {}, the longest lease", quoted(value.text), to_text(lease_timing::duration_max)));
}

/// `--renew-period 750ms`, with the dashes if it counts as a value of the command line.
std::string named(std::string_view name, nanoseconds value, exit_code code) {
  return fmt::format("{}{} {}", code == exit_code::usage ? "--" : "", name, to_text(value));
}

/// `1s less 1 % and 20ms leaves 970ms, but one renewal and two attempts need 2.15s`.
std::string calculation(const lease_timing& of) {
  constexpr double ppm_per_percent = 10'000;
  return fmt::format("{} less {:g} % and {} leaves {}, but one renewal and two attempts need {}", to_text(of.duration),
                     static_cast<double>(of.drift_ppm) / ppm_per_percent, to_text(of.margin), to_text(of.validity()),
                     to_text(of.needed()));
}

}  // namespace

std::string_view to_string(timing_profile profile) noexcept { return profile_words[index_of(profile)]; }

lease_timing timing_of(timing_profile profile) noexcept {
  switch (profile) {
    case timing_profile::standard:
      return isat::election::profiles::standard;
    case timing_profile::fast:
      return isat::election::profiles::fast;
    case timing_profile::lean:
      return isat::election::profiles::lean;
  }
  return {};
}

void timing_choice::add(const settings& layer) {
  for (const auto& [name, values] : layer) {
    const setting& value = values.front();
    if (name == "profile") profile_ = {parse_enum<timing_profile>(value, profile_words), value.from};
    if (name == "lease-duration") lease_duration_ = {parse_lease_duration(value), value.from};
    if (name == "renew-period") renew_period_ = {parse_step(value), value.from};
    if (name == "attempt-timeout") attempt_timeout_ = {parse_step(value), value.from};
  }
}

lease_timing timing_choice::timing() const {
  lease_timing sum = lease_duration_ ? lease_timing::derived_from(lease_duration_->value) : timing_of(profile());
  if (renew_period_) sum.renew_period = renew_period_->value;
  if (attempt_timeout_) sum.attempt_timeout = attempt_timeout_->value;
  if (!sum.is_sound()) refuse(sum);
  return sum;
}

/// The place of the first value of the file that counts in the sum, or nullptr.
const origin* timing_choice::origin_in_file() const noexcept {
  const auto in_file = [](const auto& value) { return value && value->from.code == exit_code::configuration; };
  if (in_file(lease_duration_)) return &lease_duration_->from;
  if (in_file(renew_period_)) return &renew_period_->from;
  if (in_file(attempt_timeout_)) return &attempt_timeout_->from;
  return !lease_duration_ && in_file(profile_) ? &profile_->from : nullptr;
}

void timing_choice::refuse(const lease_timing& unsound) const {
  const origin* const in_file = origin_in_file();
  const exit_code code = in_file != nullptr ? in_file->code : exit_code::usage;
  const std::string otherwise =
      lease_duration_ ? " (a quarter)" : fmt::format(" (of profile {})", to_string(profile()));
  const auto shown = [&](std::string_view name, nanoseconds value, const given_duration& said) {
    return said ? named(name, value, said->from.code) : named(name, value, code) + otherwise;
  };
  const std::string sentence =
      fmt::format("{} is too short for {} and {}: {}", shown("lease-duration", unsound.duration, lease_duration_),
                  shown("renew-period", unsound.renew_period, renew_period_),
                  shown("attempt-timeout", unsound.attempt_timeout, attempt_timeout_), calculation(unsound));
  if (in_file != nullptr) in_file->refuse(sentence);
  throw failure{code, sentence};
}

}  // namespace speakerd
