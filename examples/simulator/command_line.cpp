// SPDX-License-Identifier: BSL-1.0

#include "command_line.hpp"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <boost/program_options/variables_map.hpp>
#include <fmt/format.h>

#include <string>

namespace simulator {

namespace po = boost::program_options;

namespace {

constexpr std::string_view text = R"(Usage: isat-simulate [options]
Runs elections in simulated time, with everything going wrong that a network, a host or a store can do, and checks
after every event that what is guaranteed holds. One seed reproduces one run.

  --seed N             the first seed (default 1)
  --seeds COUNT        how many, one run each (default 100); 0: until interrupted
  --minutes M          simulated minutes of a run (default 30)
  --hours H            end after so many hours of real time
  --profile NAME       default, fast or lean; without it seeds take turns
  --mutant NAME        break one rule of the election, play its directed scenarios too, and end when it is caught
  --list-mutants       print all mutants, one a line: name, seeds within which each is caught, what it does
  --trace              print every event
  --report             print how long takeovers last, beside a rival, instead of looking for violations
  --help               print this

Exit codes: 0 no violation, 1 a violation was found, 64 wrong command line
)";

profile parse_profile(const std::string& name) {
  if (name == "default") return profile::standard;
  if (name == "fast") return profile::fast;
  if (name == "lean") return profile::lean;
  throw usage_error{fmt::format("--profile is default, fast or lean, not '{}'", name)};
}

mutant parse_mutant(const std::string& name) {
  const auto found = find_mutant(name);
  if (!found) throw usage_error{fmt::format("there is no mutant '{}'; see --list-mutants", name)};
  return *found;
}

/// @throws usage_error unless the value is a number from `least` on, small enough to be multiplied
std::uint64_t parse_number(const po::variables_map& given, const char* name, std::uint64_t otherwise,
                           std::uint64_t least, std::uint64_t most) {
  if (given.count(name) == 0) return otherwise;
  const std::string& digits = given[name].as<std::string>();
  const bool plain =
      !digits.empty() && digits.size() < 19 && digits.find_first_not_of("0123456789") == std::string::npos;
  const std::uint64_t value = plain ? std::stoull(digits) : 0;
  if (!plain || value < least || value > most) {
    throw usage_error{fmt::format("--{} is a number from {} to {}, not '{}'", name, least, most, digits)};
  }
  return value;
}

po::variables_map parse(int argc, const char* const* argv) {
  po::options_description known;
  for (const char* name : {"seed", "seeds", "minutes", "hours", "profile", "mutant"}) {
    known.add_options()(name, po::value<std::string>(), "");
  }
  for (const char* name : {"list-mutants", "trace", "report", "help"}) known.add_options()(name, "");
  using namespace po::command_line_style;
  const po::positional_options_description none;
  po::variables_map given;
  po::store(
      po::command_line_parser{argc, argv}.options(known).positional(none).style(unix_style & ~allow_guessing).run(),
      given);
  return given;
}

}  // namespace

command_line parse_command_line(int argc, const char* const* argv) {
  command_line result;
  try {
    const po::variables_map given = parse(argc, argv);
    constexpr std::uint64_t many = 1'000'000'000'000'000;
    campaign_options& options = result.options;
    options.seed = parse_number(given, "seed", options.seed, 0, many);
    options.seeds = parse_number(given, "seeds", options.seeds, 0, many);
    options.minutes = std::chrono::minutes{parse_number(given, "minutes", 30, 1, 1000)};
    options.hours = std::chrono::hours{parse_number(given, "hours", 0, 1, 10'000)};
    if (options.hours != std::chrono::hours{} && given.count("seeds") == 0) options.seeds = 0;
    if (given.count("profile") != 0) options.only = parse_profile(given["profile"].as<std::string>());
    if (given.count("mutant") != 0) options.broken = parse_mutant(given["mutant"].as<std::string>());
    options.trace = given.count("trace") != 0;
    if (given.count("report") != 0) result.what = action::report;
    if (given.count("list-mutants") != 0) result.what = action::list_mutants;
    if (given.count("help") != 0) result.what = action::help;
  } catch (const po::error& error) {
    throw usage_error{fmt::format("{}; see --help", error.what())};
  }
  return result;
}

std::string_view help_text() noexcept { return text; }

}  // namespace simulator
