// SPDX-License-Identifier: BSL-1.0

// isat-simulate: runs campaigns of simulated elections by hand.

#include "campaign.hpp"
#include "command_line.hpp"
#include "mutant.hpp"
#include "report.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>

namespace simulator {

namespace {

constexpr int violated = 1;
constexpr int wrong_usage = 64;
constexpr int our_bug = 70;

volatile std::sig_atomic_t stop_asked = 0;

bool is_interrupted() { return stop_asked != 0; }

int run(const campaign_options& options) {
  std::signal(SIGINT, [](int) { stop_asked = 1; });
  const campaign_result result = run_campaign(options, is_interrupted);
  print_result(result, options);
  return result.failed != 0 ? violated : 0;
}

void list_mutants() {
  for (const mutant_entry& each : mutants()) fmt::print("{:<30} {:>4}  {}\n", each.name, each.seeds, each.says);
}

int act(const command_line& asked) {
  switch (asked.what) {
    case action::help:
      fmt::print("{}", help_text());
      return 0;
    case action::list_mutants:
      list_mutants();
      return 0;
    case action::report:
      print_report(asked.options.seed, 1000);
      return 0;
    case action::run:
    case action::none:
      break;
  }
  return run(asked.options);
}

}  // namespace

}  // namespace simulator

int main(int argc, char** argv) {
  try {
    return simulator::act(simulator::parse_command_line(argc, argv));
  } catch (const simulator::usage_error& wrong) {
    std::fprintf(stderr, "isat-simulate: %s\n", wrong.what());
    return simulator::wrong_usage;
  } catch (const std::exception& bug) {
    std::fprintf(stderr, "isat-simulate: internal error, please report it: %s\n", bug.what());
    return simulator::our_bug;
  }
}
