// SPDX-License-Identifier: BSL-1.0

// isat-speaker: ties the parts together. Command line -> file -> options -> what was asked for; a failure anywhere ends
// here, as one sentence and an exit code.

#include "command_line.hpp"
#include "config_file.hpp"
#include "dry_run.hpp"
#include "failure.hpp"
#include "help.hpp"
#include "isat/version.hpp"
#include "manifest.hpp"
#include "options.hpp"
#include "print_config.hpp"
#include "privileges.hpp"
#include "run.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>

namespace speakerd {

namespace {

exit_code print(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!written) throw failure{exit_code::os, "cannot write to standard output"};
  return exit_code::ok;
}

std::string check_report(const options& valid) {
  return fmt::format("configuration is valid: {}, {}\n", counted(valid.interfaces.size(), "interface pattern"),
                     valid.vips_text());
}

exit_code act(const command_line& asked) {
  if (asked.what == action::help) return print(help_text());
  if (asked.what == action::version) return print(fmt::format("isat-speaker {}\n", isat::version));
  if (asked.what == action::manifest) return print(manifest());
  // The file is read with the rights of the caller and looked into without them.
  const std::string file = asked.config ? read_file(*asked.config) : std::string{};
  drop_privileges();
  const settings of_file = asked.config ? parse_config(file, *asked.config) : settings{};
  const options wanted = make_options(asked.config, of_file, asked.values);
  if (asked.what == action::check_config) return print(check_report(wanted));
  if (asked.what == action::print_config) return print(to_yaml(wanted));
  if (asked.what == action::dry_run) return print(dry_run(wanted));
  return run(wanted);
}

int complain(exit_code code, std::string_view sentence) noexcept {
  std::fprintf(stderr, "isat-speaker: %.*s\n", static_cast<int>(sentence.size()), sentence.data());
  return static_cast<int>(code);
}

}  // namespace

}  // namespace speakerd

int main(int argc, char** argv) {
  using namespace speakerd;
  try {
    return static_cast<int>(act(parse_command_line(argc, argv)));
  } catch (const failure& end) {
    return complain(end.code(), end.what());
  } catch (const std::system_error& end) {
    return complain(exit_code::os, end.what());
  } catch (const std::exception& end) {
    return complain(exit_code::software, std::string{"internal error, please report it: "} + end.what());
  } catch (...) {
    return complain(exit_code::software, "internal error, please report it");
  }
}
