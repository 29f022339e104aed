// SPDX-License-Identifier: BSL-1.0

#include "command_line.hpp"
#include "option_table.hpp"
#include "suggestion.hpp"
#include "text.hpp"

#include <boost/program_options/errors.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include <span>
#include <vector>

namespace speakerd {

namespace {

namespace po = boost::program_options;

[[noreturn]] void refuse(const std::string& sentence) { throw failure{exit_code::usage, sentence}; }

po::options_description describe() {
  po::options_description description;
  for (const option& known : option_table) {
    const std::string names =
        known.letter.empty() ? std::string{known.name} : fmt::format("{},{}", known.name, known.letter);
    description.add_options()(names.c_str(), new po::untyped_value{!known.takes_value()}, "");
  }
  return description;
}

/// `--name` or `-n` without dashes and without what follows an equal sign.
std::string bare(const std::string& token) {
  const auto start = token.find_first_not_of('-');
  return start == std::string::npos ? std::string{} : token.substr(start, token.find('=') - start);
}

[[noreturn]] void refuse_unknown(const std::string& token) {
  const std::vector<std::string_view> names = option_names(false);
  const std::string hint = did_you_mean(bare(token), names, "--");
  refuse(fmt::format("unknown option {}{}", quoted(token), hint.empty() ? "; see --help" : hint));
}

[[noreturn]] void refuse_syntax(const po::invalid_command_line_syntax& error) {
  const std::string name = fmt::format("--{}", bare(error.get_option_name()));
  using syntax = po::invalid_command_line_syntax;
  if (error.kind() == syntax::extra_parameter) refuse(name + " takes no value");
  refuse(name + " needs a value");
}

/// Splits the arguments into options and their values, and turns the library's complaints into sentences of ours.
po::parsed_options parse(const std::vector<std::string>& arguments) {
  using namespace po::command_line_style;
  const po::options_description description = describe();
  try {
    return po::command_line_parser{arguments}.options(description).style(unix_style & ~allow_guessing).run();
  } catch (const po::unknown_option& error) {
    refuse_unknown(error.get_option_name());
  } catch (const po::invalid_command_line_syntax& error) {
    refuse_syntax(error);
  } catch (const po::error& error) {
    refuse(fmt::format("{}; see --help", escaped(error.what(), escape_style::hexadecimal)));
  }
}

action action_named(std::string_view name) {
  if (name == "check-config") return action::check_config;
  if (name == "print-config") return action::print_config;
  if (name == "dry-run") return action::dry_run;
  return name == "version" ? action::version : action::help;
}

/// --help wins over everything, --version over the rest, and the rest exclude each other.
void add_action(command_line& into, std::string& first, const std::string& name) {
  const action next = action_named(name);
  const bool both_inspect = into.what < action::version && next < action::version;
  if (both_inspect && into.what != action::run && into.what != next) {
    refuse(fmt::format("--{} and --{} exclude each other", first, name));
  }
  if (into.what == action::run || next > into.what) into.what = next;
  first = name;
}

/// `manifest` as the first word stands alone, or before --help.
command_line parse_manifest(std::span<const std::string> further) {
  if (further.empty()) return {.what = action::manifest, .config = {}, .values = {}};
  if (further.size() == 1 && further.front() == "--help") return {.what = action::help, .config = {}, .values = {}};
  refuse(fmt::format("manifest takes no options and no arguments, but there is {}", quoted(further.front())));
}

}  // namespace

command_line parse_command_line(int argc, const char* const* argv) {
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  if (!arguments.empty() && arguments.front() == "manifest") return parse_manifest(std::span{arguments}.subspan(1));
  command_line result;
  std::string first_action;
  for (const po::option& given : parse(arguments).options) {
    const option* known = find_option(given.string_key);
    if (known == nullptr) refuse(fmt::format("unexpected argument {}; see --help", quoted(given.value.at(0))));
    const origin from{exit_code::usage, fmt::format("--{}", known->name)};
    const std::string text = known->takes_value() ? given.value.at(0) : "true";
    if (known->kind == option_kind::file && text.empty()) refuse("--config needs the name of a file");
    std::vector<setting>& values = result.values[std::string{known->name}];
    if (known->takes_value() && known->kind != option_kind::list && !values.empty()) {
      refuse(fmt::format("--{} may be given only once", known->name));
    }
    values.push_back({text, from});
    if (known->kind == option_kind::action) add_action(result, first_action, given.string_key);
    if (known->kind == option_kind::file) result.config = text;
  }
  return result;
}

}  // namespace speakerd
